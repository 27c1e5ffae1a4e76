"""Which hosts belong to one site: the registrable domain, by the public suffix list.

https://html.spec.whatwg.org/multipage/browsers.html#same-site
"""

from __future__ import annotations

from functools import cache, lru_cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_ip(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def registrable_domain(host: str) -> str:
    """`shop.example.co.uk` → `example.co.uk`; an IP address or a bare suffix is its own domain."""
    if is_ip(host):
        return host
    return _suffixes().privatesuffix(host) or host


def is_within(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or one of its subdomains."""
    return host == domain or host.endswith("." + domain)


def parent_domains(host: str) -> tuple[str, ...]:
    """Every Domain a cookie of `host` may carry, itself first (RFC 6265 section 5.1.3)."""
    last = registrable_domain(host)
    if is_ip(host) or "." not in last:
        return (host,)
    domains = [host]
    while domains[-1] != last:
        domains.append(domains[-1].split(".", 1)[1])
    return tuple(domains)
