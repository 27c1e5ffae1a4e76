"""What SQLite and PostgreSQL have in common: the SQL, and in which order it is run.

A store is one connection, used by one thread. A write is `begin` (which takes the lock that puts
writers in one order, and reads the head), then any of the writing methods, then `finish`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.chain import Head, Row

_MIGRATIONS = Path(__file__).with_name("migrations")
_COLUMNS = ", ".join(Row._fields)
_HEAD = ", ".join(Head._fields)
_SET_HEAD = "UPDATE consent_head SET " + ", ".join(f"{name} = ?" for name in Head._fields)
_PAGE = 1000  # rows read at a time
Parameters = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a visitor was shown: a complete HTML document, and its SHA-256 in hex."""

    hash: str
    language: str
    document: str


class DuplicateError(Exception):
    """A record with this id is there already."""


class Store(ABC):
    """SQL is written with `?` for parameters; a store whose driver wants something else changes
    that. Methods raise the driver's own errors, which are `errors`."""

    #: "sqlite" or "postgresql": where the migrations are
    name: str
    errors: tuple[type[Exception], ...]

    # ---- what a driver does

    @abstractmethod
    def __init__(self, target: str, *, readonly: bool = False) -> None: ...

    @abstractmethod
    def run(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Run one statement; gives its rows."""

    @abstractmethod
    def run_many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        """Run one statement for each of the parameters."""

    @abstractmethod
    def run_script(self, sql: str) -> None: ...

    @abstractmethod
    def begin(self) -> Head:
        """Take the lock and begin."""

    @abstractmethod
    def finish(self, rows: Sequence[Row], head: Head) -> None:
        """Add rows, set the head and commit: durable when it returns. Raises DuplicateError."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def rollback(self) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def lock_migrations(self) -> None:
        """Begin, and wait for whoever else migrates."""

    @abstractmethod
    def has_table(self, name: str) -> bool: ...

    @abstractmethod
    def forget(self) -> None:
        """Make sure that what was erased is not left over in the database's files."""

    # ---- migrations

    def upgrade(self, ledger_id: str, seal: Any) -> list[int]:
        """Apply the migrations that are missing; gives their numbers. `seal` signs a head, of
        which a new ledger gets its first one."""
        self.lock_migrations()
        try:
            self.run(
                "CREATE TABLE IF NOT EXISTS consent_migration "
                "(number INTEGER PRIMARY KEY, time BIGINT)"
            )
            applied = self._applied()
            due = [step for step in self._steps() if step[0] > applied]
            if applied > len(self._steps()):
                raise LedgerError(
                    f"the ledger is of a newer version (migration {applied}) than this program"
                )
            for number, sql in due:
                self.run_script(sql)
                now = int(time.time())
                self.run("INSERT INTO consent_migration VALUES (?, ?)", (number, now))
            if not self.run("SELECT 1 FROM consent_head"):
                self._insert_head(seal(Head(ledger_id)))
        except BaseException:
            self.rollback()
            raise
        self.commit()
        return [number for number, _ in due]

    def _applied(self) -> int:
        return int(self.run("SELECT coalesce(max(number), 0) FROM consent_migration")[0][0])

    def is_current(self) -> bool:
        return self.has_table("consent_migration") and self._applied() == len(self._steps())

    def _steps(self) -> list[tuple[int, str]]:
        files = sorted((_MIGRATIONS / self.name).glob("*.sql"))
        return [(int(file.stem), file.read_text(encoding="utf-8")) for file in files]

    def _insert_head(self, head: Head) -> None:
        marks = ", ".join("?" * len(Head._fields))
        self.run(f"INSERT INTO consent_head (single, {_HEAD}) VALUES (1, {marks})", head)

    # ---- writing

    def set_head(self, head: Head) -> None:
        self.run(_SET_HEAD, head)

    def keep_shown(self, shown: Iterable[Shown]) -> None:
        for one in shown:
            self.run(
                "INSERT INTO consent_shown (hash, language, document, time) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (hash) DO NOTHING",
                (one.hash, one.language, one.document, int(time.time() * 1000)),
            )

    def blank(self, numbers: Sequence[int]) -> None:
        """Forget what these rows hold; what the chain needs of them stays."""
        self.run_many(
            "UPDATE consent_record SET record_id = NULL, subject_id = NULL, event = NULL, "
            "time = NULL, body = NULL, salt = NULL WHERE number = ?",
            [(number,) for number in numbers],
        )

    def cut_off(self, number: int) -> None:
        """Remove the rows up to this one."""
        self.run("DELETE FROM consent_record WHERE number <= ?", (number,))

    # ---- reading

    def head(self) -> Head | None:
        rows = self.run(f"SELECT {_HEAD} FROM consent_head")
        return Head(*rows[0]) if rows else None

    def rows(self, after: int = 0, limit: int = _PAGE) -> list[Row]:
        found = self.run(
            f"SELECT {_COLUMNS} FROM consent_record WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [Row(*row) for row in found]

    def all_rows(self, after: int = 0) -> Iterator[Row]:
        while page := self.rows(after):
            yield from page
            after = page[-1].number

    def rows_since(self, time: int) -> Iterator[Row]:
        """From the first row that is not older than `time` (milliseconds)."""
        found = self.run("SELECT min(number) FROM consent_record WHERE time >= ?", (time,))
        return self.all_rows(found[0][0] - 1) if found[0][0] else iter(())

    def rows_of(self, subject_id: str) -> list[Row]:
        found = self.run(
            f"SELECT {_COLUMNS} FROM consent_record WHERE subject_id = ? ORDER BY number",
            (subject_id,),
        )
        return [Row(*row) for row in found]

    def known(self, record_ids: Iterable[str]) -> set[str]:
        """Those of `record_ids` that are recorded already."""
        return {id_ for id_ in record_ids if self.row_with(id_)}

    def row_with(self, record_id: str) -> Row | None:
        found = self.run(f"SELECT {_COLUMNS} FROM consent_record WHERE record_id = ?", (record_id,))
        return Row(*found[0]) if found else None

    def shown_hashes(self) -> list[str]:
        return [row[0] for row in self.run("SELECT hash FROM consent_shown ORDER BY hash")]

    def shown(self, hash_: str) -> Shown | None:
        found = self.run(
            "SELECT hash, language, document FROM consent_shown WHERE hash = ?", (hash_,)
        )
        return Shown(*found[0]) if found else None

    def rows_before(self, time: int, limit: int) -> list[Row]:
        """Visitors' records older than `time` (milliseconds), the oldest first, without those of
        visitors who have had theirs frozen."""
        found = self.run(
            f"SELECT {_COLUMNS} FROM consent_record AS r WHERE time < ? AND "
            "event NOT IN ('erased', 'purged') AND NOT EXISTS ("
            "SELECT 1 FROM consent_record AS s WHERE s.subject_id = r.subject_id AND "
            "s.event = 'restricted' AND NOT EXISTS (SELECT 1 FROM consent_record AS l WHERE "
            "l.subject_id = s.subject_id AND l.event = 'lifted' AND l.number > s.number)) "
            "ORDER BY number LIMIT ?",
            (time, limit),
        )
        return [Row(*row) for row in found]
