"""Rows → the text of tail.tsv."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from asgi_consent.catalog.rebuild.cookie_lists import CookieFact
from asgi_consent.catalog.rebuild.merge import Row
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.tail import COLUMNS, SCHEMA


def slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "service"


def written(
    rows: Iterable[Row],
    cookies: Iterable[CookieFact],
    known: Mapping[str, Service],
    credit: str,
) -> str:
    """`known` are the services of services.jsonl: a row with the name of one adds hosts and cookies
    to it, in its category. `credit` names the sources, as their licences ask."""
    by_name = {_key(service.name): service for service in known.values()}
    table: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: (row.name.casefold(), row.category)):
        service = known.get(slug(row.name)) or by_name.get(_key(row.name))
        if service and service.category != row.category:
            service = None
        id_ = service.id if service else _free(slug(row.name), table, known)
        line = [id_, row.name, row.vendor, row.country, row.category, row.kind]
        line += ["".join(sorted(row.sources)), " ".join(sorted(row.hosts)), ""]
        if service and id_ in table:
            table[id_][6] = "".join(sorted({*table[id_][6], *line[6]}))
            table[id_][7] += " " + line[7]
        else:
            table[id_] = line
    _add_cookies(table, cookies, known, by_name)
    # First the lines that add to services of services.jsonl: so the reader need not look for them.
    order = sorted(table, key=lambda id_: (id_ not in known, id_))
    header = f"# schema {SCHEMA}; written by asgi_consent.catalog.rebuild, never by hand; {credit}"
    lines = ("\t".join(_clean(cell) for cell in table[id_]) for id_ in order)
    return "\n".join([header, "\t".join(COLUMNS), *lines]) + "\n"


def _add_cookies(
    table: dict[str, list[str]],
    cookies: Iterable[CookieFact],
    known: Mapping[str, Service],
    by_name: Mapping[str, Service],
) -> None:
    taken = {cookie.name for service in known.values() for cookie in service.cookies}
    for fact in cookies:
        if fact.name in taken:
            continue
        taken.add(fact.name)
        service = by_name.get(_key(fact.platform))
        if service and service.category == fact.category:
            id_ = service.id
        else:
            id_ = slug(fact.platform)
            if id_ in known or (id_ in table and table[id_][4] != fact.category):
                id_ = slug(f"{fact.platform} {fact.category}")
        line = table.setdefault(
            id_, [id_, fact.platform, fact.vendor, "", fact.category, fact.kind, "", "", ""]
        )
        line[6] = "".join(sorted({*line[6], fact.source}))
        text = f"{fact.name}={fact.lifetime}" if fact.lifetime else fact.name
        line[8] = f"{line[8]} {text}".strip()


def _free(id_: str, table: Mapping[str, object], known: Mapping[str, object]) -> str:
    number, free = 2, id_
    while free in table or free in known or free in _RESERVED:
        free, number = f"{id_}-{number}", number + 1
    return free


_RESERVED = frozenset(("necessary", "preferences", "statistics", "marketing"))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _clean(cell: str) -> str:
    return re.sub(r"\s+", " ", cell).strip()
