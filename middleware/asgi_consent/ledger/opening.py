"""From the address of a ledger to an open store."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.chain import Head
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.sqlite import SqliteStore
from asgi_consent.ledger.store import Store


def open_store(address: LedgerAddress, *, readonly: bool = False) -> Store:
    """Raises LedgerError where it cannot be opened, and why in one line."""
    kind = _postgresql() if address.kind == "postgresql" else SqliteStore
    try:
        return kind(address.target, readonly=readonly)
    except kind.errors as error:
        raise LedgerError(f"{address} cannot be opened: {one_line(error)}") from error


@contextmanager
def reading(address: LedgerAddress) -> Iterator[Store]:
    """A store to read from, for as long as the context lasts. Raises LedgerError."""
    store = open_store(address, readonly=True)
    try:
        yield store
    except store.errors as error:
        raise LedgerError(f"{address}: {one_line(error)}") from error
    finally:
        store.close()


def open_for_writing(address: LedgerAddress, keys: LedgerKeys) -> Store:
    """The same, with the newest schema. Raises LedgerError."""
    store = open_store(address)
    try:
        if not store.is_current():
            upgrade(store, keys)
    except store.errors as error:
        store.close()
        raise LedgerError(f"{address} cannot be upgraded: {one_line(error)}") from error
    except BaseException:
        store.close()
        raise
    return store


def upgrade(store: Store, keys: LedgerKeys) -> list[int]:
    """Bring the schema up to date; gives the numbers of the migrations that were missing."""

    def seal(head: Head) -> Head:
        return head.sealed(keys)

    return store.upgrade(secrets.token_urlsafe(12), seal)


def _postgresql() -> type[Store]:
    try:
        from asgi_consent.ledger.postgresql import PostgresqlStore
    except ImportError:
        raise LedgerError(
            'a ledger in PostgreSQL needs psycopg: pip install "asgi-consent[postgresql]"'
        ) from None
    return PostgresqlStore


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
