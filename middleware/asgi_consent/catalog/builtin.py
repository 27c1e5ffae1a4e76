"""The built-in catalogue: `services.jsonl`, a service a line, the sources named in the first."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from asgi_consent.catalog.services import CookiePattern, Lifetime, Service

_FILE = Path(__file__).with_name("services.jsonl")
SCHEMA = 1


@cache
def builtin_services() -> dict[str, Service]:
    """Every service of the catalogue by its id."""
    with _FILE.open(encoding="utf-8") as lines:
        header = json.loads(next(lines))
        assert header["schema"] == SCHEMA, "services.jsonl belongs to another version"
        return {service.id: service for service in map(_service, map(json.loads, lines))}


def _service(entry: dict[str, Any]) -> Service:
    return Service(
        id=entry["id"],
        name=entry["name"],
        vendor=entry["vendor"],
        category=entry["category"],
        kind=entry["kind"],
        privacy_url=entry.get("privacy_url", ""),
        hosts=tuple(entry.get("hosts", ())),
        cookies=tuple(
            CookiePattern(name, Lifetime(lifetime)) for name, lifetime in entry.get("cookies", ())
        ),
        storage=tuple(entry.get("storage", ())),
        inline=tuple(entry.get("inline", ())),
    )
