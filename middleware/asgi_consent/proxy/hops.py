"""Who really asks: `Forwarded` and `X-Forwarded-*`, from hops that are trusted and nobody else.

A proxy in front says for whom it asks, in headers that a visitor can send as well. They count as
far as they were written by addresses the operator named (RFC 7239 section 8.1); everything else is
dropped before anybody reads it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from asgi_consent.errors import ConsentError
from asgi_consent.http.headers import get_all, without
from asgi_consent.types import Headers, Scope

#: what tells of hops, in any spelling that a server behind us may read
_TELLING = frozenset(
    (b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"x-cluster-client-ip",
     b"x-original-url", b"x-rewrite-url", b"x-original-host", b"x-host")
)  # fmt: skip
_LONGEST = 16  # hops

_host = re.compile(r"[a-z0-9._\-:\[\]]{1,255}", re.IGNORECASE | re.ASCII).fullmatch
# A name is tried from its first character only, so that a long one is not read again from each.
_pairs = re.compile(
    r"""(?<![!#$%&'*+\-.^_`|~\w])([!#$%&'*+\-.^_`|~\w]++)="""
    r"""(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+))"""
).findall

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustError(ConsentError):
    """Whom to trust is no address and no network."""


@dataclass(frozen=True, slots=True)
class Hops:
    """The addresses a request came by, the visitor's first; how they asked for it."""

    addresses: tuple[str, ...]
    scheme: str
    host: bytes


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """`10.0.0.0/8`, `::1`. Raises TrustError."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text.strip()))
        except ValueError:
            raise TrustError(
                f"{text}: expected an address or a network, such as 10.0.0.0/8"
            ) from None
    return tuple(found)


def is_telling(name: bytes) -> bool:
    """Whether a header of this name, lower case, may tell somebody who asks."""
    name = name.replace(b"_", b"-")
    return name in _TELLING or name.startswith(b"x-forwarded")


def read_hops(scope: Scope, trusted: tuple[Network, ...]) -> Hops:
    """From the connection and, where its other end is trusted, from its headers."""
    headers: Headers = scope["headers"]
    peer = (scope.get("client") or ("",))[0]
    host = next(iter(get_all(headers, b"host")), b"")
    scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
    if not _is_within(peer, trusted):
        return Hops((peer,), scheme, host)
    claims = _claims(headers)
    addresses = [peer]
    for claim in reversed(claims):  # the last was written by the hop nearest to us
        if not _is_within(addresses[0], trusted) or len(addresses) >= _LONGEST:
            break
        scheme, host = claim.scheme or scheme, claim.host or host
        if not claim.address:
            break
        addresses.insert(0, claim.address)
    return Hops(tuple(addresses), scheme, host)


def without_hops(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if not is_telling(name.lower())]


def with_hops(headers: Headers, hops: Hops) -> Headers:
    """The headers for the site behind us, which trusts us, in both spellings."""
    told = [address for address in hops.addresses if address]
    members = [f"for={_quoted(address)}" for address in told] or ["for=unknown"]
    host = hops.host.decode("latin-1")
    members[0] += f';host="{host}";proto={hops.scheme}' if host else f";proto={hops.scheme}"
    added = [(b"forwarded", ", ".join(members).encode("latin-1"))]
    if told:
        added.append((b"x-forwarded-for", ", ".join(told).encode("latin-1")))
    added.append((b"x-forwarded-proto", hops.scheme.encode()))
    if host:
        added.append((b"x-forwarded-host", hops.host))
    return without_hops(headers) + added


def applied(scope: Scope, hops: Hops) -> Scope:
    """The request as the visitor made it: scheme, host and address of the first hop."""
    headers = without_hops(without(scope["headers"], {b"host"}))
    secure = hops.scheme == "https"
    schemes = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
    return {
        **scope,
        "headers": [(b"host", hops.host), *headers],
        "scheme": schemes[secure],
        "client": (hops.addresses[0], 0),
        "asgi_consent.hops": hops,
    }


# ---- what a hop says


@dataclass(frozen=True, slots=True)
class _Claim:
    address: str = ""
    scheme: str = ""
    host: bytes = b""


def _claims(headers: Headers) -> list[_Claim]:
    if forwarded := get_all(headers, b"forwarded"):
        members = b",".join(forwarded).decode("latin-1").split(",")
        return [_forwarded_claim(member) for member in members[-_LONGEST:]]
    fors = _members(headers, b"x-forwarded-for") or [""]
    # Where the other two are lists, the last member is the word of the hop nearest to us.
    scheme = next(reversed(_members(headers, b"x-forwarded-proto")), "")
    host = next(reversed(_members(headers, b"x-forwarded-host")), "")
    about = _Claim("", _scheme(scheme), _good_host(host))
    return [_Claim(_address(text), about.scheme, about.host) for text in fors[-_LONGEST:]]


def _forwarded_claim(member: str) -> _Claim:
    found = {name.lower(): quoted or plain for name, quoted, plain in _pairs(member)}
    return _Claim(
        _address(found.get("for", "")),
        _scheme(found.get("proto", "")),
        _good_host(found.get("host", "")),
    )


def _members(headers: Headers, name: bytes) -> list[str]:
    members = b",".join(get_all(headers, name)).decode("latin-1").split(",")
    return [member.strip(" \t") for member in members if member.strip(" \t")]


def _address(text: str) -> str:
    """An IP address without port, brackets and zone, which could be any text, or nothing."""
    text = text.strip('" ')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return ""


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in ("http", "https") else ""


def _good_host(text: str) -> bytes:
    return text.encode("ascii") if _host(text) else b""


def _quoted(address: str) -> str:
    return f'"[{address}]"' if ":" in address else address


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)
