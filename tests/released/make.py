"""Writes what the present version leaves behind. Run once, when it is released:

python -m tests.released.make
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import anyio

import asgi_consent
from asgi_consent.assets import TEMPLATES
from asgi_consent.consent import Consent, Status
from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.records import Event
from asgi_consent.ledger.store import Shown
from asgi_consent.signing import ConsentSigner
from tests.ledger.making import record
from tests.ledger.postgresql import Server, serving

RELEASED = Path(__file__).parent
KEY = "artefacts-of-releases-0123456789-abcdefgh"
TIME = 1_790_000_000  # seconds since the epoch
TEXT = "<p>May we?</p>"
ERASED = "e5Tq1aSd8fGh3jKl7zXcVg"
CONSENT = Consent(
    Status.GIVEN,
    categories=frozenset(("preferences", "statistics")),
    services=frozenset(("youtube",)),
    subject_id="JxP0C0CZ5qLw8m1TnQ7d3A",
    record_id="r9Yk2hVb6sXe4uGf0oWzNg",
    revision=3,
    time=TIME,
    answered=True,
    gpc=True,
    objected=True,
    noticed=2,
)


def token() -> bytes:
    signer = ConsentSigner(
        [KEY], revisions={3}, lifetime=timedelta(days=180), clock=lambda: float(TIME)
    )
    return signer.write(CONSENT)


def sqlite_ledger(path: Path) -> str:
    """As the statements that build it again."""
    write(LedgerAddress.parse(f"sqlite:///{path}"))
    with sqlite3.connect(path) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def postgresql_ledger(server: Server) -> str:
    """The same."""
    url = server.fresh_url()
    write(LedgerAddress.parse(url))
    return server.dump(url)


def write(address: LedgerAddress) -> None:
    """Records of all kinds, and one that is erased."""
    subject = CONSENT.subject_id
    shown = Shown(hashlib.sha256(TEXT.encode()).hexdigest(), "en", TEXT)
    made = Ledger(address, LedgerKeys([KEY]))

    async def run() -> None:
        await made.append([record(subject_id=subject, shown=shown.hash)], [shown])
        for event in (Event.CHANGED, Event.WITHDRAWN):
            await made.append([record(event, subject_id=subject, shown=shown.hash)])
        await made.append([record(Event.REFUSED, status=Status.REFUSED, after=())])
        await made.append([record(subject_id=ERASED)])
        await made.erase(ERASED)

    try:
        anyio.run(run)
    finally:
        made.close()


def main() -> int:
    folder = RELEASED / asgi_consent.__version__
    if folder.exists():
        print(f"{folder} is there already; a release does not change", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch, serving() as server:
        on_sqlite = sqlite_ledger(Path(scratch) / "ledger.db")
        on_postgresql = postgresql_ledger(server)
    folder.mkdir()
    (folder / "token").write_bytes(token())
    (folder / "ledger.sql").write_text(on_sqlite, encoding="utf-8")
    (folder / "ledger.postgresql.sql").write_text(on_postgresql, encoding="utf-8")
    shutil.copy(TEMPLATES / "consent.toml", folder / "consent.toml")
    print(f"wrote {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
