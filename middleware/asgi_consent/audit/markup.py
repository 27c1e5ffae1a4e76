"""What the HTML of a page names, read without a browser: what may load, loaded or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from asgi_consent.catalog.matcher import Matcher

_LARGEST = 5 * 1024 * 1024  # characters
_URLS = ("src", "href", "data", "poster", "action", "ping")
_NAVIGATION = ("a", "area", "form", "base")


@dataclass(frozen=True, slots=True)
class Named:
    """`tag` names `url`; for inline code `service` is who it is of."""

    tag: str
    url: str = ""
    service: str = ""


def read_markup(html: str, url: str, matcher: Matcher) -> Iterator[Named]:
    """Addresses that elements fetch from, and services whose code is inline. Links do not fetch."""
    if "<" not in html:  # no element; and the parser would take it for the name of a file
        return
    soup = BeautifulSoup(html[:_LARGEST], "html.parser")
    for element in soup.find_all(True):
        if not isinstance(element, Tag):
            continue
        if element.name == "script" and not element.get("src"):
            for service in matcher.inline(element.get_text().encode()):
                yield Named("inline script", service=service.id)
        elif element.name not in _NAVIGATION:
            yield from _addresses(element, url)


def _addresses(element: Tag, base: str) -> Iterator[Named]:
    values = [str(element[name]) for name in _URLS if element.get(name)]
    for name in ("srcset", "imagesrcset"):
        for candidate in str(element.get(name) or "").split(","):
            values += candidate.split()[:1]
    for value in values:
        try:
            found = urljoin(base, value.strip())
            host = urlsplit(found).hostname
        except ValueError:
            continue
        if host and found.startswith(("http:", "https:")):
            yield Named(element.name, found)
