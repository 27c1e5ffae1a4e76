"""The Link header: which of its links make a browser connect or fetch (RFC 8288 section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: relations that make a browser connect or fetch, in headers and in `link` elements
FETCHING = frozenset(
    b"stylesheet preload modulepreload prefetch preconnect dns-prefetch prerender icon "
    b"apple-touch-icon apple-touch-icon-precomposed mask-icon manifest "
    b"compression-dictionary".split()
)

_PASSIVE = frozenset(
    b"stylesheet icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image "
    b"mask-icon".split()
)
_PASSIVE_PRELOADS = frozenset(b"image style font video audio track".split())

# A quoted string, a URI, a comma, anything else; a quote or < without its end stands alone.
_piece = re.compile(rb'"(?:[^"\\]|\\.)*+"|<[^<>]*+>|[^",<]++|[",<]', re.DOTALL).match
# The same once a quote has no end: the next ones are not tried, each to the end of the header.
_loose_piece = re.compile(rb'<[^<>]*+>|[^",<]++|[",<]').match
# What all readers take for one link, and for the same: a URI, then parameters, quotes around whole
# values only. Where others begin or end a quoted string elsewhere, a comma in it ends a link.
_is_plain = re.compile(
    rb"""<[^<>"]*+>(?:[ \t]*+;[ \t]*+(?:[^\x00-\x20\x7f=;",<>]++"""
    rb"""(?:[ \t]*+=[ \t]*+(?:"(?:[^"\\]|\\.)*+"|[^\x00-\x20\x7f;",<>]*+))?+)?+)*+""",
    re.DOTALL,
).fullmatch
_is_one = re.compile(rb'<[^<>"]*+>[^<>",]*+').fullmatch
_escaped = re.compile(rb"\\(.)", re.DOTALL).sub
_parameter = re.compile(
    rb""";\s*+([^\s=;"]*+)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+)))?+""", re.DOTALL
).findall


def is_passive(rels: frozenset[bytes], destination: bytes) -> bool:
    """Whether what a link fetches can only be shown. `destination`: what its `as` says."""
    fetching = rels & FETCHING
    if b"preload" in fetching:
        return destination.lower() in _PASSIVE_PRELOADS
    return fetching <= _PASSIVE


@dataclass(frozen=True, slots=True)
class Link:
    """`urls` are all addresses it can fetch: its target, and those of an imagesrcset."""

    raw: bytes
    urls: tuple[str, ...]
    rels: frozenset[bytes]
    destination: bytes = b""

    @property
    def is_passive(self) -> bool:
        return is_passive(self.rels, self.destination)


def parse_links(value: bytes) -> tuple[list[Link], bool]:
    """The links, and whether the whole header could be understood."""
    members: list[bytes] = []
    begin = at = 0
    for piece in _pieces(value):
        at += len(piece)
        if piece == b",":
            members.append(value[begin : at - 1])
            begin = at
    members.append(value[begin:])
    stripped = [found for member in members if (found := member.strip(b" \t"))]
    links = [_link(member) for member in stripped if member.startswith(b"<")]
    return links, all(map(_is_plain, stripped))


def _pieces(value: bytes) -> Iterator[bytes]:
    at, match = 0, _piece
    while found := match(value, at):
        yield found[0]
        at = found.end()
        if found[0] == b'"':
            match = _loose_piece


def _link(raw: bytes) -> Link:
    uri, _, parameters = raw[1:].partition(b">")
    urls = [uri.decode("latin-1")]
    rels: set[bytes] = set()
    destination = b""
    for name, quoted, plain in _parameter(parameters):
        text = _escaped(rb"\1", quoted) or plain
        if name.lower() == b"rel":
            rels.update(text.lower().split())
        elif name.lower() == b"as":
            destination = text
        elif name.lower() == b"imagesrcset":
            # Its URLs and its descriptors alike: a descriptor reads as a path of the site. Who
            # knows no escapes reads a backslash, which is a slash in URLs.
            for reading in dict.fromkeys((text, quoted or plain)):
                urls += reading.replace(b",", b" ").decode("latin-1").split()
    return Link(raw, tuple(urls), frozenset(rels), destination)


def filter_links(value: bytes, allowed: Callable[[str, bool], bool]) -> bytes | None:
    """The header without the fetching links that are not allowed; None where none is left.
    `allowed` is asked about a URL and whether what it leads to can only be shown.

    In a header that cannot be understood every link counts as fetching, and what is no link goes;
    so does what others might read as several.
    """
    links, regular = parse_links(value)
    kept = [
        link.raw
        for link in links
        if (regular and not link.rels & FETCHING)
        or (
            (regular or _is_one(link.raw))
            and all(allowed(url, regular and link.is_passive) for url in link.urls)
        )
    ]
    if regular and len(kept) == len(links):
        return value
    return b", ".join(kept) or None
