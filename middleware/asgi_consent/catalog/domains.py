"""Which hosts belong to one site: the registrable domain, by the public suffix list.

https://html.spec.whatwg.org/multipage/browsers.html#same-site
"""

from __future__ import annotations

from functools import cache, lru_cache
from ipaddress import ip_address

from publicsuffixlist import PublicSuffixList

LONGEST_HOST = 253  # characters, RFC 1035


@cache
def load_suffixes() -> PublicSuffixList:
    """The public suffix list, read once, which takes a tenth of a second."""
    return PublicSuffixList()


@lru_cache(maxsize=1024)
def is_ip(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _private_suffix(host: str) -> str | None:
    suffix = load_suffixes().privatesuffix(host)
    return str(suffix) if suffix else None


def registrable_domain(host: str) -> str:
    """`shop.example.co.uk` → `example.co.uk`; an IP address or a bare suffix is its own domain."""
    return host if is_ip(host) else _private_suffix(host) or host


def is_same_site(host: str, page_host: str) -> bool:
    """Whether both belong to one registrable domain. A host that is a public suffix itself, such
    as `localhost` or `github.io`, shares nothing with the hosts below it."""
    if host == page_host:
        return True
    domain = None if is_ip(page_host) else _private_suffix(page_host)
    return domain is not None and is_within(host, domain)


def is_public_suffix(host: str) -> bool:
    """Whether everybody can have names below `host`, as below `com` or `github.io`."""
    return load_suffixes().publicsuffix(host, accept_unknown=False) == host


def is_within(host: str, domain: str) -> bool:
    """Whether `host` is `domain` or one of its subdomains."""
    return host == domain or host.endswith("." + domain)


def parent_domains(host: str) -> tuple[str, ...]:
    """Every Domain a cookie of `host` may carry, itself first (RFC 6265 section 5.1.3)."""
    last = registrable_domain(host)
    if is_ip(host) or "." not in last:
        return (host,)
    domains = [host]
    while domains[-1] != last and "." in domains[-1]:
        domains.append(domains[-1].partition(".")[2])
    return tuple(domains)
