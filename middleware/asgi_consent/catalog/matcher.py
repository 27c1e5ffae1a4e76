"""URL, cookie name, storage key or inline code → the services it belongs to.

A tuple, best first, because several services can share a host or a cookie: it may pass as soon as
one of them is granted. Inline code is the other way round: all services found in it must be.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from asgi_consent.catalog.patterns import (
    HostIndex,
    InlineIndex,
    NameIndex,
    patterns_of_cookies,
    patterns_of_storage,
)
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.urls import Target

Services = tuple[Service, ...]

_LONGEST_NAME = 256  # characters; a longer name is nobody's
_REMEMBERED_CODE = 32 * 1024  # bytes


class Matcher:
    def __init__(self, services: Iterable[Service]) -> None:
        services = tuple(services)
        self._hosts = HostIndex(services)
        self._inline = InlineIndex(services)
        # A site repeats its snippets on every page.
        self._known_inline = lru_cache(256)(self._inline.find)
        # Names repeat on every request; what a visitor can make up is bounded by the cache size.
        self._cookie = lru_cache(4096)(NameIndex(patterns_of_cookies(services)).find)
        self._storage = lru_cache(4096)(NameIndex(patterns_of_storage(services)).find)

    def url(self, target: Target, *, own: bool = False) -> Services:
        return self._hosts.find(target, own=own)

    def host(self, host: str, *, own: bool = False) -> Services | None:
        """The same for every path of a host; None where the path decides."""
        return self._hosts.find_host(host, own=own)

    def cookie(self, name: str) -> Services:
        return self._cookie(name) if len(name) <= _LONGEST_NAME else ()

    def storage(self, key: str) -> Services:
        return self._storage(key) if len(key) <= _LONGEST_NAME else ()

    def inline(self, code: bytes) -> Services:
        return (
            self._known_inline(code) if len(code) <= _REMEMBERED_CODE else self._inline.find(code)
        )
