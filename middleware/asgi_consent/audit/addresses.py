"""Which addresses a browser under audit may reach: the public ones, and private ones if allowed.

A page can name any host, and a host any address: so what counts is the address that a connection is
then made to, looked up once and pinned. https://www.iana.org/assignments/iana-ipv4-special-registry
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from asgi_consent.errors import ConsentError

_WEB_PORTS = frozenset((80, 443))
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class AddressError(ConsentError):
    """An address that is none, or that this run may not reach."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the Internet at large. Those that wrap another one
    (IPv4-mapped, 6to4, Teredo, NAT64) are as public as what they wrap."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = _wrapped(found)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):
        return IPv4Address(address.packed[12:])
    return None


def is_loopback_name(host: str) -> bool:
    """`localhost` and everything below it never leave this machine (RFC 6761 section 6.3)."""
    return host.rstrip(".").lower().rpartition(".")[2] == "localhost"


def pin(host: str, port: int, *, allow_private: bool, ports: frozenset[int]) -> str:
    """The one IP address to connect to for `host`. Raises AddressError, with why, if none may be.
    Blocks while the name is looked up.

    `ports` are those of the addresses the user named; others than the web's own are refused.
    """
    if not allow_private and port not in _WEB_PORTS | ports:
        raise AddressError(f"port {port} is not the web's; only --allow-private permits it")
    addresses = _look_up(host, port)
    if allow_private:
        return addresses[0]
    # One private address among public ones is how a rebinding name looks: then none is used.
    for address in addresses:
        if not is_public(address):
            raise AddressError(f"{host} is at {address}, a private address; see --allow-private")
    return addresses[0]


def _look_up(host: str, port: int) -> list[str]:
    host = host.strip("[]")
    if is_loopback_name(host):
        return ["127.0.0.1"]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressError(f"{host} does not resolve") from None
    return [str(entry[4][0]) for entry in found]


def read_site(url: str, *, allow_private: bool) -> SplitResult:
    """A page's address as the user wrote it, checked before a browser is started.

    Raises AddressError: not http(s), no host, or private while that is not allowed.
    """
    try:
        parts = urlsplit(url)
        readable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        readable = None
    if not readable or any(char.isspace() or not char.isprintable() for char in url):
        raise AddressError(f"{url!r}: expected an address such as https://www.example.com/")
    host = parts.hostname or ""
    try:
        port = port_of(parts)
        pin(host, port, allow_private=allow_private, ports=frozenset((port,)))
    except AddressError as error:
        raise AddressError(f"{url}: {error}") from None
    return parts._replace(path=parts.path or "/", fragment="")


def port_of(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)
