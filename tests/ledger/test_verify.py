"""`verify` finds what was done to the ledger behind its back, and names the record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from asgi_consent.ledger.chain import Row, commit_to, link
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.records import Event
from asgi_consent.ledger.store import Shown, Store
from asgi_consent.ledger.verify import verify
from tests.ledger.making import append, record

TEXT = "<p>May we?</p>"
SHOWN = Shown(hashlib.sha256(TEXT.encode()).hexdigest(), "en", TEXT)
Tamper = Callable[[Store], None]


def put(store: Store, row: Row) -> None:
    marks = ", ".join("?" * 9)
    store.run("DELETE FROM consent_record WHERE number = ?", (row.number,))
    store.run(f"INSERT INTO consent_record VALUES ({marks})", row)


def edit_body(store: Store) -> None:
    store.run(
        "UPDATE consent_record SET body = replace(body, 'statistics', 'marketing') WHERE number = 5"
    )


def edit_column(store: Store) -> None:
    store.run("UPDATE consent_record SET event = 'refused' WHERE number = 5")


def edit_with_new_commitment(store: Store) -> None:
    """Whoever edits also recalculates what only depends on the row."""
    row = store.rows(4, 1)[0]
    assert row.body is not None
    assert row.salt is not None
    body = row.body.replace("statistics", "marketing")
    put(store, row._replace(body=body, commitment=commit_to(row.salt, body)))


def edit_and_recalculate_all(store: Store) -> None:
    """… and all hashes after it; the signature cannot be made without the key."""
    row = store.rows(4, 1)[0]
    assert row.body is not None
    assert row.salt is not None
    body = row.body.replace("statistics", "marketing")
    last = store.rows(3, 1)[0].hash
    changed = row._replace(body=body, commitment=commit_to(row.salt, body))
    for row in [changed, *store.rows(5)]:
        last = link(last, row.commitment)
        put(store, row._replace(hash=last))
    store.run("UPDATE consent_head SET hash = ?", (last,))


def remove_one(store: Store) -> None:
    store.run("DELETE FROM consent_record WHERE number = 5")


def remove_last(store: Store) -> None:
    store.run("DELETE FROM consent_record WHERE number > 8")


def remove_first(store: Store) -> None:
    store.run("DELETE FROM consent_record WHERE number < 3")


def remove_and_renumber(store: Store) -> None:
    store.run("DELETE FROM consent_record WHERE number = 5")
    for row in store.rows(5):
        store.run(
            "UPDATE consent_record SET number = ? WHERE number = ?", (row.number - 1, row.number)
        )


def insert(store: Store) -> None:
    rows = store.rows(4)
    for row in reversed(rows):
        store.run(
            "UPDATE consent_record SET number = ? WHERE number = ?", (row.number + 1, row.number)
        )
    new = record()
    body, salt, commitment = new.body(), bytes(32), commit_to(bytes(32), new.body())
    before = store.rows(3, 1)[0].hash
    put(
        store,
        Row(
            5,
            new.record_id,
            new.subject_id,
            new.event,
            new.time,
            body,
            salt,
            commitment,
            link(before, commitment),
        ),
    )


def append_without_key(store: Store) -> None:
    new = record()
    body, commitment = new.body(), commit_to(bytes(32), new.body())
    put(
        store,
        Row(
            11,
            new.record_id,
            new.subject_id,
            new.event,
            new.time,
            body,
            bytes(32),
            commitment,
            link(store.rows(9, 1)[0].hash, commitment),
        ),
    )


def swap(store: Store) -> None:
    store.run("UPDATE consent_record SET number = 99 WHERE number = 5")
    store.run("UPDATE consent_record SET number = 5 WHERE number = 6")
    store.run("UPDATE consent_record SET number = 6 WHERE number = 99")


def edit_what_was_shown(store: Store) -> None:
    store.run("UPDATE consent_shown SET document = '<p>Another text</p>'")


def lose_what_was_shown(store: Store) -> None:
    store.run("DELETE FROM consent_shown")


def empty(store: Store) -> None:
    store.blank([5])


def lose_head(store: Store) -> None:
    store.run("DELETE FROM consent_head")


@pytest.mark.threat("T26")
@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (edit_body, "record 5 was edited"),
        (edit_column, "record 5 was edited: its columns"),
        (edit_with_new_commitment, "record 5 does not follow the record before it"),
        (edit_and_recalculate_all, "the head is not signed by this key"),
        (remove_one, "record 5 was removed"),
        (remove_last, "records 9 to 10 were removed"),
        (remove_first, "records 1 to 2 were removed"),
        (remove_and_renumber, "record 5 does not follow the record before it"),
        (insert, "record 6 follows record 4: what stands between them was inserted"),
        (append_without_key, "record 11 was inserted after the signed end"),
        (swap, "record 5 was reordered"),
        (empty, "record 5 was emptied, and no erasure"),
        (edit_what_was_shown, f"what was shown as {SHOWN.hash[:16]} was edited"),
        (lose_what_was_shown, "record 1 was shown something that is kept no more"),
        (lose_head, "the ledger has no head"),
    ],
)
def test_tampering_is_found_and_named(
    ledger: Ledger, store: Store, keys: LedgerKeys, tamper: Tamper, said: str
) -> None:
    append(ledger, *(record(shown=SHOWN.hash) for _ in range(10)), shown=[SHOWN])
    assert verify(store, keys).problems == []

    tamper(store)

    problems = verify(store, keys).problems
    assert any(said in problem for problem in problems), problems


@pytest.mark.threat("T26")
def test_history_rewritten_with_the_key_is_found_by_a_published_checkpoint(
    ledger: Ledger, store: Store, keys: LedgerKeys
) -> None:
    append(ledger, *(record() for _ in range(3)))
    published = store.head()
    assert published is not None
    append(ledger, record())

    edit = store.rows(1, 1)[0]
    assert edit.salt is not None
    body = record().body()
    changed = edit._replace(body=body, commitment=commit_to(edit.salt, body))
    last = store.rows(0, 1)[0].hash
    for row in [changed, *store.rows(2)]:
        last = link(last, row.commitment)
        put(store, row._replace(hash=last))
    head = store.head()
    assert head is not None
    store.set_head(head._replace(hash=last).sealed(keys))

    problems = verify(store, keys, [published]).problems
    assert "record 3 is not the one of the checkpoint: history was rewritten" in problems


@pytest.mark.threat("T26")
def test_a_ledger_cut_back_to_an_old_head_is_found_by_a_checkpoint(
    ledger: Ledger, store: Store, keys: LedgerKeys
) -> None:
    append(ledger, record(), record())
    old = store.head()
    append(ledger, record())
    published = store.head()
    assert old is not None
    assert published is not None
    store.run("DELETE FROM consent_record WHERE number = 3")
    store.set_head(old)

    assert verify(store, keys).problems == []
    assert "was not met" in verify(store, keys, [published]).problems[0]


@pytest.mark.threat("T26")
def test_an_erasure_that_names_rows_it_may_not_is_no_excuse_for_others(
    ledger: Ledger, store: Store, keys: LedgerKeys
) -> None:
    append(ledger, record(), record(), record(Event.ERASED, subject_id="", numbers=(1,)))
    store.blank([1, 2])

    assert verify(store, keys).problems == [
        "record 2 was emptied, and no erasure or purge accounts for it"
    ]


def test_records_that_come_while_it_reads_are_no_trouble(
    ledger: Ledger, store: Store, keys: LedgerKeys
) -> None:
    append(ledger, *(record() for _ in range(3)))

    report = verify(store, keys, progress=lambda number: append(ledger, record()))

    assert (report.records, report.problems) == (3, [])
