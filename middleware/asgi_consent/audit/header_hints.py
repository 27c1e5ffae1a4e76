"""What response headers make a browser contact ahead of time or behind the scenes.

Some of it happens only over HTTPS, minutes later, or not behind a proxy; what a header asks for is
judged whether or not this run's browser has come to do it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from asgi_consent.audit.stores import Hint
from asgi_consent.http.links import FETCHING, parse_links

_REPORTING = frozenset(("reporting-endpoints", "report-to", "nel", "speculation-rules"))
_POLICIES = frozenset(("content-security-policy", "content-security-policy-report-only"))
_MOST = 200
_LONGEST = 16 * 1024  # characters of one header

_address = re.compile(r'https?://[^\s"\'<>,;]++').findall


def hints_of(headers: Iterable[tuple[str, str]], url: str) -> Iterator[Hint]:
    """The hints in the headers of the document at `url`."""
    for name, value in list(headers)[:_MOST]:
        name, value = name.lower(), value[:_LONGEST]
        if name == "link":
            yield from _links(value, url)
        elif name in _REPORTING:
            for found in _address(value):
                yield Hint(f"{name} header", found)
        elif name in _POLICIES:
            for found in _report_uris(value):
                yield Hint(f"report-uri of the {name} header", _joined(url, found))


def _links(value: str, url: str) -> Iterator[Hint]:
    links, _ = parse_links(value.encode("utf-8", "replace"))
    for link in links[:_MOST]:
        for rel in sorted(link.rels & FETCHING):
            yield Hint(f"Link header, {rel.decode('ascii')}", _joined(url, link.urls[0]))


def _report_uris(value: str) -> Iterator[str]:
    for directive in value.split(";"):
        name, *urls = directive.split()[:20] or [""]
        if name.lower() == "report-uri":
            yield from urls


def _joined(base: str, url: str) -> str:
    try:
        joined = urljoin(base, url)
        urlsplit(joined)
    except ValueError:
        return base
    return joined
