"""What an older version wrote, this one reads: the visitor's cookie, the ledger, the settings.

`python -m tests.released.make` leaves these behind when a version is released.
"""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

import asgi_consent
from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.opening import open_for_writing, reading
from asgi_consent.ledger.records import Event
from asgi_consent.ledger.verify import verify
from asgi_consent.settings import load_settings
from asgi_consent.signing import ConsentSigner
from tests.ledger.conftest import server
from tests.ledger.making import append, record
from tests.ledger.postgresql import Server
from tests.released.make import (
    CONSENT,
    KEY,
    RELEASED,
    TEXT,
    TIME,
    postgresql_ledger,
    sqlite_ledger,
    token,
)

__all__ = ["server"]  # a fixture

FOLDERS = sorted(path for path in RELEASED.iterdir() if re.match(r"\d", path.name))
released = pytest.mark.parametrize("folder", FOLDERS, ids=[path.name for path in FOLDERS])


def test_this_version_has_left_something_behind() -> None:
    assert asgi_consent.__version__ in [folder.name for folder in FOLDERS]


@released
def test_choice_of_then_still_counts(folder: Path) -> None:
    signer = ConsentSigner(
        [KEY], revisions={3}, lifetime=timedelta(days=180), clock=lambda: TIME + 90 * 24 * 3600
    )

    assert signer.read((folder / "token").read_bytes()) == CONSENT


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> LedgerAddress:
    if request.param == "postgresql":
        statements = (folder / "ledger.postgresql.sql").read_text(encoding="utf-8")
        restored: Server = request.getfixturevalue("server")
        return LedgerAddress.parse(restored.restore(statements))
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.executescript((folder / "ledger.sql").read_text(encoding="utf-8"))
    connection.close()
    return LedgerAddress.parse(f"sqlite:///{path}")


@released
def test_ledger_of_then_is_upgraded_goes_on_and_is_whole(
    folder: Path, address: LedgerAddress
) -> None:
    keys = LedgerKeys([KEY])
    open_for_writing(address, keys).close()
    going_on = Ledger(address, keys)
    try:
        append(going_on, record(Event.RENEWED, subject_id=CONSENT.subject_id))
        rows = anyio.run(going_on.history, CONSENT.subject_id)
        assert rows[0].body is not None
        shown = anyio.run(going_on.shown, json.loads(rows[0].body)["shown"])
    finally:
        going_on.close()

    assert [row.event for row in rows] == ["given", "changed", "withdrawn", "renewed"]
    assert shown is not None
    assert shown.document == TEXT
    with reading(address) as store:
        report = verify(store, keys)
    assert report.problems == []
    assert report.signed
    assert report.erased == 1


@released
def test_settings_of_then_are_read(folder: Path) -> None:
    settings = load_settings(str(folder / "consent.toml"))

    assert settings.policy.categories[0].id == "necessary"


def test_what_is_left_behind_can_be_made_again(tmp_path: Path, server: Server) -> None:
    """So that the next release leaves something, too."""
    assert token().startswith(b"v1.")
    assert "consent_record" in sqlite_ledger(tmp_path / "ledger.db")
    assert "consent_record" in postgresql_ledger(server)
