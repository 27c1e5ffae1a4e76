"""The rules that the guard in the page goes by: what is granted, and what must not pass.

The guard denies whatever no rule allows, as the server does, so the list of what is denied is only
sent where it overlaps with something allowed. It names no visitor: equal grants, equal rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from asgi_consent.banner.static_files import STATIC_FILES
from asgi_consent.banner.vendors import gpp_script, vendors_script
from asgi_consent.catalog.domains import is_same_site, registrable_domain
from asgi_consent.catalog.patterns import HostPattern, patterns_of_cookies, patterns_of_storage
from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.decision import Grants
from asgi_consent.policy import Policy, UnknownHosts


def parse_grants(key: str, policy: Policy) -> Grants:
    """The inverse of `Grants.key`; what the policy does not know is dropped."""
    names = key.split(",")
    return Grants(policy.categories_of(names), policy.services_among(names))


def guard_rules(policy: Policy, grants: Grants, page_host: str) -> dict[str, Any]:
    services = policy.services.values()
    allowed = [service for service in services if grants.allow(service)]
    return {
        "own": [*_own_domain(page_host), *policy.own_hosts],
        "unknown": policy.unknown_hosts,
        "hosts": _hosts(policy, services, grants, page_host),
        "cookies": _names(patterns_of_cookies(services), grants),
        "necessary": _names(patterns_of_cookies(services), Grants()),
        "storage": _names(patterns_of_storage(services), grants),
        "grants": [NECESSARY, *sorted(grants.categories), *sorted(grants.services)],
        "granted_services": sorted(
            service.id for service in allowed if service.declared or service.id in grants.services
        ),
    }


def _names(patterns: Iterable[tuple[str, Service]], grants: Grants) -> list[list[Any]]:
    """[pattern, weight] of every allowed pattern, and of every denied one that an allowed one with
    a star would let through otherwise. Of patterns with the longest literal beginning the heaviest
    counts: 3 declared and allowed, 2 declared and denied, 1 allowed, 0 denied."""
    found: dict[str, int] = {}
    for pattern, service in patterns:
        weight = 2 * service.declared + grants.allow(service)
        found[pattern] = max(found.get(pattern, 0), weight)
    starts = tuple(
        name.partition("*")[0] for name, weight in found.items() if weight % 2 and "*" in name
    )
    return [
        [name, weight]
        for name, weight in sorted(found.items())
        if weight % 2 or name.startswith(starts)
    ]


def guard_script(policy: Policy, grants: Grants, page_host: str) -> bytes:
    """The guard, and behind it what vendors' scripts are told."""
    rules = json.dumps(guard_rules(policy, grants, page_host), separators=(",", ":"))
    guard = STATIC_FILES["guard.js"].body.replace(b"__CONSENT_RULES__", rules.encode("ascii"), 1)
    return guard + vendors_script(policy, grants) + gpp_script(policy, grants)


def _hosts(
    policy: Policy, services: Iterable[Service], grants: Grants, page_host: str
) -> dict[str, list[list[Any]]]:
    """Host → [subdomains only, path, allowed] of every pattern the guard must know."""
    found: dict[str, list[list[Any]]] = {}
    for service in services:
        for pattern in map(HostPattern.read, service.hosts):
            own = not pattern.host or policy.is_own(pattern.host, page_host)
            if own and not service.declared:
                continue
            entry = [int(pattern.subdomains), pattern.path, int(grants.run(service))]
            entries = found.setdefault(pattern.host, [])
            if entry not in entries:
                entries.append(entry)
    if policy.unknown_hosts is not UnknownHosts.GATE:
        return found
    allowed = {host for host, entries in found.items() if any(entry[2] for entry in entries)}
    return {
        host: entries
        for host, entries in found.items()
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
