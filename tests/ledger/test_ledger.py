"""Recording: durable, in one order, safe to repeat, erasable."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from asgi_consent.consent import new_id
from asgi_consent.errors import LedgerError, RecordError
from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.opening import open_for_writing, open_store, reading
from asgi_consent.ledger.records import Event, Record, read_record
from asgi_consent.ledger.retention import Purger
from asgi_consent.ledger.store import Shown, Store
from asgi_consent.ledger.verify import verify
from tests.asgi import SECRET
from tests.ledger.making import NOW, append, record


def test_what_is_appended_is_there_for_another_connection(ledger: Ledger, store: Store) -> None:
    given = record()

    append(ledger, given)

    (row,) = store.rows()
    assert row.body is not None
    assert read_record(row.body) == given
    assert (row.number, row.subject_id, row.event) == (1, given.subject_id, "given")


def test_many_at_once_are_all_recorded_and_in_a_chain(ledger: Ledger, store: Store) -> None:
    records = [record() for _ in range(200)]

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            for one in records:
                tasks.start_soon(ledger.append, [one])

    anyio.run(run)

    assert {row.record_id for row in store.all_rows()} == {one.record_id for one in records}
    assert verify(store, ledger.keys).problems == []


@pytest.mark.threat("T25")
def test_a_record_that_is_sent_twice_is_recorded_once(ledger: Ledger, store: Store) -> None:
    again, new = record(), record()
    append(ledger, again)

    anyio.run(ledger.append, [again, new])

    assert [row.record_id for row in store.rows()] == [again.record_id, new.record_id]
    assert verify(store, ledger.keys).problems == []


def test_several_machines_write_one_verifiable_order(
    address: LedgerAddress, keys: LedgerKeys, store: Store
) -> None:
    """Each thread has a ledger object of its own, as a process on another machine has."""

    def machine() -> None:
        ledger = Ledger(address, keys, patience=30)
        append(ledger, *(record() for _ in range(25)))
        ledger.close()

    threads = [threading.Thread(target=machine) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    report = verify(store, keys)
    assert (report.records, report.problems) == (100, [])


def test_history_is_the_visitors_own(ledger: Ledger) -> None:
    mine, other = record(), record()
    later = record(Event.WITHDRAWN, subject_id=mine.subject_id)
    append(ledger, mine, other, later)

    history = anyio.run(ledger.history, mine.subject_id)

    assert [row.record_id for row in history] == [mine.record_id, later.record_id]
    assert anyio.run(ledger.history, new_id()) == []


def test_what_was_shown_is_kept_once(ledger: Ledger, store: Store) -> None:
    shown = Shown("ab" * 32, "en", "<p>May we?</p>")

    append(ledger, record(), record(), shown=[shown])

    assert anyio.run(ledger.shown, shown.hash) == shown
    assert store.run("SELECT count(*) FROM consent_shown") == [(1,)]


def test_after_an_erasure_nothing_of_the_visitor_is_left_and_the_chain_verifies(
    ledger: Ledger, store: Store
) -> None:
    mine, other = record(), record()
    append(ledger, mine, other, record(subject_id=mine.subject_id))

    assert anyio.run(ledger.erase, mine.subject_id) == 2

    rows = store.rows()
    assert [row.body is None for row in rows] == [True, False, True, False]
    assert [(row.salt, row.time, row.record_id) for row in rows if row.body is None] == [
        (None, None, None)
    ] * 2
    assert mine.subject_id not in str(rows)
    report = verify(store, ledger.keys)
    assert (report.records, report.erased, report.problems) == (2, 2, [])


def test_erased_text_is_not_left_over_in_the_files(tmp_path: Path, keys: LedgerKeys) -> None:
    ledger = Ledger(LedgerAddress.parse(f"sqlite:///{tmp_path}/ledger.db"), keys)
    mine = record()
    append(ledger, mine, *(record() for _ in range(20)))

    anyio.run(ledger.erase, mine.subject_id)

    ledger.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"statistics" in kept
    assert mine.subject_id.encode() not in kept
    assert mine.record_id.encode() not in kept


def test_an_erasure_also_forgets_what_still_waits_to_be_recorded(
    tmp_path: Path, keys: LedgerKeys, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "missing"
    ledger = Ledger(LedgerAddress.parse(f"sqlite:///{folder}/ledger.db"), keys)
    mine, other = record(Event.WITHDRAWN), record(Event.WITHDRAWN)
    ledger.append_later(mine)
    ledger.append_later(other)
    with pytest.raises(LedgerError):
        append(ledger, record())
    folder.mkdir()
    ledger._writer.forget_later(mine.subject_id)
    ledger._writer._rest_until = 0

    ledger.close()

    store = open_store(ledger.address, readonly=True)
    assert [row.record_id for row in store.rows()] == [other.record_id]
    store.close()


def test_erasing_nobody_changes_nothing(ledger: Ledger, store: Store) -> None:
    append(ledger, record())

    assert anyio.run(ledger.erase, new_id()) == 0

    assert len(store.rows()) == 1


# ---- when it cannot be written


def test_a_ledger_out_of_reach_is_told_and_heals(
    tmp_path: Path, keys: LedgerKeys, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "missing"
    ledger = Ledger(LedgerAddress.parse(f"sqlite:///{folder}/ledger.db"), keys)
    for _ in range(5):
        with pytest.raises(LedgerError):
            append(ledger, record())

    assert len(caplog.records) == 1
    assert "only what is necessary is granted" in caplog.text

    folder.mkdir()
    ledger._writer._rest_until = 0  # as after the pause
    append(ledger, record())
    assert ledger.failures == 0
    assert "can be written again" in caplog.text
    ledger.close()


def test_a_no_is_recorded_as_soon_as_the_ledger_is_back(
    tmp_path: Path, keys: LedgerKeys, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "missing"
    ledger = Ledger(LedgerAddress.parse(f"sqlite:///{folder}/ledger.db"), keys)
    withdrawn, given = record(Event.WITHDRAWN), record()
    with pytest.raises(LedgerError):
        append(ledger, withdrawn)
    assert ledger.append_later(withdrawn)

    folder.mkdir()
    ledger._writer._rest_until = 0
    append(ledger, given)

    ledger.close()
    store = open_store(ledger.address, readonly=True)
    assert {row.record_id for row in store.rows()} == {withdrawn.record_id, given.record_id}
    store.close()


def test_postgresql_that_was_restarted_is_found_again(server: object, keys: LedgerKeys) -> None:
    from tests.ledger.postgresql import Server

    assert isinstance(server, Server)
    ledger = Ledger(LedgerAddress.parse(server.fresh_url()), keys)
    append(ledger, record())
    server.stop()
    with pytest.raises(LedgerError):
        append(ledger, record())

    server.start()

    ledger._writer._rest_until = 0
    append(ledger, record())
    ledger.close()


@pytest.mark.threat("T26")
def test_a_forged_head_is_never_built_upon(ledger: Ledger, store: Store) -> None:
    append(ledger, record())
    store.run("UPDATE consent_head SET number = number + 1")

    with pytest.raises(LedgerError, match="not signed by our key"):
        append(ledger, record())


@pytest.mark.threat("T26")
def test_a_ledger_that_was_turned_back_is_noticed(ledger: Ledger, store: Store) -> None:
    append(ledger, record())
    old = store.head()
    assert old is not None
    append(ledger, record())
    store.run("DELETE FROM consent_record WHERE number = 2")
    store.set_head(old)
    if store.name == "postgresql":
        store.commit()

    with pytest.raises(LedgerError, match="turned back"):
        append(ledger, record())


def test_whoever_gives_up_waiting_is_recorded_as_invalidated(
    address: LedgerAddress, keys: LedgerKeys, store: Store
) -> None:
    """The visitor was told that it failed; the ledger must not say otherwise."""
    ledger = Ledger(address, keys)
    append(ledger, record())
    ledger._patience = 0.2
    given = record()
    store.begin()  # holds the lock
    try:
        with pytest.raises(LedgerError, match=r"longer than 0\.2 seconds"):
            append(ledger, given)
    finally:
        store.rollback()

    ledger.close()
    events = [row.event for row in store.rows_of(given.subject_id)]
    assert events == ["given", "invalidated"]


def test_a_process_that_forks_has_a_writer_of_its_own(tmp_path: Path, keys: LedgerKeys) -> None:
    ledger = Ledger(LedgerAddress.parse(f"sqlite:///{tmp_path}/ledger.db"), keys)
    append(ledger, record())

    child = os.fork()
    if child == 0:
        try:
            append(ledger, record())
            ledger.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    append(ledger, record())

    ledger.close()
    store = open_store(ledger.address, readonly=True)
    assert len(store.rows()) == 3
    assert verify(store, keys).problems == []
    store.close()


# ---- opening


def test_a_process_that_leaves_takes_nothing_from_those_that_stay(
    tmp_path: Path, keys: LedgerKeys
) -> None:
    """Closing a file takes all locks of its process with it (https://sqlite.org/howtocorrupt.html,
    2.2): a process that then closes the ledger would take itself for the last, and remove the
    log that the others still write to."""
    address = LedgerAddress.parse(f"sqlite:///{tmp_path}/ledger.db")
    ledger = Ledger(address, keys)
    append(ledger, record())
    open_for_writing(address, keys).close()  # as the daily purge does
    leave = (
        "import sys; from asgi_consent.ledger.address import LedgerAddress as Address; "
        "from asgi_consent.ledger.keys import LedgerKeys; "
        "from asgi_consent.ledger.opening import open_for_writing; "
        "open_for_writing(Address.parse(sys.argv[1]), LedgerKeys([sys.argv[2]])).close()"
    )

    subprocess.run([sys.executable, "-c", leave, str(address), SECRET], check=True)

    assert (tmp_path / "ledger.db-wal").exists()
    append(ledger, record())
    with reading(address) as seen:
        assert len(seen.rows()) == 2
    ledger.close()
    with reading(address) as seen:
        assert verify(seen, keys).problems == []


def test_a_new_ledger_gets_its_schema_and_an_old_one_keeps_it(
    address: LedgerAddress, keys: LedgerKeys
) -> None:
    first = open_for_writing(address, keys)
    head = first.head()
    first.close()

    again = open_for_writing(address, keys)

    assert again.is_current()
    assert again.head() == head
    again.close()


def test_a_ledger_of_a_newer_version_is_left_alone(
    address: LedgerAddress, keys: LedgerKeys, store: Store
) -> None:
    store.run("INSERT INTO consent_migration VALUES (999, 0)")

    with pytest.raises(LedgerError, match="newer version"):
        open_for_writing(address, keys)


def test_a_file_of_something_else_is_no_ledger(tmp_path: Path, keys: LedgerKeys) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes, and more notes, and even more of them, so that it is long" * 20)

    with pytest.raises(LedgerError, match="no SQLite file"):
        open_for_writing(LedgerAddress.parse(f"sqlite:///{path}"), keys)


def test_the_files_of_a_ledger_are_their_owners_only(tmp_path: Path, keys: LedgerKeys) -> None:
    open_for_writing(LedgerAddress.parse(f"sqlite:///{tmp_path}/ledger.db"), keys).close()

    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {"0o600"}


@pytest.mark.parametrize(
    "url", ["", "ledger.db", "sqlite://", "sqlite:///", "mysql://x/y", "postgresql://host"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        LedgerAddress.parse(url)


def test_an_address_is_shown_without_its_password() -> None:
    url = "postgresql://us:hunter2@db/consent?password=hunter3&sslmode=require"

    shown = str(LedgerAddress.parse(url))

    assert shown == "postgresql://us@db/consent?password=…&sslmode=require"


# ---- records


@pytest.mark.parametrize(
    "fields",
    [
        {"after": ("jan@example.com",)},
        {"language": "<script>"},
        {"shown": "me"},
        {"subject_id": "short"},
        {"rule": "call +49 30 1234"},
        {"software": "curl"},
        {"extras": {"name": "Jan"}},
        {"signals": ("a b",)},
    ],
)
def test_a_record_holds_only_what_belongs_there(fields: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        record(**fields)


def test_a_record_survives_its_text() -> None:
    made = record(signals=("gpc",), extras={"ip": "192.0.2.1"}, before=("marketing",))

    assert read_record(made.body()) == made


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"event": "given"}', "[" * 100_000])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        read_record(text)


def test_logging_is_quiet_while_all_is_well(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    append(ledger, Record(Event.EXPIRED, NOW, subject_id=new_id()))

    assert caplog.text == ""


def test_keys_of_another_secret_do_not_open_the_same_ledger(ledger: Ledger) -> None:
    append(ledger, record())
    other = Ledger(ledger.address, LedgerKeys([SECRET[::-1]]))

    with pytest.raises(LedgerError, match="not signed by our key"):
        append(other, record())
    other.close()


def test_a_rotated_key_goes_on_with_the_ledger(ledger: Ledger, store: Store) -> None:
    append(ledger, record())
    rotated = Ledger(ledger.address, LedgerKeys([SECRET, SECRET[::-1]]))

    append(rotated, record())

    rotated.close()
    assert verify(store, LedgerKeys([SECRET[::-1]])).problems == []


def test_what_was_kept_long_enough_is_purged_while_the_app_runs(
    ledger: Ledger, store: Store
) -> None:
    append(ledger, record(time=1000), record(time=ledger._writer.now()))
    done = threading.Event()

    def purge() -> int:
        count = ledger._purge(ledger._before(timedelta(days=400)))
        done.set()
        return count

    purger = Purger(purge, first=0.01)
    purger.start()
    assert done.wait(30)
    purger.stop()

    assert [row.event for row in store.rows(store.head().anchor_number)] == ["given", "purged"]  # type: ignore[union-attr]
    assert verify(store, ledger.keys).problems == []
