"""The rules that the guard in the page goes by: what is granted, and what must not pass.

The guard denies whatever no rule allows, as the server does, so the list of what is denied is only
sent where it overlaps with something allowed. It names no visitor: equal grants, equal rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from asgi_consent.banner.static_files import SCRIPTS
from asgi_consent.banner.vendors import gpp_script, vendors_script
from asgi_consent.catalog.domains import is_same_site, registrable_domain
from asgi_consent.catalog.patterns import HostPattern, patterns_of_cookies, patterns_of_storage
from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.decision import Grants
from asgi_consent.html.elements import FETCHING, PASSIVE, Value
from asgi_consent.policy import Policy, UnknownHosts

#: what the banner tries to see whether cookies are kept, and where it notes what was removed
PROBE, REMOVED = "asgi_consent_probe", "asgi_consent_removed"

_NECESSARY, _ALLOWED = 1, 2
_ALWAYS = _NECESSARY | _ALLOWED
_JUDGED = (Value.URL, Value.DOCUMENT, Value.SRCSET, Value.URLS, Value.MARKUP)


def _fetching() -> dict[str, list[str]]:
    """Attribute → elements that fetch by it: the rewriter's own table, as scripts see names."""
    found: dict[str, list[str]] = {}
    for element, kinds in FETCHING.items():
        name = {b"feimage": "feImage"}.get(element, element.decode())
        for attribute, kind in kinds.items():
            if kind in _JUDGED:
                found.setdefault(attribute.decode().removeprefix("xlink:"), []).append(name)
    return {attribute: sorted(set(names)) for attribute, names in found.items()}


_FETCHING = _fetching()


def parse_grants(key: str, policy: Policy) -> Grants:
    """The inverse of `Grants.key`; what the policy does not know is dropped."""
    names = key.split(",")
    return Grants(policy.categories_of(names), policy.services_among(names))


def guard_rules(policy: Policy, grants: Grants, page_host: str) -> dict[str, Any]:
    services = policy.services.values()
    allowed = [service for service in services if grants.allow(service)]
    tells_passive = policy.unknown_hosts is UnknownHosts.GATE_ACTIVE
    return {
        "own": [*_own_domain(page_host), *policy.own_hosts],
        "unknown": policy.unknown_hosts,
        "hosts": _hosts(policy, services, grants, page_host),
        "cookies": [[PROBE, _ALWAYS], *_names(patterns_of_cookies(services), grants)],
        "storage": [[REMOVED, _ALWAYS], *_names(patterns_of_storage(services), grants)],
        "grants": [NECESSARY, *sorted(grants.categories), *sorted(grants.services)],
        "granted_services": sorted(
            service.id for service in allowed if service.declared or service.id in grants.services
        ),
        "fetching": _FETCHING,
        "passive": sorted(name.decode() for name in PASSIVE) if tells_passive else [],
    }


def _names(patterns: Iterable[tuple[str, Service]], grants: Grants) -> list[list[Any]]:
    """[pattern, bits] of every allowed pattern, and of every denied one that an allowed one with a
    star would let through otherwise; sorted so that the first that matches counts, as in
    `NameIndex`: the longest literal beginning, declared before undeclared, allowed before denied.
    """
    found: dict[str, dict[bool, int]] = {}
    for pattern, service in patterns:
        bits = _ALLOWED * grants.allow(service) | _NECESSARY * (service.category == NECESSARY)
        by_declared = found.setdefault(pattern, {})
        by_declared[service.declared] = by_declared.get(service.declared, 0) | bits
    judged = {name: max(by_declared.items()) for name, by_declared in found.items()}
    starts = tuple(
        name.partition("*")[0] for name, (_, bits) in judged.items() if bits and "*" in name
    )

    def order(name: str) -> tuple[bool, int, bool, int, str]:
        prefix, star, _ = name.partition("*")
        declared, bits = judged[name]
        # Whole names are never in each other's way: their own order packs best.
        return bool(star), -len(prefix) if star else 0, bool(star) and not declared, -bits, name

    kept = (name for name, (_, bits) in judged.items() if bits or name.startswith(starts))
    return [[name, judged[name][1]] for name in sorted(kept, key=order)]


def guard_script(policy: Policy, grants: Grants, page_host: str) -> bytes:
    """The guard, and behind it what vendors' scripts are told."""
    rules = json.dumps(guard_rules(policy, grants, page_host), separators=(",", ":"))
    guard = SCRIPTS["guard.js"].body.replace(b"__CONSENT_RULES__", rules.encode("ascii"), 1)
    return guard + vendors_script(policy, grants) + gpp_script(policy, grants)


def _hosts(
    policy: Policy, services: Iterable[Service], grants: Grants, page_host: str
) -> dict[str, list[list[Any]]]:
    """Host → [subdomains only, path, allowed] of every pattern the guard must know; the first that
    matches counts, as in `HostIndex`."""
    found: dict[str, dict[tuple[bool, str], dict[bool, bool]]] = {}
    for service in services:
        for pattern in map(HostPattern.read, service.hosts):
            own = not pattern.host or policy.is_own(pattern.host, page_host)
            if own and not service.declared:
                continue
            by_declared = found.setdefault(pattern.host, {}).setdefault(
                (pattern.subdomains, pattern.path), {}
            )
            by_declared[service.declared] = by_declared.get(service.declared, False) or grants.run(
                service
            )
    hosts = {
        host: [
            [int(subdomains), path, int(max(by_declared.items())[1])]
            for (subdomains, path), by_declared in sorted(
                entries.items(), key=lambda entry: -len(entry[0][1])
            )
        ]
        for host, entries in sorted(found.items())
    }
    if policy.unknown_hosts is not UnknownHosts.GATE:
        return hosts
    allowed = {host for host, entries in hosts.items() if any(entry[2] for entry in entries)}
    return {
        host: entries
        for host, entries in hosts.items()
        if host in allowed
        or not host
        or policy.is_own(host, page_host)
        or any(parent in allowed for parent in _parents(host))
    }


def _own_domain(page_host: str) -> list[str]:
    """The domain whose hosts are all the site's own; the page's host itself always is."""
    domain = registrable_domain(page_host)
    return [domain] if is_same_site("any." + domain, page_host) else []


def _parents(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels))]
