"""The long tail of the catalogue: thousands of services known by little more than their hosts.

It tells what something is, and lets nothing through: a visitor who says yes to marketing has been
told of the declared services, not of these. To let one pass, declare it by its id.

A table, a line each; a `Service` is made of a line when it is asked for, so that ten thousand hosts
take a few milliseconds at start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from asgi_consent.catalog.further_lists import FindByFilter
from asgi_consent.catalog.services import CookiePattern, Lifetime, Service

SCHEMA = 1
COLUMNS = ("id", "name", "vendor", "country", "category", "kind", "sources", "hosts", "cookies")


class LongTail:
    """`lines` are those of the table; `off` the ids that are not to be known; `filters` tell of a
    whole URL what it belongs to."""

    def __init__(
        self,
        lines: Iterable[str] = (),
        off: Collection[str] = (),
        filters: Collection[FindByFilter] = (),
    ) -> None:
        self.filters = tuple(filters)
        self.lines = [line for line in lines if id_of(line) not in off] if off else list(lines)
        #: host, standing for its subdomains as well → its line
        self.hosts: dict[str, str] = {}
        for line in self.lines:
            for host in line.rsplit("\t", 2)[1].split(" "):
                self.hosts[host] = line
        self.hosts.pop("", None)

    def without(self, off: Collection[str]) -> LongTail:
        """The same without some ids."""
        known = any(id_ in self for id_ in off)
        return LongTail(self.lines, off, self.filters) if known else self

    def behind(self, lines: Iterable[str], filters: Collection[FindByFilter]) -> LongTail:
        """The same, with more that is known where this says nothing."""
        lines = list(lines)
        return LongTail([*lines, *self.lines], filters=filters) if lines or filters else self

    @cached_property
    def _by_id(self) -> dict[str, str]:
        return {id_of(line): line for line in self.lines}

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self.lines)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._by_id

    def service(self, id_: str) -> Service | None:
        line = self._by_id.get(id_)
        return read_line(line) if line else None

    def cookie_patterns(self) -> Iterator[tuple[str, str]]:
        """Every cookie name, `*` standing for anything, with its line."""
        for line in self.lines:
            if not line.endswith("\t"):
                for text in line[line.rindex("\t") + 1 :].split(" "):
                    yield text.partition("=")[0], line

    @cached_property
    def version(self) -> str:
        """Changes whenever the table does."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]


def id_of(line: str) -> str:
    return line[: line.index("\t")]


def read_line(line: str) -> Service:
    id_, name, vendor, country, category, kind, sources, hosts, cookies = line.split("\t")
    return Service(
        id=id_,
        name=name,
        vendor=vendor,
        category=category,
        country=country,
        kind=kind,
        hosts=tuple(pattern for host in hosts.split() for pattern in (host, f"*.{host}")),
        cookies=tuple(map(_cookie, cookies.split())),
        sources=sources,
        in_tail=True,
    )


NO_TAIL = LongTail()


def _cookie(text: str) -> CookiePattern:
    name, _, lifetime = text.partition("=")
    return CookiePattern(name, Lifetime(lifetime) if lifetime else None)
