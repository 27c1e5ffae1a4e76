"""What a request says about itself, read once from the ASGI scope."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from asgi_consent.catalog.urls import Base
from asgi_consent.http.cookies import cookie_pairs
from asgi_consent.http.headers import copy_headers, get_header
from asgi_consent.languages import accepted_languages
from asgi_consent.types import Headers, Scope

_IN_PATH = "/~!$&'()*+,;=:@-._"  # RFC 3986 pchar, and the slash
_LONGEST_ADDRESS = 8 * 1024  # characters
_DOCUMENTS = (b"document", b"iframe", b"frame", b"embed", b"object", b"fencedframe")
_WORKERS = (b"worker", b"sharedworker", b"serviceworker")
#: headers of libraries that fetch pieces of HTML and put them into a page
_FRAGMENT_HEADERS = (b"hx-request", b"turbo-frame", b"x-up-version", b"x-pjax")


@dataclass(frozen=True)
class Request:
    scope: Scope

    @cached_property
    def headers(self) -> Headers:
        return copy_headers(self.scope.get("headers"))

    @cached_property
    def cookies(self) -> list[tuple[bytes, bytes]]:
        return list(cookie_pairs(self.headers))

    @property
    def method(self) -> str:
        return str(self.scope.get("method", "GET"))

    @cached_property
    def _root(self) -> str:
        return str(self.scope.get("root_path") or "").rstrip("/")

    @property
    def root(self) -> str:
        """Where the app is mounted, as it is written in an address."""
        return quote(self._root, safe=_IN_PATH)

    @cached_property
    def path(self) -> str:
        """The path below the mount point, which some frameworks include in `path` and some not."""
        path = str(self.scope.get("path") or "/")
        if self._root and (path == self._root or path.startswith(self._root + "/")):
            return path[len(self._root) :] or "/"
        return path

    @property
    def secure(self) -> bool:
        return self.scope.get("scheme") in ("https", "wss")

    @cached_property
    def authority(self) -> str:
        """Host and port as the browser sent them."""
        host = get_header(self.headers, b"host")
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

    @cached_property
    def destination(self) -> bytes:
        destination = get_header(self.headers, b"sec-fetch-dest") or b""
        # A service worker that passes a navigation on says "empty".
        navigates = get_header(self.headers, b"sec-fetch-mode") == b"navigate"
        return b"document" if navigates and destination in (b"", b"empty") else destination

    @property
    def is_fragment(self) -> bool:
        """Whether a script asks for a piece of a page, which gets no banner."""
        if any(get_header(self.headers, name) is not None for name in _FRAGMENT_HEADERS):
            return True
        if (get_header(self.headers, b"x-requested-with") or b"").lower() == b"xmlhttprequest":
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
        return get_header(self.headers, b"sec-fetch-site") == b"cross-site"

    @property
    def is_from_here(self) -> bool:
        """Whether a page of ours made the browser send this, or a browser too old to say."""
        return get_header(self.headers, b"sec-fetch-site") in (None, b"same-origin")

    @property
    def use(self) -> str:
        """What an HTML answer is for: it is not the same for each."""
        return "fragment" if self.is_fragment else "frame" if self.is_framed else "page"

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages the browser asks for, the most wanted first."""
        return accepted_languages(get_header(self.headers, b"accept-language") or b"")

    @property
    def wants_document(self) -> bool:
        """Whether a browser is navigating: where the answer is HTML, it will be a page."""
        if self.destination:
            return self.destination in _DOCUMENTS
        return b"text/html" in (get_header(self.headers, b"accept") or b"")

    @property
    def wants_worker(self) -> bool:
        """Whether the answer will run apart from the page that asked for it."""
        return self.destination in _WORKERS

    @property
    def may_get_html(self) -> bool:
        """False where the browser says that it loads a part of a page, such as an image."""
        return self.destination in (b"", b"empty", *_DOCUMENTS)

    @property
    def is_same_origin(self) -> bool:
        """Whether a browser sent this from a page of ours. Sec-Fetch-Site cannot be forged by a
        page; browsers without it send Origin with every POST."""
        site = get_header(self.headers, b"sec-fetch-site")
        if site is not None:
            return site == b"same-origin"
        origin = get_header(self.headers, b"origin")
        scheme = "https" if self.secure else "http"
        return origin is not None and origin.decode("latin-1") == f"{scheme}://{self.authority}"

    def referring_address(self) -> str:
        """Path and query of the page of ours that sent this request, or nothing."""
        referrer = (get_header(self.headers, b"referer") or b"").decode("latin-1")
        scheme = "https" if self.secure else "http"
        return referrer.removeprefix(f"{scheme}://{self.authority}") if referrer else ""


def local_address(address: str, default: str = "/") -> str:
    """`address` if it can only lead to this site, else `default`: no open redirects.

    One leading slash, no backslash, no control or white space character, and none of these after
    dot segments are gone. https://url.spec.whatwg.org/#path-start-state
    """
    if not address.startswith("/") or len(address) > _LONGEST_ADDRESS:
        return default
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in address):
        return default
    address = address.encode("utf-8", "replace").decode()  # no lone surrogates
    path = address.split("?", 1)[0].split("#", 1)[0]
    if "\\" in path:
        return default
    segments = path.split("/")[1:]
    while segments and segments[0].lower().replace("%2e", ".") in (".", ".."):
        del segments[0]
    if segments and not segments[0] and len(segments) > 1:
        return default
    return quote(address, safe="/~!$&'()*+,;=:@-._?#%[]")
