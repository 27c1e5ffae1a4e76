"""What caches may do with a page that depends on the visitor's consent.

A page rewritten for one visitor is `private`, varies by Cookie and Sec-GPC, and its ETag names the
variant, so that a 304 can still be answered for the same visitor in the same state.
"""

from __future__ import annotations

import re

from asgi_consent.http.headers import get_all, list_members, without
from asgi_consent.types import Headers

VARY = (b"cookie", b"sec-gpc")

_variant = re.compile(rb"(.*)-ac([0-9a-f]{8})", re.DOTALL).fullmatch
_entity_tag = re.compile(rb'(?:W/)?"([^"]*)"').findall
# Digests and ranges describe the bytes before rewriting.
STALE = frozenset(
    (b"content-length", b"digest", b"content-digest", b"content-md5", b"accept-ranges")
)


def private(headers: Headers) -> Headers:
    """The headers with a Cache-Control that keeps shared caches out, and a complete Vary."""
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
    vary = [member for value in get_all(headers, b"vary") for member in list_members(value)]
    if b"*" not in vary:
        vary += [name for name in VARY if name not in vary]
    rest = without(headers, {b"cache-control", b"vary"})
    return [*rest, (b"cache-control", b", ".join(kept)), (b"vary", b", ".join(vary))]


def tag_variant(headers: Headers, variant: bytes) -> Headers:
    """The headers with the variant's name inside the (now weak) ETag."""
    tagged: Headers = []
    for key, value in headers:
        if key.lower() == b"etag" and (tags := _entity_tag(value)):
            value = b'W/"%s-ac%s"' % (tags[0], variant)
        tagged.append((key, value))
    return tagged


def untag_condition(headers: Headers, variant: bytes, *, document: bool) -> Headers:
    """The request headers with the app's own entity tags in If-None-Match.

    A tag of another variant is dropped, so that the app sends the page again. For a document also
    tags without a variant and If-Modified-Since are: they cannot tell variants apart.
    """
    conditions = get_all(headers, b"if-none-match")
    tags: list[bytes] = []
    for tag in (tag for value in conditions for tag in _entity_tag(value)):
        ours = _variant(tag)
        if ours and ours[2] == variant:
            tags.append(b'W/"%s", "%s"' % (ours[1], ours[1]))
        elif not ours and not document:
            tags.append(b'W/"%s", "%s"' % (tag, tag))
    if document:
        headers = without(headers, {b"if-modified-since"})
    if not conditions or conditions == [b"*"]:
        return headers
    rest = without(headers, {b"if-none-match"})
    return [*rest, (b"if-none-match", b", ".join(tags))] if tags else rest
