"""The Link header: which of its links make a browser connect or fetch (RFC 8288 section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# One link: <URI> and its parameters; commas count only outside of <> and quotes.
_link = re.compile(rb"""\s*(<[^>]*+>(?:"(?:[^"\\]|\\.)*+"|[^,"])*+|[^,]++)\s*,?""").match
_parameter = re.compile(
    rb"""\s*;\s*([^\s=;"]*+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+)))?+"""
).finditer

FETCHING = frozenset(
    b"stylesheet preload modulepreload prefetch preconnect dns-prefetch prerender icon "
    b"manifest".split()
)


@dataclass(frozen=True, slots=True)
class Link:
    raw: bytes
    url: str
    rels: frozenset[bytes]


def parse_links(value: bytes) -> list[Link]:
    links: list[Link] = []
    at = 0
    while at < len(value) and (match := _link(value, at)):
        at = match.end()
        raw = match[1].strip()
        uri, _, parameters = raw.partition(b">")
        links.append(Link(raw, uri.lstrip(b"<").decode("latin-1"), _rels(parameters)))
    return links


def _rels(parameters: bytes) -> frozenset[bytes]:
    """The relations of the first `rel`; later ones do not count (RFC 8288 section 3.3)."""
    for parameter in _parameter(parameters):
        if parameter[1].lower() == b"rel":
            return frozenset((parameter[2] or parameter[3] or b"").lower().split())
    return frozenset()


def filter_links(value: bytes, allowed: Callable[[str], bool]) -> bytes | None:
    """The header without the fetching links that are not allowed; None where none is left."""
    links = parse_links(value)
    kept = [link.raw for link in links if not link.rels & FETCHING or allowed(link.url)]
    if len(kept) == len(links):
        return value
    return b", ".join(kept) or None
