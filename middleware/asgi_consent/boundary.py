"""The boundary: a Content-Security-Policy derived from what is declared and granted.

No script in the page can get around it, whatever it inserts, in whatever realm or worker: from
hosts that are not granted nothing is fetched. It gates hosts and nothing else, so inline code,
`eval`, `data:` and `blob:` stay as they are; a policy of the app's stands beside it unchanged.

The sources come from the same declarations that the rewriter asks (`Decision.url`), and never leave
out what that lets pass, but they are coarser: a policy knows no path that is a mere beginning, no
"all but this subdomain", and where `unknown_hosts = "allow"` it has nothing to say at all. Nor does
any policy stop what is no fetch: preconnects, WebRTC, prefetches by speculation rules, leaving the
page. Those the guard holds back, as far as a script can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from asgi_consent.catalog.domains import is_same_site, registrable_domain
from asgi_consent.catalog.patterns import HostPattern
from asgi_consent.catalog.services import Service
from asgi_consent.decision import Grants
from asgi_consent.http.csp import CSP, CSP_REPORT_ONLY
from asgi_consent.http.request import Request
from asgi_consent.policy import CspMode, Policy, UnknownHosts
from asgi_consent.types import Header

_ANY_CODE = "'unsafe-inline' 'unsafe-eval' data: blob:"
_PASSIVE = "; style-src * 'unsafe-inline' data: blob:" + "".join(
    f"; {kind}-src * data: blob:" for kind in ("img", "media", "font")
)
#: services of the catalogue that talk through WebSockets; of declared ones that is assumed
_TALKING = frozenset(("chat", "session-replay", "feature-flags", "push", "video"))

_is_source = re.compile(r"(\*\.)?[a-z0-9_.-]+").fullmatch


class Boundary:
    """Everything that does not depend on the visitor is worked out at start."""

    def __init__(self, policy: Policy, prefix: str) -> None:
        self._policy = policy
        self._report_to = prefix + "/report"
        report_only = policy.csp is CspMode.REPORT_ONLY
        self._name = CSP_REPORT_ONLY if report_only else CSP
        self._sources = {service.id: _sources(service) for service in policy.services.values()}
        # Bounded: clients name hosts as they like.
        self._policies = lru_cache(256)(self._write_all)

    @property
    def is_on(self) -> bool:
        policy = self._policy
        return policy.csp is not CspMode.OFF and policy.unknown_hosts is not UnknownHosts.ALLOW

    @property
    def enforces(self) -> bool:
        return self.is_on and self._name == CSP

    def header(self, request: Request, grants: Grants, room: int) -> Header | None:
        """The policy for a page, or None where it is longer than `room` bytes."""
        return self._header(request, self._policies(grants, request.host, request.secure)[0], room)

    def short_header(self, request: Request, grants: Grants, room: int) -> Header:
        """The same for what has no place for a policy but its headers. If it does not fit, a
        stricter one is taken: without undeclared services, then without any service."""
        policies = self._policies(grants, request.host, request.secure)
        for text in policies[:-1]:
            if header := self._header(request, text, room):
                return header
        return self._name, self._reporting(request, policies[-1])

    def meta(self, request: Request, grants: Grants) -> bytes:
        """The policy as an element, first in the head: for policies longer than proxies let headers
        be. It cannot report (CSP level 3, section 3.3)."""
        if self._name == CSP_REPORT_ONLY:
            return b""
        text = self._policies(grants, request.host, request.secure)[0]
        return b'<meta http-equiv="Content-Security-Policy" content="%s">' % text.encode("ascii")

    def _header(self, request: Request, text: str, room: int) -> Header | None:
        value = self._reporting(request, text)
        return (self._name, value) if len(self._name) + len(value) <= room else None

    def _reporting(self, request: Request, text: str) -> bytes:
        return f"{text}; report-uri {request.root}{self._report_to}".encode("ascii")

    def _write_all(self, grants: Grants, host: str, secure: bool) -> tuple[str, ...]:
        """From the most exact to the strictest."""
        granted = [service for service in self._policy.services.values() if grants.run(service)]
        declared = [service for service in granted if service.declared]
        return tuple(self._write(some, host, secure) for some in (granted, declared, []))

    def _write(self, services: Iterable[Service], host: str, secure: bool) -> str:
        own = self._own(host)
        hosts, talking = dict.fromkeys(own), dict.fromkeys(own)
        for service in services:
            sources = dict.fromkeys(self._sources[service.id])
            hosts |= sources
            if service.declared or service.kind in _TALKING:
                talking |= sources
        # A host alone lets no WebSocket through: schemes are compared, but for safer ones.
        sockets = (f"{'wss' if secure else 'ws'}://{source}" for source in talking)
        text = " ".join(("default-src 'self'", _ANY_CODE, *hosts, *sockets))
        return text + _PASSIVE if self._policy.unknown_hosts is UnknownHosts.GATE_ACTIVE else text

    def _own(self, host: str) -> list[str]:
        """The site's own hosts, at any port, as the rewriter counts them (`Policy.is_own`)."""
        domain = registrable_domain(host)
        below = [domain] if is_same_site("any." + domain, host) else []
        # A Host may hold an asterisk, which would stand for all of a public suffix.
        own = [] if "*" in host else [host, *below, *(f"*.{name}" for name in below)]
        for name in self._policy.own_hosts:
            own += (name, f"*.{name}")
        return [f"{name}:*" for name in dict.fromkeys(own) if _is_source(name)]


def _sources(service: Service) -> list[str]:
    """A path counts where it means the same in both worlds: as a folder. Ports are told apart by
    browsers and not by us; of services in the catalogue it is always the default one."""
    found = []
    for pattern in map(HostPattern.parse, service.hosts):
        if not pattern.host or not _is_source(pattern.host):  # "/path" is on the site's own host
            continue
        host = ("*." if pattern.subdomains else "") + pattern.host
        port = ":*" if service.declared else ""
        folder = pattern.path if pattern.path.endswith("/") and _is_plain(pattern.path) else ""
        found.append(host + port + folder)
    return found


_is_plain = re.compile(r"[A-Za-z0-9/._~-]*").fullmatch
