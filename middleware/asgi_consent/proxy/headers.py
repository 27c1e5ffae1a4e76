"""Headers on their way to the site behind us and back: pure functions of a header list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from asgi_consent.http.headers import get_all, list_members, without
from asgi_consent.proxy.hops import Hops, with_hops
from asgi_consent.proxy.origin import Origin
from asgi_consent.types import Headers

#: between two neighbours only: RFC 9110 section 7.6.1, and what is older than it
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate",
     b"proxy-authorization", b"proxy-authentication-info", b"te", b"trailer",
     b"transfer-encoding", b"upgrade", b"http2-settings")
)  # fmt: skip
#: our server has answered it already; a site that never does would keep us waiting
_EXPECT = b"expect"
_VIA = b"1.1 asgi-consent"
_MOST_LOOPS = 4
#: responses whose value is an address, or begins with one
_ADDRESSES = (b"location", b"content-location")
_WEBSOCKET = b"sec-websocket-"

_refresh_url = re.compile(rb"""(?i)(\s*+[\d.]*+\s*+[;,]\s*+(?:url\s*+=\s*+)?["']?)([^"']++)(.*+)""")
_domain = re.compile(rb"(?i);[ \t]*+domain[ \t]*+=[ \t]*+([^;]*+)")


@dataclass(frozen=True, slots=True)
class Mapping:
    """`upstream` is the site behind us. With `keep_host` it is asked under the name that visitors
    use, and then its own addresses are theirs; without, they are translated."""

    upstream: Origin
    keep_host: bool = False

    def to_site(self, headers: Headers, hops: Hops) -> Headers:
        kept = end_to_end(without(headers, {_EXPECT}))
        kept = with_hops(kept, hops)
        kept = [(name, value) for name, value in kept if not name.lower().startswith(_WEBSOCKET)]
        if not self.keep_host:
            public = f"{hops.scheme}://".encode() + hops.host
            kept = [(b"host", self.upstream.authority.encode()), *without(kept, {b"host"})]
            kept = [(name, self._as_own(name, value, public)) for name, value in kept]
        return [*kept, (b"via", _VIA)]

    def to_visitor(self, headers: Headers, hops: Hops) -> Headers:
        kept = end_to_end(headers)
        if get_all(headers, b"transfer-encoding"):
            kept = without(kept, {b"content-length"})
        if self.keep_host:
            return kept
        public = f"{hops.scheme}://{hops.host.decode('latin-1')}"
        return [(name, self._as_public(name.lower(), value, public)) for name, value in kept]

    def _as_own(self, name: bytes, value: bytes, public: bytes) -> bytes:
        """What the browser says of the page it asks from, so that a site can tell its own forms."""
        own = str(self.upstream).encode()
        if name.lower() == b"origin" and value == public:
            return own
        if name.lower() == b"referer" and (value + b"/").startswith(public + b"/"):
            return own + value[len(public) :]
        return value

    def _as_public(self, name: bytes, value: bytes, public: str) -> bytes:
        if name in _ADDRESSES:
            return self._address(value, public)
        if name == b"refresh" and (found := _refresh_url.fullmatch(value)):
            return found[1] + self._address(found[2], public) + found[3]
        if name == b"set-cookie":
            return self._cookie(value)
        return value

    def _address(self, value: bytes, public: str) -> bytes:
        path = self.upstream.path_of(value.decode("latin-1"))
        return value if path is None else (public + path).encode("latin-1")

    def _cookie(self, value: bytes) -> bytes:
        """A cookie for the site's host or the domain it is in becomes one for the host that the
        visitor uses: the narrowest that is right. Any other domain is left to the browser."""

        def mapped(match: re.Match[bytes]) -> bytes:
            domain = match[1].strip(b' \t"').removeprefix(b".").lower().decode("latin-1")
            host = self.upstream.host
            return b"" if host == domain or host.endswith("." + domain) else match[0]

        return _domain.sub(mapped, value)


def end_to_end(headers: Headers) -> Headers:
    """Without what is meant for the neighbour only, those that `Connection` names included."""
    named = {member for value in get_all(headers, b"connection") for member in list_members(value)}
    return without(headers, _HOP_BY_HOP | named)


def goes_round(headers: Headers) -> bool:
    """Whether the request has been here several times: the site's address leads to ourselves."""
    found = b",".join(get_all(headers, b"via"))
    return found.count(_VIA) >= _MOST_LOOPS
