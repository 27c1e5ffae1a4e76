"""The patterns a service is recognised by, and the indexes that find the service in a few steps.

Three kinds: hosts with an optional path, names with `*`, and pieces of inline code. None of them
becomes a regular expression that could backtrack: hosts and names are looked up in dictionaries,
`*` is matched by a linear scan, pieces of code by an automaton.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from asgi_consent.catalog.pieces import find_any_of
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.tail import read_line
from asgi_consent.catalog.urls import Target

_HOST = re.compile(
    r"(\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_][a-z0-9-]{0,62}|\[[0-9a-f:.]+\]"
)


class HostPattern(NamedTuple):
    """`host`, `*.host` (every subdomain, as in CSP), either with a `/path` prefix, or `/path` on
    the site's own host (`host` is then empty)."""

    host: str
    subdomains: bool
    path: str

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Raises ValueError with what was expected."""
        host, _, path = text.partition("/")
        if host and not _HOST.fullmatch(host):
            raise ValueError(
                'a host such as "cdn.example.com", "*.example.com" or "example.com/path", '
                "in lower case, without https:// and without a port"
            )
        if not host and len(path) < 1:
            raise ValueError('a host, or a path of the site itself such as "/matomo/"')
        return cls.read(text)

    @classmethod
    def read(cls, text: str) -> HostPattern:
        """The same of a pattern that has been checked."""
        host, slash, path = text.partition("/")
        return cls(host.removeprefix("*."), host.startswith("*."), slash + path)


class _Entry(NamedTuple):
    path: str
    rank: tuple[int, int, bool]
    service: Service


class HostIndex:
    """Finds the services of a URL; the longest host wins, then the longest path. Where no service
    has a host, the long tail is asked: `tail` are its hosts with their lines."""

    def __init__(
        self,
        services: Iterable[Service],
        tail: Mapping[str, str] | None = None,
        of_line: Callable[[str], Service] = read_line,
    ) -> None:
        self._tail = tail or {}
        self._of_line = of_line
        self._exact: dict[str, list[_Entry]] = {}
        self._below: dict[str, list[_Entry]] = {}
        for service in services:
            for text in service.hosts:
                pattern = HostPattern.read(text)
                rank = (len(pattern.host), len(pattern.path), service.declared)
                index = self._below if pattern.subdomains else self._exact
                index.setdefault(pattern.host, []).append(_Entry(pattern.path, rank, service))
        self._own = self._exact.pop("", [])
        # What most hosts are asked for: the answer where no path has a say, else None.
        self._at_exact = {host: _for_every_path(found) for host, found in self._exact.items()}
        self._at_below = {host: _for_every_path(found) for host, found in self._below.items()}

    def find(self, target: Target, *, own: bool) -> tuple[Service, ...]:
        """`own` says that the host is the site's, so that its bare `/path` patterns apply."""
        found = self.find_host(target.host, own=own)
        if found is None:
            return self._find_on_path(target, own=own) or self._in_tail(target.host)
        return found

    def find_host(self, host: str, *, own: bool) -> tuple[Service, ...] | None:
        """The same for every path of a host; None where the path decides."""
        if own and self._own:
            return None
        if host in self._at_exact:
            return self._at_exact[host]
        tail = self._tail
        line = tail.get(host)
        while host := host.partition(".")[2]:
            if host in self._at_below:
                return self._at_below[host]
            if not line:
                line = tail.get(host)
        return (self._of_line(line),) if line else ()

    def _in_tail(self, host: str) -> tuple[Service, ...]:
        while host:
            if line := self._tail.get(host):
                return (self._of_line(line),)
            host = host.partition(".")[2]
        return ()

    def _find_on_path(self, target: Target, *, own: bool) -> tuple[Service, ...]:
        for entries in self._candidates(target.host, own=own):
            if on_path := [entry for entry in entries if target.path.startswith(entry.path)]:
                return _best(on_path)
        return ()

    def _candidates(self, host: str, *, own: bool) -> Iterator[list[_Entry]]:
        """The patterns of a host, then those of its parents, the nearest first."""
        exact = self._exact.get(host, [])
        yield exact + self._own if own else exact
        while host := host.partition(".")[2]:
            yield self._below.get(host, [])


def _for_every_path(entries: list[_Entry]) -> tuple[Service, ...] | None:
    return None if any(entry.path for entry in entries) else _best(entries)


def _best(entries: list[_Entry]) -> tuple[Service, ...]:
    if len(entries) == 1:
        return (entries[0].service,)
    best = max(entry.rank for entry in entries)
    return tuple(entry.service for entry in entries if entry.rank == best)


T = TypeVar("T")


class NameIndex(Generic[T]):
    """Finds to whom a cookie name or storage key belongs; the longest literal prefix wins."""

    def __init__(self, patterns: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, list[T]] = {}
        self._prefixed: dict[str, list[tuple[str, T]]] = {}
        for text, owner in patterns:
            prefix, star, rest = text.partition("*")
            if star:
                self._prefixed.setdefault(prefix, []).append((rest, owner))
            else:
                self._exact.setdefault(text, []).append(owner)
        self._longest = max(map(len, self._prefixed), default=-1)

    def find(self, name: str) -> list[T]:
        if exact := self._exact.get(name):
            return exact
        for length in range(min(len(name), self._longest), -1, -1):
            entries = self._prefixed.get(name[:length], ())
            if found := [owner for rest, owner in entries if _ends_like(name[length:], rest)]:
                return found
        return []


def _ends_like(name: str, rest: str) -> bool:
    """Whether `name` matches `*` followed by `rest`, where `rest` may hold further stars."""
    *middle, last = rest.split("*")
    at = 0
    for piece in middle:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(name) - at >= len(last) and name.endswith(last)


class InlineIndex:
    """Finds the services whose code is written into a page, by distinctive pieces of that code."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services: dict[bytes, Service] = {
            piece.encode(): service for service in services for piece in service.inline
        }
        self._pieces = find_any_of(tuple(self._services))

    def find(self, code: bytes) -> tuple[Service, ...]:
        return tuple(dict.fromkeys(self._services[piece] for piece in self._pieces(code)))


def patterns_of_cookies(services: Iterable[Service]) -> Iterator[tuple[str, Service]]:
    return ((cookie.name, service) for service in services for cookie in service.cookies)


def patterns_of_storage(services: Iterable[Service]) -> Iterator[tuple[str, Service]]:
    return ((key, service) for service in services for key in service.storage)
