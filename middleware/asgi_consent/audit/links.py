"""The links of a page that stay on its site."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Error, Page

_MOST = 500
_HREFS = f"() => [...document.querySelectorAll('a[href]')].slice(0, {_MOST}).map((a) => a.href)"
#: following these does something, or is no page
_NOT_PAGES = (
    ".pdf", ".zip", ".gz", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".mp4", ".mp3", ".css",
    ".js", ".json", ".xml", ".ics", ".exe", ".dmg", ".doc", ".docx", ".xls", ".xlsx",
)  # fmt: skip
_ACTS = (
    "logout",
    "log-out",
    "signout",
    "sign-out",
    "delete",
    "unsubscribe",
    "add-to-cart",
    "_consent",
)


def links_of(page: Page, start: str) -> list[str]:
    """In order, without fragments, those with the same scheme, host and port as `start`."""
    try:
        hrefs: list[str] = page.evaluate(_HREFS)
    except Error:
        return []
    origin = urlsplit(start)[:2]
    found: dict[str, None] = {}
    for href in hrefs:
        try:
            parts = urlsplit(href)
        except ValueError:
            continue
        if parts[:2] == origin and is_page(parts.path):
            found[parts._replace(fragment="").geturl()] = None
    return list(found)


def is_page(path: str) -> bool:
    """Whether a path looks like one of a page that may be opened without doing anything."""
    path = path.lower()
    return not path.endswith(_NOT_PAGES) and not any(word in path for word in _ACTS)
