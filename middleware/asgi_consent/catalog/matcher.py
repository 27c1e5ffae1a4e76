"""URL, cookie name, storage key or inline code → the services it belongs to.

A tuple, best first, because several services can share a host or a cookie: it may pass as soon as
one of them is granted. Inline code is the other way round: all services found in it must be.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from asgi_consent.catalog.literals import is_mere_data
from asgi_consent.catalog.patterns import (
    HostIndex,
    InlineIndex,
    NameIndex,
    patterns_of_cookies,
    patterns_of_storage,
)
from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.catalog.tail import NO_TAIL, LongTail, read_line
from asgi_consent.catalog.urls import Target

Services = tuple[Service, ...]

_LONGEST_NAME = 256  # characters; a longer name is nobody's
_REMEMBERED_CODE = 32 * 1024  # bytes


class Matcher:
    """`services` come before the long tail, whatever is longer."""

    def __init__(self, services: Iterable[Service], tail: LongTail = NO_TAIL) -> None:
        services = tuple(services)
        self._of_line = cache(read_line)  # as many as there are lines
        self._hosts = HostIndex(services, tail.hosts, self._of_line)
        self._filters = tail.filters
        self._inline = InlineIndex(services)
        # A site repeats its snippets on every page.
        self._known_inline = lru_cache(256)(self._find_inline)
        # Names repeat on every request; what a visitor can make up is bounded by the cache size.
        self._cookies = NameIndex(patterns_of_cookies(services))
        self._tail_cookies = NameIndex(tail.cookie_patterns())
        self._keys = NameIndex(patterns_of_storage(services))
        self._cookie = lru_cache(4096)(self._find_cookie)
        self._storage = lru_cache(4096)(self._find_storage)

    def url(self, target: Target, *, own: bool = False) -> Services:
        return self._hosts.find(target, own=own) or self._filtered(target)

    def host(self, host: str, *, own: bool = False) -> Services | None:
        """The same for every path of a host; None where the path decides."""
        found = self._hosts.find_host(host, own=own)
        return None if found == () and self._filters else found

    def cookie(self, name: str) -> Services:
        return self._cookie(name) if len(name) <= _LONGEST_NAME else ()

    def storage(self, key: str) -> Services:
        return self._storage(key) if len(key) <= _LONGEST_NAME else ()

    def inline(self, code: bytes) -> Services:
        return (
            self._known_inline(code) if len(code) <= _REMEMBERED_CODE else self._find_inline(code)
        )

    def _find_inline(self, code: bytes) -> Services:
        found = self._inline.find(code)
        # A page's state often quotes the very snippets that the page also has.
        return () if found and is_mere_data(code) else found

    def _filtered(self, target: Target) -> Services:
        for find in self._filters:
            if service := find(target):
                return (service,)
        return ()

    def _find_cookie(self, name: str) -> Services:
        found = _best_first(self._cookies.find(name))
        return found or tuple(map(self._of_line, self._tail_cookies.find(name)))

    def _find_storage(self, key: str) -> Services:
        return _best_first(self._keys.find(key))


def _best_first(services: list[Service]) -> Services:
    """Declared ones alone, if there are any; of several the one that passes the soonest first."""
    declared = [service for service in services if service.declared]
    return tuple(
        sorted(declared or services, key=lambda service: _SOONEST.get(service.category, 2))
    )


_SOONEST = {NECESSARY: 0, "preferences": 1, "statistics": 2, "marketing": 3}
