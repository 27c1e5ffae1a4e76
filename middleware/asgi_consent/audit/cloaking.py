"""Hosts of the site's own domain that are somebody else's by a CNAME record."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from asgi_consent.audit.addresses import is_loopback_name
from asgi_consent.catalog.domains import is_ip, is_same_site

_MOST = 50


def cloaked(hosts: Iterable[str], site_host: str) -> dict[str, str]:
    """Host → the foreign name it stands for; without those that DNS tells nothing about."""
    found: dict[str, str] = {}
    for host in sorted(set(hosts))[:_MOST]:
        if host == site_host or is_ip(host) or is_loopback_name(host):
            continue
        try:
            canonical, aliases, _ = socket.gethostbyname_ex(host)
        except OSError:
            continue
        foreign = [name for name in (canonical, *aliases) if not is_same_site(name, site_host)]
        if foreign:
            found[host] = foreign[0]
    return found
