"""Forgetting records: at a visitor's wish, and when they have been kept long enough.

Either way the chain still verifies: what is forgotten leaves its commitment behind, and a record
says which rows were emptied. What is oldest is then cut off, up to the first row that must stay.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from asgi_consent.ledger.chain import Row
from asgi_consent.ledger.records import Event, Record
from asgi_consent.ledger.store import Store
from asgi_consent.ledger.writer import Writer

_PIECE = 200  # rows in one transaction, so that visitors who choose meanwhile hardly wait
_CUT = 5000


def erase(writer: Writer, store: Store, subject_id: str) -> int:
    """Forget all records of a visitor; gives how many. The chain says how many were erased and
    when, and not whose."""
    numbers: list[int] = []

    def find(store: Store) -> list[int]:
        numbers[:] = [row.number for row in store.rows_of(subject_id)]
        return numbers

    writer.forget_later(subject_id)
    writer.write(store, [Record(Event.ERASED, writer.now())], blank=find)
    _clean(store)
    return len(numbers)


def purge(
    writer: Writer, store: Store, before: int, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Forget what is older than `before` (milliseconds), but for records that visitors have had
    frozen; gives how many."""
    done = 0
    while numbers := _purge_piece(writer, store, before):
        done += numbers
        progress(done)
    while _cut_piece(writer, store, before):
        pass
    if done:
        _clean(store)
    return done


def _clean(store: Store) -> None:
    """What was forgotten is; where its last traces can't be overwritten now, the database does
    that in its own time."""
    with suppress(*store.errors):
        store.forget()


def _purge_piece(writer: Writer, store: Store, before: int) -> int:
    numbers: list[int] = []

    def find(store: Store) -> list[int]:
        numbers[:] = [row.number for row in store.rows_before(before, _PIECE)]
        return numbers

    writer.write(store, [Record(Event.PURGED, writer.now())], blank=find)
    return len(numbers)


def _cut_piece(writer: Writer, store: Store, before: int) -> bool:
    """Move the beginning of the chain past rows that hold nothing any more."""
    head = store.head()
    if head is None:
        return False
    last: Row | None = None
    for row in store.rows(head.anchor_number, _CUT):
        emptied = row.time is None
        of_nobody = row.event in (Event.ERASED, Event.PURGED) and (row.time or 0) < before
        if not (emptied or of_nobody) or row.number == head.number:
            break
        last = row
    if last is None:
        return False
    writer.write(store, [], anchor=last)
    return True
