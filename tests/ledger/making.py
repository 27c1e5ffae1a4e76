"""Records for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import anyio

from asgi_consent.consent import Status, new_id
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.records import Event, Method, Record
from asgi_consent.ledger.store import Shown

NOW = 1_790_000_000_000  # milliseconds


def record(event: Event = Event.GIVEN, **fields: Any) -> Record:
    made: dict[str, Any] = {
        "time": NOW,
        "subject_id": new_id(),
        "status": Status.GIVEN,
        "after": ("statistics",),
        "revision": 3,
        "shown": "",
        "language": "en",
        "method": Method.BANNER,
        "rule": "opt-in",
        "software": "asgi-consent/0.1.0",
    }
    return Record(event, **(made | fields))


def append(ledger: Ledger, *records: Record, shown: Sequence[Shown] = ()) -> None:
    async def run() -> None:
        for one in records:
            await ledger.append([one], shown)

    anyio.run(run)


def bodies(rows: Iterable[Any]) -> list[str | None]:
    return [row.body for row in rows]
