"""The ledger in one SQLite file.

WAL with `synchronous=FULL`: a commit has reached the disk when it returns. Processes that share
the file take turns by a lock on a file next to it, held from BEGIN until COMMIT has returned:
SQLite's own way of waiting sleeps for up to seconds when eight processes write, and SQLite before
3.51.3 can lose commits when one connection writes while another runs a checkpoint
(https://sqlite.org/wal.html, "the WAL-reset bug"); under the lock these two never overlap. Readers
run no checkpoint.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.chain import Head, Row
from asgi_consent.ledger.store import DuplicateError, Parameters, Store

try:
    import fcntl
except ImportError:  # Windows: SQLite's own locks have to do
    fcntl = None  # type: ignore[assignment]

_PATIENCE = 5.0  # seconds for others outside of our lock, such as a backup
_INSERT = "INSERT INTO consent_record VALUES ({})".format(", ".join("?" * len(Row._fields)))


class SqliteStore(Store):
    name = "sqlite"
    errors = (sqlite3.Error, OSError)

    def __init__(self, path: str, *, readonly: bool = False) -> None:
        """Opens `path`, and makes it unless `readonly`. Raises sqlite3.Error, OSError, or
        LedgerError where a file of something else is."""
        if readonly and not Path(path).exists():
            raise LedgerError(f"there is no ledger at {path}")
        self._lock: IO[bytes] | None = None if readonly else _lock_file(path)
        if not readonly:
            self._make(path)
        mode = "ro" if readonly else "rw"
        self._connection = sqlite3.connect(
            f"file:{quote(path)}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=_PATIENCE,
            check_same_thread=False,
            cached_statements=64,
        )
        try:
            self._set_up(path, readonly)
        except BaseException:
            self.close()
            raise

    def _make(self, path: str) -> None:
        """A new file is readable for its owner only, from the first moment on. One that is there is
        never opened by us: closing it would take SQLite's locks on it from the whole process
        (https://sqlite.org/howtocorrupt.html, 2.2)."""
        self._take_lock()
        try:
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        finally:
            self._leave_lock()

    def _set_up(self, path: str, readonly: bool) -> None:
        if readonly:
            self.run("PRAGMA wal_autocheckpoint = 0")
            return
        self._take_lock()
        try:
            mode = self.run("PRAGMA journal_mode = WAL")[0][0]
        except sqlite3.DatabaseError as error:
            if "not a database" in str(error):
                raise LedgerError(f"{path} is no SQLite file") from None
            raise
        finally:
            self._leave_lock()
        if mode != "wal":
            raise LedgerError(f"{path}: this file system cannot hold a ledger (no WAL)")
        self.run("PRAGMA synchronous = FULL")
        self.run("PRAGMA secure_delete = ON")  # what an erasure frees is overwritten

    # ---- Store

    def run(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()

    def run_many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        self._connection.executemany(sql, parameters)

    def run_script(self, sql: str) -> None:
        for statement in sql.split(";\n"):
            if statement.strip():
                self._connection.execute(statement)

    def begin(self) -> Head:
        self._take_lock()
        try:
            self.run("BEGIN IMMEDIATE")
        except BaseException:
            self._leave_lock()
            raise
        head = self.head()
        if head is None:
            raise LedgerError("the ledger has lost its head: run asgi-consent ledger verify")
        return head

    def finish(self, rows: Sequence[Row], head: Head) -> None:
        try:
            self._connection.executemany(_INSERT, rows)
        except sqlite3.IntegrityError as error:
            raise DuplicateError from error
        self.set_head(head)
        self.commit()

    def commit(self) -> None:
        try:
            self.run("COMMIT")
        finally:
            self._leave_lock()

    def rollback(self) -> None:
        try:
            if self._connection.in_transaction:
                self.run("ROLLBACK")
        finally:
            self._leave_lock()

    def close(self) -> None:
        # Closing the last connection runs a checkpoint.
        self._take_lock()
        try:
            self._connection.close()
        finally:
            self._leave_lock()
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def lock_migrations(self) -> None:
        self._take_lock()
        self.run("BEGIN IMMEDIATE")

    def has_table(self, name: str) -> bool:
        return bool(
            self.run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
        )

    def forget(self) -> None:
        self._take_lock()
        try:
            self.run("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._leave_lock()

    # ---- taking turns

    def _take_lock(self) -> None:
        if self._lock is not None and fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _leave_lock(self) -> None:
        if self._lock is not None and fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_UN)


def _lock_file(path: str) -> IO[bytes]:
    descriptor = os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    return os.fdopen(descriptor, "r+b", buffering=0)
