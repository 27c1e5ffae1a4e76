"""What caches may do with a page that depends on the visitor's consent.

A page rewritten for one visitor is `private`, varies by Cookie and Sec-GPC, and its ETag names the
variant, so that a 304 can still be answered for the same visitor in the same state.
"""

from __future__ import annotations

import re

from asgi_consent.http.headers import get_all, list_members, without
from asgi_consent.types import Headers

#: what a page of ours depends on: the visitor and their language, and whether it is asked for as a
#: whole page, as the content of a frame, or as a piece that a script puts somewhere
VARY = (
    b"cookie",
    b"sec-gpc",
    b"dnt",
    b"accept-language",
    b"sec-fetch-dest",
    b"sec-fetch-mode",
    b"hx-request",
    b"turbo-frame",
    b"x-up-version",
    b"x-pjax",
    b"x-requested-with",
)
#: instructions for caches in between that would override Cache-Control
_FOR_CDNS = frozenset((b"surrogate-control", b"x-accel-expires", b"edge-control"))

#: what the key of a shared cache stands for, and what its pages do not depend on
_IN_KEY = (b"cookie", b"sec-gpc", b"accept-language")

_CONDITIONS = frozenset((b"if-none-match", b"if-modified-since"))

_seconds = re.compile(rb"[0-9]{1,9}").fullmatch
_variant = re.compile(rb"(.*)-ac([0-9a-f]{8})", re.DOTALL).fullmatch
_entity_tag = re.compile(rb'(?:W/)?"([^"]*)"').findall
# Digests and ranges describe the bytes before rewriting, and a date tells no variants apart.
STALE = frozenset(
    (b"content-length", b"digest", b"content-digest", b"repr-digest", b"content-md5",
     b"accept-ranges", b"last-modified")
)  # fmt: skip


def private(headers: Headers) -> Headers:
    """The headers of a page: kept out of shared caches, with a complete Vary."""
    vary = [member for value in get_all(headers, b"vary") for member in list_members(value)]
    if b"*" not in vary:
        vary += [name for name in VARY if name not in vary]
    return [*without(unshared(headers), {b"vary"}), (b"vary", b", ".join(vary))]


def is_shareable(headers: Headers) -> bool:
    """Whether a shared cache may store this response and hand it to everybody (RFC 9111 section
    3)."""
    vary = {member for value in get_all(headers, b"vary") for member in list_members(value)}
    if vary & {b"*", b"cookie", b"authorization"} or get_all(headers, b"set-cookie"):
        return False
    return _shared_seconds(headers) > 0


def shared(headers: Headers, key: bytes) -> Headers:
    """The headers of a page that shared caches may keep by the request header `key`, and browsers
    only to ask again: theirs know nothing of the key, and what they keep would outlive a choice."""
    vary = [member for value in get_all(headers, b"vary") for member in list_members(value)]
    own = [name for name in (key, *VARY) if name not in (*_IN_KEY, *vary)]
    control = b"public, max-age=0, must-revalidate, s-maxage=%d" % _shared_seconds(headers)
    rest = [
        (name, value) for name, value in headers if name.lower() not in (b"cache-control", b"vary")
    ]
    return [*rest, (b"vary", b", ".join([*vary, *own])), (b"cache-control", control)]


def _shared_seconds(headers: Headers) -> int:
    """How long a shared cache may keep it; 0 where it may not."""
    directives = dict(
        directive.strip(b" \t").lower().partition(b"=")[::2]
        for value in get_all(headers, b"cache-control")
        for directive in value.split(b",")
    )
    if directives.keys() & {b"no-store", b"no-cache", b"private"}:
        return 0
    seconds = directives.get(b"s-maxage", directives.get(b"max-age", b"")).strip(b'"')
    return int(seconds) if _seconds(seconds) else 0


def unshared(headers: Headers) -> Headers:
    """The headers with a Cache-Control that keeps shared caches out."""
    directives = [
        directive.strip(b" \t")
        for value in get_all(headers, b"cache-control")
        for directive in value.split(b",")
    ]
    names = [directive.partition(b"=")[0].lower() for directive in directives]
    kept = [
        directive
        for directive, name in zip(directives, names, strict=True)
        if name and name not in (b"public", b"s-maxage", b"private")
    ]
    if b"no-store" not in names:
        kept.insert(0, b"private")
    rest = [
        (name, value)
        for name, value in headers
        if name.lower() not in (b"cache-control", *_FOR_CDNS)
        and not name.lower().endswith(b"cdn-cache-control")
    ]
    return [*rest, (b"cache-control", b", ".join(kept))]


def tag_variant(headers: Headers, variant: bytes) -> Headers:
    """The headers with the variant's name inside the (now weak) ETag."""
    tagged: Headers = []
    for key, value in headers:
        if key.lower() == b"etag" and (tags := _entity_tag(value)):
            value = b'W/"%s-ac%s"' % (tags[0], variant)
        tagged.append((key, value))
    return tagged


def is_tagged(headers: Headers) -> bool:
    """Whether the client has a page of ours in its cache."""
    conditions = get_all(headers, b"if-none-match")
    return any(_variant(tag) for value in conditions for tag in _entity_tag(value))


def untag_condition(headers: Headers, variant: bytes, *, document: bool) -> Headers:
    """The headers of a request that may get HTML, with the app's own entity tags in If-None-Match.

    A tag of another variant is dropped, so that the app sends the page again. A document in the
    browser's cache may be from before us: then neither its date nor its tag confirm it.
    """
    if not document and not is_tagged(headers):
        return headers
    tags = [
        b'W/"%s", "%s"' % (ours[1], ours[1])
        for value in get_all(headers, b"if-none-match")
        for tag in _entity_tag(value)
        if (ours := _variant(tag)) and ours[2] == variant
    ]
    rest = without(headers, _CONDITIONS)
    return [*rest, (b"if-none-match", b", ".join(tags))] if tags else rest
