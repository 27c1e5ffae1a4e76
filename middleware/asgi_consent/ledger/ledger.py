"""The ledger of one app: what the request line talks to. One object for each app, made at start.

It opens nothing until something is to be recorded or read, so that making it cannot fail and worker
processes may fork afterwards.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.address import OFF, LedgerAddress
from asgi_consent.ledger.chain import Head, Row
from asgi_consent.ledger.erasure import erase, purge
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.opening import one_line, open_for_writing, reading
from asgi_consent.ledger.records import Record
from asgi_consent.ledger.retention import Purger
from asgi_consent.ledger.statistics import Statistics, statistics
from asgi_consent.ledger.store import Shown, Store
from asgi_consent.ledger.writer import Job, Wake, Writer, nothing

PATIENCE = 5.0  # seconds a visitor waits for the ledger

T = TypeVar("T")


class Ledger:
    """`append` returns when the records are durable. All methods that touch the store raise
    LedgerError when it is out of reach, or with an address `off` do nothing."""

    def __init__(
        self, address: LedgerAddress, keys: LedgerKeys, *, patience: float = PATIENCE
    ) -> None:
        self.address = address
        self.keys = keys
        self._patience = patience
        self._writer = Writer(lambda: open_for_writing(address, keys), keys)
        self._purger: Purger | None = None

    @property
    def is_on(self) -> bool:
        return self.address.kind != OFF

    @property
    def failures(self) -> int:
        """How often in a row it could not be written; 0 while all is well."""
        return self._writer.failures

    async def append(self, records: Sequence[Record], shown: Sequence[Shown] = ()) -> None:
        if self.is_on:
            await self._wait(records=records, shown=shown)

    def append_later(self, record: Record) -> bool:
        """For what takes effect even where it cannot be recorded yet: a no. It is kept in memory
        and written with the next record."""
        return self.is_on and self._writer.append_later(record)

    async def history(self, subject_id: str) -> list[Row]:
        """The visitor's records, the oldest first."""
        if not self.is_on or not subject_id:
            return []
        return await self._do(lambda store: store.rows_of(subject_id))

    async def shown(self, hash_: str) -> Shown | None:
        return await self._do(lambda store: store.shown(hash_)) if self.is_on else None

    async def head(self) -> Head | None:
        return await self._do(lambda store: store.head()) if self.is_on else None

    async def erase(self, subject_id: str) -> int:
        """Forget all records of a visitor; gives how many."""
        if not self.is_on or not subject_id:
            return 0
        return await self._do(lambda store: erase(self._writer, store, subject_id))

    async def purge(self, retention: timedelta) -> int:
        """Forget what is older than that; gives how many. Waits as long as it takes."""
        if not self.is_on:
            return 0
        return await anyio.to_thread.run_sync(self._purge, self._before(retention))

    def _before(self, retention: timedelta) -> int:
        return self._writer.now() - int(retention.total_seconds() * 1000)

    def _purge(self, before: int) -> int:
        """On a connection of its own, so that nobody waits for more than a piece of it."""
        store = open_for_writing(self.address, self.keys)
        try:
            return purge(Writer(lambda: store, self.keys), store, before)
        except store.errors as error:
            raise LedgerError(one_line(error)) from error
        finally:
            store.close()

    async def statistics(self, since: int) -> Statistics:
        """Counts of what was recorded from `since` (milliseconds) on."""
        if await self.head() is None:  # which makes a ledger that is not there yet
            return Statistics()
        return await anyio.to_thread.run_sync(self._statistics, since)

    def _statistics(self, since: int) -> Statistics:
        with reading(self.address) as store:
            return statistics(store.rows_since(since))

    async def pages(self) -> AsyncIterator[list[Row]]:
        """All rows, a thousand at a time, read on a connection of its own each time."""
        after = 0
        while await self.head() is not None:
            page = await anyio.to_thread.run_sync(self._page, after)
            if not page:
                return
            yield page
            after = page[-1].number

    def _page(self, after: int) -> list[Row]:
        with reading(self.address) as store:
            return store.rows(after)

    def start(self, retention: timedelta) -> None:
        """Open the ledger now, so that a mistake in its address shows in the log at start, and
        purge it once a day."""
        if self.is_on:
            self._purger = Purger(lambda: self._purge(self._before(retention)))
            self._purger.start()
            self._writer.submit(replace(nothing(), work=lambda store: None))

    def close(self) -> None:
        """Write what is queued and end the threads. Blocks."""
        if self._purger is not None:
            self._purger.stop()
            self._purger = None
        self._writer.stop()

    async def _do(self, work: Callable[[Store], T]) -> T:
        result: T = await self._wait(work=work)
        return result

    async def _wait(self, **job: Any) -> Any:
        event = anyio.Event()
        waiting = Job(_waker(), event.set, **job)
        self._writer.submit(waiting)
        with anyio.move_on_after(self._patience):
            await event.wait()
        if not event.is_set() and waiting.settle("caller"):
            raise LedgerError(f"the ledger took longer than {self._patience:g} seconds")
        if waiting.error is not None:
            raise waiting.error
        return waiting.result


def _waker() -> Wake:
    """What calls a function in this event loop, from another thread."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        wake: Wake = trio.lowlevel.current_trio_token().run_sync_soon
        return wake
    return asyncio.get_running_loop().call_soon_threadsafe
