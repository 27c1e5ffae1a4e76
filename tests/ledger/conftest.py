"""Every test that takes `address` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.opening import open_for_writing
from asgi_consent.ledger.store import Store
from tests.asgi import SECRET
from tests.ledger import postgresql


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    try:
        with postgresql.serving() as server:
            yield server
    except FileNotFoundError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> LedgerAddress:
    if request.param == "sqlite":
        return LedgerAddress.parse(f"sqlite:///{tmp_path}/ledger.db")
    server: postgresql.Server = request.getfixturevalue("server")
    return LedgerAddress.parse(server.fresh_url())


@pytest.fixture
def keys() -> LedgerKeys:
    return LedgerKeys([SECRET])


@pytest.fixture
def ledger(address: LedgerAddress, keys: LedgerKeys) -> Iterator[Ledger]:
    ledger = Ledger(address, keys)
    yield ledger
    ledger.close()


@pytest.fixture
def store(address: LedgerAddress, keys: LedgerKeys) -> Iterator[Store]:
    """A connection of its own, next to that of `ledger`."""
    store = open_for_writing(address, keys)
    yield store
    store.close()
