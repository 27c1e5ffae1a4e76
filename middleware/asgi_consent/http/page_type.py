"""Which responses a browser shows as an HTML page, and so must be read.

In doubt a response is a page: what browsers sniff is sniffed, what they ignore is ignored.
https://mimesniff.spec.whatwg.org, https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

from asgi_consent.http.headers import get_all, list_members
from asgi_consent.types import Header, Headers

#: codings that browsers undo; any other token in Content-Encoding they ignore
BROWSER_CODINGS = frozenset((b"gzip", b"x-gzip", b"deflate", b"br", b"zstd", b"dcb", b"dcz"))

_BODILESS = frozenset((*range(100, 200), 204, 304))
#: the second is a message of page fragments that a script puts into the page
_HTML = (b"text/html", b"text/vnd.turbo-stream.html")
_XHTML = b"application/xhtml+xml"
_XML = (b"text/xml", b"application/xml")
#: types that make a browser look at the body
_SNIFFED = frozenset((b"", b"unknown/unknown", b"application/unknown", b"*/*"))

_essence = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]++/[!#$%&'*+\-.^_`|~0-9a-z]++").fullmatch
_charset = re.compile(rb""";\s*+charset\s*+=\s*+(?:"([^"]*+)"?|([^\s;,"]++))""").findall
# One member of a list; a comma inside quotes does not end it.
_member = re.compile(rb'(?:"(?:[^"\\]|\\.)*+"?|[^",]++)++').findall


class PageType(Enum):
    PAGE = "page"
    SNIFF = "sniff"  # a page if its body begins like one
    XHTML = "xhtml"
    OTHER = "other"


def page_type(status: int, headers: Headers, *, ranged: bool) -> PageType:
    """`ranged`: the client asked for a part, so that a 206 is one."""
    if is_bodiless(status) or (status == 206 and ranged):
        return PageType.OTHER
    kind = _kind_of(tuple(get_all(headers, b"content-type")))
    if kind is PageType.OTHER:
        return kind
    cache = [
        member for value in get_all(headers, b"cache-control") for member in list_members(value)
    ]
    if b"no-transform" in cache or _is_download(headers):
        return PageType.OTHER
    nosniff = kind is PageType.SNIFF and any(
        value.strip().lower().startswith(b"nosniff")
        for value in get_all(headers, b"x-content-type-options")
    )
    return PageType.OTHER if nosniff else kind


def is_bodiless(status: int) -> bool:
    return status in _BODILESS


@lru_cache(256)  # an app sends few types
def _kind_of(values: tuple[bytes, ...]) -> PageType:
    """By Content-Type alone."""
    types = _types((b"content-type", value) for value in values)
    essences = [_essence_of(written) for written in types]
    if any(essence in _HTML for essence in essences):
        return PageType.PAGE
    malformed = (written for written, essence in zip(types, essences, strict=True) if not essence)
    if any(_HTML[0] in written for written in malformed):
        return PageType.PAGE
    essence = next((essence for essence in reversed(essences) if essence), b"")
    if essence == _XHTML:
        return PageType.XHTML
    return PageType.SNIFF if essence in _SNIFFED else PageType.OTHER


def is_markup(headers: Iterable[Header]) -> bool:
    """Whether a browser that navigates there may run scripts in it, read by us or not."""
    essences = map(_essence_of, _types(headers))
    return any(essence in (*_HTML, *_XML) or essence.endswith(b"+xml") for essence in essences)


def carries_text(headers: Iterable[Header]) -> bytes:
    """`json` or `event-stream` where the Content-Type says so, else nothing."""
    essence = next((e for e in reversed([*map(_essence_of, _types(headers))]) if e), b"")
    if essence == b"text/event-stream":
        return b"event-stream"
    return b"json" if essence.endswith((b"/json", b"+json")) else b""


def declared_charset(headers: Iterable[Header]) -> bytes:
    """The charset of the last Content-Type that names one, lower case; nothing where none does."""
    found = [a or b for written in _types(headers) for a, b in _charset(written)]
    return found[-1].strip() if found else b""


def content_coding(headers: Iterable[Header]) -> bytes:
    """The codings that a browser would undo, as one value: `gzip`, `gzip, br`, or nothing."""
    codings = list_members(b",".join(get_all(headers, b"content-encoding")))
    return b", ".join(coding for coding in codings if coding in BROWSER_CODINGS)


def _types(headers: Iterable[Header]) -> list[bytes]:
    return [
        written.strip(b" \t\r\n").lower()
        for value in get_all(headers, b"content-type")
        for written in _member(value)
    ]


def _essence_of(written: bytes) -> bytes:
    essence = written.partition(b";")[0].strip(b" \t")
    return essence if _essence(essence) else b""


def _is_download(headers: Iterable[Header]) -> bool:
    return any(_disposition(value) for value in get_all(headers, b"content-disposition"))


def _disposition(value: bytes) -> bool:
    return value.partition(b";")[0].strip(b" \t").lower() == b"attachment"
