"""What a request says about itself, read once from the ASGI scope."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from urllib.parse import quote

from asgi_consent.catalog.urls import Base
from asgi_consent.http.cookies import cookie_pairs
from asgi_consent.languages import accepted_languages
from asgi_consent.types import Scope

_IN_PATH = "/~!$&'()*+,;=:@-._"  # RFC 3986 pchar, and the slash
_LONGEST_ADDRESS = 8 * 1024  # characters
_DOCUMENTS = (b"document", b"iframe", b"frame", b"embed", b"object", b"fencedframe")
_WORKERS = (b"worker", b"sharedworker", b"serviceworker")
#: headers of libraries that fetch pieces of HTML and put them into a page
_FRAGMENT_HEADERS = (b"hx-request", b"turbo-frame", b"x-up-version", b"x-pjax")


class Request:
    """`headers` are those of the scope, their names in lower case, as ASGI has them."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.headers = [
            (bytes(name).lower(), bytes(value)) for name, value in scope.get("headers") or ()
        ]
        self._first = dict(reversed(self.headers))
        #: the Cookie headers: HTTP/2 may split them over several
        self.cookie_headers = tuple(self.all(b"cookie"))
        self._root = str(scope.get("root_path") or "").rstrip("/")
        self.path = self._below_root(str(scope.get("path") or "/"))
        self.destination = self._destination()

    def header(self, name: bytes) -> bytes | None:
        """The first value, or None."""
        return self._first.get(name)

    def all(self, name: bytes) -> list[bytes]:
        if name not in self._first:
            return []
        return [value for key, value in self.headers if key == name]

    @property
    def cookies(self) -> Sequence[tuple[bytes, bytes]]:
        """Every (name, value)."""
        return _pairs_of(self.cookie_headers)

    def may_have_cookie(self, name: bytes) -> bool:
        """Whether a cookie of this name may have been sent: also in what is too long to be read."""
        return any(name in value for value in self.cookie_headers)

    @property
    def method(self) -> str:
        return str(self.scope.get("method", "GET"))

    @property
    def root(self) -> str:
        """Where the app is mounted, as it is written in an address."""
        return quote(self._root, safe=_IN_PATH)

    def _below_root(self, path: str) -> str:
        """The path below the mount point, which some frameworks include in `path` and some not."""
        if self._root and (path == self._root or path.startswith(self._root + "/")):
            return path[len(self._root) :] or "/"
        return path

    @property
    def secure(self) -> bool:
        return self.scope.get("scheme") in ("https", "wss")

    @cached_property
    def authority(self) -> str:
        """Host and port as the browser sent them."""
        host = self.header(b"host")
        return host.decode("latin-1").lower() if host else ""

    @property
    def host(self) -> str:
        host, colon, port = self.authority.rpartition(":")
        return (host if colon and port.isdigit() else self.authority).removesuffix(".")

    @property
    def base(self) -> Base:
        return Base("https" if self.secure else "http", self.host, self._root + self.path)

    @property
    def address(self) -> str:
        """Path and query as they are written in a URL, for coming back to this page."""
        query = self.scope.get("query_string") or b""
        address = quote(self._root + self.path, safe=_IN_PATH)
        address += "?" + query.decode("ascii", "ignore") if query else ""
        return address if len(address) <= _LONGEST_ADDRESS else self.root + "/"

    @cached_property
    def full_path(self) -> str:
        """The path as the browser wrote it, mount point included: what cookies' paths match."""
        raw = (self.scope.get("raw_path") or b"").partition(b"?")[0].decode("latin-1")
        written = raw if raw.startswith("/") else quote(self.path, safe=_IN_PATH)
        if not raw.startswith("/") or not (written + "/").startswith(self.root + "/"):
            written = self.root + written
        return written

    def _destination(self) -> bytes:
        """What for, in the words of https://fetch.spec.whatwg.org/#concept-request-destination"""
        destination = self.header(b"sec-fetch-dest") or b""
        # A service worker that passes a navigation on says "empty".
        navigates = self.header(b"sec-fetch-mode") == b"navigate"
        return b"document" if navigates and destination in (b"", b"empty") else destination

    @cached_property
    def is_fragment(self) -> bool:
        """Whether a script asks for a piece of a page, which gets no banner."""
        if any(self.header(name) is not None for name in _FRAGMENT_HEADERS):
            return True
        if (self.header(b"x-requested-with") or b"").lower() == b"xmlhttprequest":
            return True
        return self.destination not in (b"", *_DOCUMENTS)

    @property
    def is_framed(self) -> bool:
        return self.destination in _DOCUMENTS[1:]

    @property
    def is_top_level(self) -> bool:
        return self.destination in (b"", b"document")

    @property
    def is_cross_site(self) -> bool:
        """Whether another site made the browser send this; browsers too old to say did not."""
        return self.header(b"sec-fetch-site") == b"cross-site"

    @property
    def is_from_here(self) -> bool:
        """Whether a page of ours made the browser send this, or a browser too old to say."""
        return self.header(b"sec-fetch-site") in (None, b"same-origin")

    @property
    def use(self) -> str:
        """What an HTML answer is for: it is not the same for each."""
        return "fragment" if self.is_fragment else "frame" if self.is_framed else "page"

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages the browser asks for, the most wanted first."""
        return accepted_languages(self.header(b"accept-language") or b"")

    @property
    def wants_document(self) -> bool:
        """Whether a browser is navigating: where the answer is HTML, it will be a page."""
        if self.destination:
            return self.destination in _DOCUMENTS
        return b"text/html" in (self.header(b"accept") or b"")

    @property
    def wants_worker(self) -> bool:
        """Whether the answer will run apart from the page that asked for it."""
        return self.destination in _WORKERS

    @property
    def may_get_html(self) -> bool:
        """False where the browser says that it loads a part of a page, such as an image."""
        return self.destination in (b"", b"empty", *_DOCUMENTS)

    @property
    def is_conditional(self) -> bool:
        """Whether the client asks only for what is newer than it has (RFC 9110 section 13.1)."""
        return b"if-none-match" in self._first or b"if-modified-since" in self._first

    @property
    def is_same_origin(self) -> bool:
        """Whether a browser sent this from a page of ours. Sec-Fetch-Site cannot be forged by a
        page; browsers without it send Origin with every POST."""
        site = self.header(b"sec-fetch-site")
        if site is not None:
            return site == b"same-origin"
        origin = self.header(b"origin")
        scheme = "https" if self.secure else "http"
        return origin is not None and origin.decode("latin-1") == f"{scheme}://{self.authority}"

    def referring_address(self) -> str:
        """Path and query of the page of ours that sent this request, or nothing."""
        referrer = (self.header(b"referer") or b"").decode("latin-1")
        scheme = "https" if self.secure else "http"
        return referrer.removeprefix(f"{scheme}://{self.authority}") if referrer else ""


@lru_cache(256)  # a browser sends the same with every request of a page
def _pairs_of(cookie_headers: tuple[bytes, ...]) -> Sequence[tuple[bytes, bytes]]:
    return tuple(cookie_pairs((b"cookie", value) for value in cookie_headers))


def local_address(address: str, default: str = "/") -> str:
    """`address` if it can only lead to this site, else `default`: no open redirects.

    One leading slash, no backslash, no control or white space character, and none of these after
    dot segments are gone. https://url.spec.whatwg.org/#path-start-state
    """
    if not address.startswith("/") or address.startswith("//") or len(address) > _LONGEST_ADDRESS:
        return default
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in address):
        return default
    address = address.encode("utf-8", "replace").decode()  # no lone surrogates
    path = address.split("?", 1)[0].split("#", 1)[0]
    if "\\" in path:
        return default
    segments: list[str] = []
    for segment in path.split("/")[1:]:
        dots = segment.lower().replace("%2e", ".")
        if dots == "..":
            del segments[-1:]
        elif dots != ".":
            segments.append(segment)
        if len(segments) > 1 and not segments[0]:
            return default
    return quote(address, safe="/~!$&'()*+,;=:@-._?#%[]")
