"""`asgi-consent ledger …` as an operator uses it, on a ledger that an app has written."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.cli import main
from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.records import Event
from tests.asgi import SECRET, SimpleApp, get, post
from tests.ledger.making import append, record
from tests.test_recording import DOCUMENT, PAGE, field

Protect = Callable[..., ConsentMiddleware]
DAY = 24 * 3600 * 1000


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/ledger.db"
    monkeypatch.setenv("ASGI_CONSENT_LEDGER", url)
    monkeypatch.setenv("ASGI_CONSENT_SECRET_KEY", SECRET)
    return url


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(LedgerAddress.parse(url), LedgerKeys([SECRET]))


def ten_records(ledger: Ledger) -> None:
    append(
        ledger, *(record() for _ in range(6)), *(record(Event.REFUSED, after=()) for _ in "1234")
    )
    ledger.close()


def test_verify_says_that_all_is_well(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    ten_records(ledger)

    assert main(["ledger", "verify"]) == 0

    said = capsys.readouterr().out
    assert "10 records, all as they were recorded; signed by this key" in said


def test_verify_names_a_record_that_was_edited(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ten_records(ledger)
    with sqlite3.connect(tmp_path / "ledger.db") as database:
        database.execute(
            "UPDATE consent_record SET body = replace(body, '3', '4') WHERE number = 7"
        )
    database.close()

    assert main(["ledger", "verify"]) == 1

    said = capsys.readouterr()
    assert said.out.startswith("record 7 was edited")
    assert "1 problem in" in said.err


def test_verify_needs_only_the_public_key(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ten_records(ledger)
    monkeypatch.delenv("ASGI_CONSENT_SECRET_KEY")

    assert main(["ledger", "verify", "--key", ledger.keys.public[0]]) == 0
    assert "signed by this key" in capsys.readouterr().out
    assert main(["ledger", "verify"]) == 0
    assert "signature not checked: no key" in capsys.readouterr().out


def test_checkpoint_is_what_verify_compares_with(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ten_records(ledger)
    main(["ledger", "checkpoint"])
    published = tmp_path / "checkpoints"
    published.write_text(capsys.readouterr().out)

    assert main(["ledger", "verify", "--checkpoint", str(published)]) == 0

    line = json.loads(published.read_text())
    published.write_text(json.dumps({**line, "number": 9}))
    assert main(["ledger", "verify", "--checkpoint", str(published)]) == 2
    assert "has another key" in capsys.readouterr().err


def test_stats_counts(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    ten_records(ledger)

    assert main(["ledger", "stats", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["events"] == {"given": 6, "refused": 4}
    assert found["granted"] == {"statistics": 6}
    assert found["shown"] == {"unknown": {"accepted": 6, "refused": 4}}
    main(["ledger", "stats"])
    assert "statistics               6  60%" in capsys.readouterr().out


def test_replay_shows_what_the_visitor_saw(
    protect: Protect, capsys: pytest.CaptureFixture[str]
) -> None:
    app = protect(SimpleApp(PAGE))
    shown = field(get(app, "/", [DOCUMENT]), "shown")
    post(app, "/_consent/choice", f"choice=accept&shown={shown}".encode())
    app.ledger.close()
    main(["ledger", "export"])
    id_ = json.loads(capsys.readouterr().out)["record"]["record"]

    assert main(["ledger", "replay", id_, "--text"]) == 0

    said = capsys.readouterr().out
    assert said.index("[Reject all]") < said.index("[Accept all]")
    assert "May we use cookies?" in said
    assert "[x]" not in said.replace("[x]", "", 1)  # only the necessary is ticked
    assert main(["ledger", "replay", id_]) == 0
    assert capsys.readouterr().out.lstrip().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "nosuch"], "there is no record 'nosuch'"),
        (["purge", "--older-than", "5d"], "a choice in force needs its record"),
        (["purge", "--older-than", "soon"], "expected such as 30d"),
        (["verify", "--url", "mysql://x"], 'expected "sqlite:///PATH"'),
        (["verify", "--key", "did:key:zzz"], "not a public key"),
        (["verify", "--checkpoint", "/nowhere"], "/nowhere"),
        (["stats", "--url", "sqlite:////nowhere/x.db"], "there is no ledger at /nowhere/x.db"),
        (["verify", "--url", "off"], "the ledger is off"),
    ],
)
def test_a_mistake_gets_one_line(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    ten_records(ledger)

    try:
        code = main(["ledger", *arguments])
    except SystemExit as error:
        code = int(str(error.code))

    assert code == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_purge_forgets_what_is_old_and_the_chain_verifies(
    ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen = record(time=1_000)
    append(ledger, record(time=1_000), frozen, record(time=1_000))
    append(ledger, record(Event.RESTRICTED, subject_id=frozen.subject_id, time=2_000))
    append(ledger, *(record(time=3_000) for _ in range(450)))
    now = ledger._writer.now()
    append(ledger, record(time=now - DAY))
    ledger.close()

    assert main(["ledger", "purge"]) == 0

    assert capsys.readouterr().out == "452 records purged\n"
    assert main(["ledger", "verify"]) == 0
    main(["ledger", "export"])
    kept = [json.loads(line) for line in capsys.readouterr().out.splitlines()[1:]]
    left = [line["record"]["event"] for line in kept if line["record"]]
    assert left == ["given", "restricted", "given", "purged", "purged", "purged"]
    assert kept[0]["number"] == 2  # the first row was cut off


def test_erase_forgets_one_visitor(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    mine = record()
    append(ledger, mine, record())
    ledger.close()

    assert main(["ledger", "erase", mine.subject_id]) == 0
    assert main(["ledger", "erase", mine.subject_id]) == 1
    assert main(["ledger", "verify"]) == 0
    assert "1 records, 1 erased" not in capsys.readouterr().err


@pytest.mark.threat("T12")
def test_export_as_csv_is_safe_to_open(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    append(ledger, record(extras={"user-agent": "=cmd"}, before=("a", "b")))
    ledger.close()

    assert main(["ledger", "export", "--format", "csv"]) == 0

    (line,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (line["event"], line["before"], line["number"]) == ("given", "a b", "1")


def test_upgrade_makes_a_ledger_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "stats"]) == 2
    assert main(["ledger", "upgrade"]) == 0
    assert "applied migration 1" in capsys.readouterr().out
    assert main(["ledger", "upgrade"]) == 0
    assert "is up to date" in capsys.readouterr().out


def test_reseal_lets_a_new_key_go_on(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ten_records(ledger)
    new = SECRET[::-1]
    monkeypatch.setenv("ASGI_CONSENT_SECRET_KEY", new)
    assert main(["ledger", "verify"]) == 1

    assert main(["ledger", "reseal"]) == 0

    append(other := Ledger(LedgerAddress.parse(url), LedgerKeys([new])), record())
    other.close()
    assert main(["ledger", "verify"]) == 0
