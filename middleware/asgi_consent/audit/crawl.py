"""Which pages a scan visits: those given, those of the sitemap, those linked to; as robots.txt
permits, within limits.

https://www.rfc-editor.org/rfc/rfc9309 · https://www.sitemaps.org/protocol.html
"""

from __future__ import annotations

import re
import ssl
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import BaseHandler, HTTPSHandler, ProxyHandler, Request, build_opener
from urllib.robotparser import RobotFileParser

from asgi_consent.audit.links import is_page
from asgi_consent.audit.wall import Wall

AGENT = "asgi-consent"

_LARGEST = 512 * 1024  # bytes of robots.txt (RFC 9309 section 2.5) and of a sitemap
_PATIENCE = 15  # seconds
_MOST_SITEMAPS = 5
_MOST_WAITING = 5000

_locations = re.compile(r"<loc>\s*+([^<]{1,2000}+)</loc>", re.IGNORECASE).findall


@dataclass
class Frontier:
    """Pages that are still to be visited, nearest first. `most` counts all that were ever taken."""

    start: list[str]
    most: int
    deepest: int
    robots: RobotFileParser
    taken: list[str] = field(default_factory=list[str])
    refused: list[str] = field(default_factory=list[str])  # by robots.txt
    _waiting: deque[tuple[str, int]] = field(default_factory=deque[tuple[str, int]])
    _known: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self._origin = urlsplit(self.start[0])[:2]
        self.add(self.start, 0)

    def add(self, urls: Iterable[str], depth: int) -> None:
        for url in urls:
            parts = urlsplit(url)
            bare = parts._replace(fragment="", path=parts.path or "/").geturl()
            if parts[:2] != self._origin or bare in self._known or not is_page(parts.path):
                continue
            self._known.add(bare)
            if not self.robots.can_fetch(AGENT, bare):
                self.refused.append(bare)
            elif depth <= self.deepest and len(self._waiting) < _MOST_WAITING:
                self._waiting.append((bare, depth))

    def take(self) -> tuple[str, int] | None:
        """The next page and how many links it is away; None where the scan is complete."""
        if not self._waiting or len(self.taken) >= self.most:
            return None
        url, depth = self._waiting.popleft()
        self.taken.append(url)
        return url, depth


def read_robots(url: str, walled: Wall) -> RobotFileParser:
    """The site's robots.txt. One that cannot be read permits everything, except where the server
    refuses or fails: then nothing may be crawled (RFC 9309 section 2.3.1.4)."""
    robots = RobotFileParser()
    status, text = _fetch(urljoin(url, "/robots.txt"), walled)
    robots.modified()  # else it answers no to everything
    if status >= 500:
        robots.parse(["User-agent: *", "Disallow: /"])
    else:
        robots.parse(text.splitlines() if status == 200 else [])
    return robots


def sitemap_pages(url: str, robots: RobotFileParser, walled: Wall) -> list[str]:
    """Addresses in the sitemaps that robots.txt names, else in /sitemap.xml, indexes included."""
    waiting = deque(robots.site_maps() or [urljoin(url, "/sitemap.xml")])
    host = urlsplit(url).hostname
    pages: list[str] = []
    for _ in range(_MOST_SITEMAPS):
        if not waiting:
            break
        sitemap = waiting.popleft()
        if urlsplit(sitemap).hostname != host:
            continue
        status, text = _fetch(sitemap, walled)
        found = [unescape(one.strip()) for one in _locations(text)] if status == 200 else []
        if "<sitemapindex" in text:
            waiting.extend(found)
        else:
            pages += found
    return pages


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _fetch(url: str, walled: Wall) -> tuple[int, str]:
    """Status and text, through the wall as everything; status 0 where nobody answers."""
    proxy = f"http://127.0.0.1:{walled.port}"
    handlers: list[BaseHandler] = [ProxyHandler({"http": proxy, "https": proxy})]
    if walled.insecure:
        handlers.append(HTTPSHandler(context=_any_certificate()))
    opener = build_opener(*handlers)
    request = Request(url, headers={"User-Agent": AGENT})
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            return int(answer.status), answer.read(_LARGEST).decode("utf-8", "replace")
    except URLError as error:
        return int(getattr(error, "code", 0)), ""
    except (OSError, ValueError):
        return 0, ""
