"""The built-in catalogue, read once: `services.jsonl`, a service a line, with all that is known of
it; and `tail.tsv`, a table that adds hosts and cookies to these services, and tells of thousands
more. Where the facts are from: rebuild/sources.toml.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from asgi_consent.catalog.services import CookiePattern, Lifetime, Service
from asgi_consent.catalog.tail import COLUMNS, LongTail, id_of, read_line
from asgi_consent.catalog.tail import SCHEMA as TABLE_SCHEMA

SERVICES_FILE = Path(__file__).with_name("services.jsonl")
TAIL_FILE = Path(__file__).with_name("tail.tsv")
SCHEMA = 2


@cache
def builtin_services() -> dict[str, Service]:
    """Every service of services.jsonl by its id, with what the table adds to it."""
    return read_catalogue()[0]


@cache
def builtin_tail() -> LongTail:
    """The rest of the table."""
    return LongTail(read_catalogue()[1])


def full_services() -> dict[str, Service]:
    """What services.jsonl says alone."""
    with SERVICES_FILE.open(encoding="utf-8") as lines:
        header = json.loads(next(lines))
        assert header["schema"] == SCHEMA, "services.jsonl belongs to another version"
        return {service.id: service for service in map(_service, map(json.loads, lines))}


@cache
def read_catalogue() -> tuple[dict[str, Service], list[str]]:
    """The services, and the lines of the table that are of no service among them."""
    header, columns, *lines = TAIL_FILE.read_text(encoding="utf-8").splitlines()
    assert header.startswith(f"# schema {TABLE_SCHEMA};"), "tail.tsv belongs to another version"
    assert tuple(columns.split("\t")) == COLUMNS
    services = full_services()
    for at, line in enumerate(lines):
        service = services.get(id_of(line))
        if service is None:  # such lines come first
            return services, lines[at:]
        services[service.id] = _with_more(service, read_line(line))
    return services, []


def _with_more(service: Service, more: Service) -> Service:
    return service._replace(
        country=service.country or more.country,
        hosts=_without_covered((*service.hosts, *more.hosts)),
        cookies=(*service.cookies, *more.cookies),
        sources=more.sources,
    )


def _without_covered(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns without those that a `*.domain` among them says as well: they cost room in every
    Content-Security-Policy."""
    domains = {host[2:] for host in hosts if host.startswith("*.") and "/" not in host}

    def is_covered(host: str) -> bool:
        parent = host.removeprefix("*.").partition(".")[2]
        while parent and parent not in domains:
            parent = parent.partition(".")[2]
        return bool(parent) and "/" not in host

    return tuple(host for host in dict.fromkeys(hosts) if not is_covered(host))


_lifetime = cache(Lifetime)  # there are few, and each is checked


def _service(entry: dict[str, Any]) -> Service:
    return Service(
        id=entry["id"],
        name=entry["name"],
        vendor=entry["vendor"],
        country=entry.get("country", ""),
        category=entry["category"],
        kind=entry["kind"],
        privacy_url=entry.get("privacy_url", ""),
        hosts=_without_covered(tuple(entry.get("hosts", ()))),
        cookies=tuple(
            CookiePattern(name, _lifetime(text)) for name, text in entry.get("cookies", ())
        ),
        storage=tuple(entry.get("storage", ())),
        inline=tuple(entry.get("inline", ())),
        consent_api=entry.get("consent_api", ""),
    )
