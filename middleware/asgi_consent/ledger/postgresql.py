"""The ledger in PostgreSQL, for several machines.

The one row of `consent_head` is what writers queue for: whoever holds it knows the end of the chain
and appends to it, so that all machines write one order. A group of records is two round trips.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.chain import Head, Row
from asgi_consent.ledger.store import DuplicateError, Parameters, Store

_CONNECT = 3  # seconds
#: no statement of a writer may take longer: who waits is a visitor
_PATIENCE = 4000  # milliseconds
_MIGRATION_LOCK = 0x61736769  # any number that is ours: "asgi"

_INSERT = f"INSERT INTO consent_record VALUES ({', '.join(['%s'] * len(Row._fields))})".encode()
_HEAD = Head._fields
_BEGIN = f"SELECT {', '.join(_HEAD)} FROM consent_head FOR UPDATE".encode()
_SET_HEAD = f"UPDATE consent_head SET {', '.join(f'{name} = %s' for name in _HEAD)}".encode()


class PostgresqlStore(Store):
    name = "postgresql"
    errors = (psycopg.Error, OSError)

    def __init__(self, url: str, *, readonly: bool = False) -> None:
        self._connection = psycopg.connect(
            url, autocommit=True, connect_timeout=_CONNECT, application_name="asgi-consent"
        )
        self._cursor = self._connection.cursor()
        if readonly:
            self._cursor.execute(b"SET default_transaction_read_only = on")
        else:
            # Durable, whatever the server's default is.
            self._cursor.execute(b"SET synchronous_commit = on")
            self._cursor.execute(f"SET statement_timeout = {_PATIENCE}".encode())

    # ---- Store

    def run(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        cursor = self._cursor.execute(sql.replace("?", "%s").encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        self._cursor.executemany(sql.replace("?", "%s").encode(), parameters)

    def run_script(self, sql: str) -> None:
        self._cursor.execute(sql.encode())

    def begin(self) -> Head:
        with self._connection.pipeline():
            self._cursor.execute(b"BEGIN")
            row = self._cursor.execute(_BEGIN).fetchone()
        if row is None:
            raise LedgerError("the ledger has lost its head: run asgi-consent ledger verify")
        return Head(*row)

    def finish(self, rows: Sequence[Row], head: Head) -> None:
        try:
            with self._connection.pipeline():
                self._cursor.executemany(_INSERT, rows)
                self._cursor.execute(_SET_HEAD, head)
                self._cursor.execute(b"COMMIT")
        except UniqueViolation as error:
            raise DuplicateError from error

    def commit(self) -> None:
        self._cursor.execute(b"COMMIT")

    def rollback(self) -> None:
        if not self._connection.closed:
            self._cursor.execute(b"ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def lock_migrations(self) -> None:
        self._cursor.execute(b"BEGIN")
        self.run("SELECT pg_advisory_xact_lock(?)", (_MIGRATION_LOCK,))

    def has_table(self, name: str) -> bool:
        # Not to_regclass, which may answer from before somebody else's commit.
        sql = "SELECT 1 FROM pg_tables WHERE tablename = ? AND schemaname = ANY(current_schemas(?))"
        return bool(self.run(sql, (name, False)))

    def forget(self) -> None:
        self._cursor.execute(b"VACUUM consent_record")
