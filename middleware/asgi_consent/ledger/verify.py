"""Does the ledger still say what was recorded? Every row that does not, by its number.

Names what happened as far as the hashes tell: a row whose content changed no longer fits its own
commitment; a row that was put in, taken out or moved no longer follows the one before it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from asgi_consent.errors import RecordError
from asgi_consent.ledger.chain import Head, Row, commit_to, link
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.records import Event, read_record
from asgi_consent.ledger.store import Store

_NEAR = 64  # rows that are looked through for where a moved row belongs
_MOST = 1000  # problems; after that the ledger is not worth more lines


@dataclass
class Report:
    """`problems` are sentences; none means that all is well. `signed` is None where there was no
    key to check with."""

    records: int = 0
    erased: int = 0
    head: Head | None = None
    signed: bool | None = None
    problems: list[str] = field(default_factory=list[str])

    def add(self, problem: str) -> None:
        if len(self.problems) < _MOST:
            self.problems.append(problem)


def verify(
    store: Store,
    keys: LedgerKeys | None,
    checkpoints: list[Head] | None = None,
    progress: Callable[[int], None] = lambda number: None,
) -> Report:
    """Read the whole ledger. `keys` check the signature of the head, `checkpoints` are heads that
    were published earlier. Records appended meanwhile are left for the next time."""
    head = store.head()
    report = Report(head=head)
    if head is None:
        report.add("the ledger has no head: it was removed, or this is no ledger")
        return report
    if keys is not None:
        report.signed = head.is_sealed(keys)
        if not report.signed:
            report.add("the head is not signed by this key: it was forged, or the key is another")
    kept = _shown(store, report)
    _Walk(store, head, report, {c.number: c for c in checkpoints or ()}, keys, progress, kept).run()
    return report


def _shown(store: Store, report: Report) -> set[str]:
    """The hashes of all that was shown; each must be that of its document."""
    hashes: set[str] = set()
    for hash_ in store.shown_hashes():
        shown = store.shown(hash_)
        if shown and hashlib.sha256(shown.document.encode()).hexdigest() != hash_:
            report.add(f"what was shown as {hash_[:16]} was edited")
        hashes.add(hash_)
    return hashes


@dataclass
class _Walk:
    store: Store
    head: Head
    report: Report
    checkpoints: dict[int, Head]
    keys: LedgerKeys | None
    progress: Callable[[int], None]
    shown: set[str]
    empty: dict[int, None] = field(default_factory=dict[int, None])  # rows nobody has accounted for

    def run(self) -> None:
        number, last = self.head.anchor_number, self.head.anchor_hash
        self._checkpoint(number, last)
        recent = deque([(number, last)], _NEAR)
        for row in self._rows():
            if row.number != number + 1:
                self._missing(number + 1, row.number - 1)
            if link(last, row.commitment) != row.hash and row.number == number + 1:
                self.report.add(f"record {row.number} {self._misplaced(row, recent)}")
            self._content(row)
            number, last = row.number, row.hash
            recent.append((number, last))
            self._checkpoint(number, last)
            self.progress(number)
        self._end(number, last)

    def _rows(self) -> Iterator[Row]:
        for row in self.store.all_rows(self.head.anchor_number):
            if row.number > self.head.number and not self._appended_meanwhile():
                self.report.add(
                    f"record {row.number} was inserted after the signed end, {self.head.number}"
                )
                continue
            if row.number > self.head.number:
                return
            yield row

    def _appended_meanwhile(self) -> bool:
        now = self.store.head()
        return (
            now is not None
            and now.number > self.head.number
            and (self.keys is None or now.is_sealed(self.keys))
        )

    def _missing(self, first: int, last: int) -> None:
        what = f"record {first} was" if first == last else f"records {first} to {last} were"
        self.report.add(f"{what} removed")

    def _misplaced(self, row: Row, recent: deque[tuple[int, bytes]]) -> str:
        """How a row that does not follow the one before it got there."""
        for number, before in [*recent][-2::-1]:
            if link(before, row.commitment) == row.hash:
                return (
                    f"follows record {number}: what stands between them was inserted or reordered"
                )
        near = self.store.rows(row.number, _NEAR)
        for other in near:
            if link(other.hash, row.commitment) == row.hash:
                return f"was reordered: it belongs after what is now record {other.number}"
        if near and link(recent[-1][1], near[0].commitment) == near[0].hash:
            return "was inserted: the record after it follows the one before it"
        return (
            "does not follow the record before it: it was edited or inserted, or a record before "
            "it removed"
        )

    def _content(self, row: Row) -> None:
        if row.body is None or row.salt is None:
            self.report.erased += 1
            self.empty[row.number] = None
            if (row.record_id, row.subject_id, row.event, row.time) != (None, None, None, None):
                self.report.add(f"record {row.number} was edited: half of it is erased")
            return
        self.report.records += 1
        if commit_to(row.salt, row.body) != row.commitment:
            self.report.add(f"record {row.number} was edited: its content is not what was recorded")
            return
        try:
            record = read_record(row.body)
        except RecordError:
            self.report.add(f"record {row.number} holds no record")
            return
        columns = (record.record_id, record.subject_id or None, record.event, record.time)
        if (row.record_id, row.subject_id, row.event, row.time) != columns:
            self.report.add(f"record {row.number} was edited: its columns differ from its content")
        if record.shown and record.shown not in self.shown:
            self.report.add(f"record {row.number} was shown something that is kept no more")
        if record.event in (Event.ERASED, Event.PURGED):
            for number in record.numbers:
                self.empty.pop(number, None)

    def _checkpoint(self, number: int, hash_: bytes) -> None:
        known = self.checkpoints.pop(number, None)
        if known is not None and known.hash != hash_:
            self.report.add(
                f"record {number} is not the one of the checkpoint: history was rewritten"
            )

    def _end(self, number: int, last: bytes) -> None:
        if number < self.head.number:
            self._missing(number + 1, self.head.number)
        elif last != self.head.hash:
            self.report.add(f"record {number} is not the one the head was signed for")
        for empty in self.empty:
            self.report.add(f"record {empty} was emptied, and no erasure or purge accounts for it")
        for known in self.checkpoints.values():
            self._unmet(known)

    def _unmet(self, known: Head) -> None:
        if known.number < self.head.anchor_number:
            return  # purged since; nothing to compare with
        self.report.add(
            f"the checkpoint of record {known.number} was not met: the ledger was cut or replaced"
        )
