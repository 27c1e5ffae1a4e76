"""The choice line: a decision takes effect once it is recorded, and only then."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.ledger.opening import open_store
from asgi_consent.ledger.records import Record, read_record
from asgi_consent.ledger.verify import verify
from asgi_consent.types import Header, Message
from tests.asgi import Answer, SimpleApp, get, post
from tests.test_endpoints import SAME, cookie_of, state

Protect = Callable[..., ConsentMiddleware]

PAGE = b"<!doctype html><html><head></head><body>x</body></html>"
JSON: Header = (b"accept", b"application/json")
DOCUMENT: Header = (b"sec-fetch-dest", b"document")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger is in a folder that can be taken away."""
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setenv("ASGI_CONSENT_LEDGER", f"sqlite:///{folder}/ledger.db")
    return folder


@pytest.fixture
def app(protect: Protect) -> ConsentMiddleware:
    return protect(SimpleApp(PAGE))


def records(app: ConsentMiddleware) -> list[Record]:
    app.ledger.close()
    store = open_store(app.ledger.address, readonly=True)
    assert verify(store, app.ledger.keys).problems == []
    found = [read_record(row.body or "") for row in store.rows()]
    store.close()
    return found


def field(page: Answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.body.decode())
    assert found is not None
    return found[1]


def out_of_reach(app: ConsentMiddleware, folder: Path) -> None:
    folder.rename(folder.with_name("away"))


def back_again(app: ConsentMiddleware, folder: Path) -> None:
    folder.with_name("away").rename(folder)
    app.ledger._writer._rest_until = 0  # as after its pause


def test_a_choice_is_in_the_ledger_before_its_answer(app: ConsentMiddleware) -> None:
    page = get(app, "/", [DOCUMENT])
    shown = field(page, "shown")

    answer = post(
        app, "/_consent/choice", f"choice=accept&from=banner&shown={shown}".encode(), [SAME]
    )

    (record,) = records(app)
    assert (record.event, record.status) == ("given", "given")
    assert record.after == ("marketing", "preferences", "statistics")
    assert (record.revision, record.rule, record.method) == (3, "opt-in", "banner")
    assert (record.shown, record.language) == (shown, "en")
    found = state(app, cookie_of(answer))
    assert (found["record"], found["subject"]) == (record.record_id, record.subject_id)


def test_record_tells_the_language_it_was_asked_in(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE.replace(b"<html>", b"<html lang=el>")))
    page = get(app, headers=[DOCUMENT])
    fields = f"choice=reject&from=banner&shown={field(page, 'shown')}&lang={field(page, 'lang')}"

    post(app, "/_consent/choice", fields.encode())

    (record,) = records(app)
    assert record.language == "el"


def test_what_was_shown_can_be_shown_again(app: ConsentMiddleware) -> None:
    shown = field(get(app, "/", [DOCUMENT]), "shown")
    post(app, "/_consent/choice", f"choice=reject&shown={shown}".encode())

    document = anyio.run(app.ledger.shown, shown)

    assert document is not None
    assert re.findall(r"<button[^>]*>([^<]+)</button>", document.document)[:2] == [
        "Reject all",
        "Accept all",
    ]
    assert "<style>" in document.document
    assert "May we use cookies?" in document.document


@pytest.mark.threat("T25")
def test_what_was_shown_is_never_taken_from_the_visitors_word(app: ConsentMiddleware) -> None:
    post(app, "/_consent/choice", b"choice=accept&shown=" + b"ab" * 32)

    (record,) = records(app)
    assert record.shown == ""


def test_what_another_process_has_shown_is_known_from_the_ledger(
    app: ConsentMiddleware, protect: Protect
) -> None:
    shown = field(get(app, "/", [DOCUMENT]), "shown")
    post(app, "/_consent/choice", f"choice=accept&shown={shown}".encode())
    newer = protect(SimpleApp(PAGE), site={"name": "Another name"})

    post(newer, "/_consent/choice", f"choice=accept&shown={shown}".encode())

    assert [record.shown for record in records(newer)] == [shown, shown]


def test_each_step_is_a_record_and_says_what_was_before(app: ConsentMiddleware) -> None:
    cookie = cookie_of(post(app, "/_consent/choice", b"choice=save&category=statistics"))
    for body in (
        b"choice=save&category=statistics",
        b"choice=save&category=statistics&category=marketing",
        b"choice=reject&from=preferences",
        b"choice=reject",
    ):
        cookie = cookie_of(post(app, "/_consent/choice", body, [SAME, cookie]))

    found = records(app)
    assert [record.event for record in found] == [
        "given",
        "renewed",
        "changed",
        "withdrawn",
        "refused",
    ]
    assert found[2].before == ("statistics",)
    assert found[3].before == ("marketing", "statistics")
    assert found[3].method == "preferences"
    assert len({record.subject_id for record in found}) == 1
    assert len({record.record_id for record in found}) == 5


def test_an_expired_choice_is_recorded_as_such_with_the_next_one(
    app: ConsentMiddleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = cookie_of(post(app, "/_consent/choice", b"choice=accept"))
    signer = app._visitor._signer
    monkeypatch.setattr(signer, "_clock", lambda: 4_000_000_000.0)

    post(app, "/_consent/choice", b"choice=accept", [SAME, cookie])

    assert [record.event for record in records(app)] == ["given", "expired", "given"]


def test_a_service_allowed_once_is_recorded(app: ConsentMiddleware) -> None:
    post(app, "/_consent/choice", b"choice=once&service=films&from=placeholder")

    (record,) = records(app)
    assert (record.event, record.method, record.after) == (
        "allowed-once",
        "placeholder",
        ("films",),
    )


@pytest.mark.threat("T24")
def test_nothing_about_the_visitors_machine_is_recorded(app: ConsentMiddleware) -> None:
    headers = [SAME, (b"user-agent", b"Browser/1"), (b"referer", b"http://shop.example/page")]
    post(app, "/_consent/choice", b"choice=accept", headers, client=("192.0.2.7", 5))

    (record,) = records(app)
    assert record.extras == {}
    assert not {"192.0.2.7", "Browser/1", "/page"} & set(re.split('[":,]', record.body()))


def test_what_the_operator_switches_on_is_recorded(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE), ledger={"keep": ["ip", "user-agent", "url"]})
    headers = [SAME, (b"user-agent", b"Browser/1"), (b"referer", b"http://shop.example/page?q=1")]

    post(app, "/_consent/choice", b"choice=accept", headers, client=("192.0.2.7", 5))

    (record,) = records(app)
    assert record.extras == {"ip": "192.0.2.7", "user-agent": "Browser/1", "url": "/page"}


@pytest.mark.threat("T24")
def test_personal_data_in_an_address_is_never_recorded(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE), ledger={"keep": ["url"]})
    headers = [SAME, (b"referer", b"http://shop.example/orders/jan%40example.com")]

    post(app, "/_consent/choice", b"choice=accept", headers)

    (record,) = records(app)
    assert record.extras == {}


# ---- pages


def test_page_requests_touch_no_database(
    app: ConsentMiddleware, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = cookie_of(post(app, "/_consent/choice", b"choice=accept"))

    def forbidden(*job: object) -> None:
        raise AssertionError("a page request asked for the ledger")

    monkeypatch.setattr(app.ledger._writer, "submit", forbidden)
    monkeypatch.setattr(sqlite3, "connect", forbidden)
    for path in ("/", "/a", "/_consent/preferences", "/_consent/state", "/_consent/guard.js"):
        for headers in ([DOCUMENT], [DOCUMENT, cookie]):
            assert get(app, path, headers).status == 200


def test_a_ledger_that_is_never_needed_is_never_made(app: ConsentMiddleware, folder: Path) -> None:
    get(app, "/", [DOCUMENT])

    assert [*folder.iterdir()] == []


# ---- when it cannot be recorded


@pytest.mark.threat("T34")
def test_a_yes_that_cannot_be_recorded_does_not_count_and_the_visitor_is_told(
    app: ConsentMiddleware, folder: Path
) -> None:
    out_of_reach(app, folder)

    answer = post(app, "/_consent/choice", b"choice=accept")

    assert answer.status == 503
    assert answer.first("retry-after") == b"10"
    assert b"could not be recorded just now, so it does not count" in answer.body
    found = state(app, cookie_of(answer))
    assert (found["categories"], found["services"], found["answered"]) == ([], [], False)


def test_scripts_are_told_too(app: ConsentMiddleware, folder: Path) -> None:
    out_of_reach(app, folder)

    answer = post(app, "/_consent/choice", b"choice=accept", [SAME, JSON])

    assert answer.status == 503
    assert b"could not be recorded" in answer.body


def test_nothing_is_granted_by_silence_either_after_a_yes_that_was_not_recorded(
    protect: Protect, folder: Path
) -> None:
    app = protect(SimpleApp(PAGE), region={"rule": "opt-out"})
    out_of_reach(app, folder)

    answer = post(app, "/_consent/choice", b"choice=accept")

    assert state(app, cookie_of(answer))["categories"] == []


def test_a_wider_yes_that_cannot_be_recorded_ends_the_old_one(
    app: ConsentMiddleware, folder: Path
) -> None:
    before = cookie_of(post(app, "/_consent/choice", b"choice=save&category=statistics"))
    out_of_reach(app, folder)
    app.ledger._writer._disconnect()

    answer = post(app, "/_consent/choice", b"choice=accept", [SAME, before])

    assert answer.status == 503
    assert state(app, cookie_of(answer))["categories"] == []
    back_again(app, folder)
    assert [record.event for record in records(app)] == ["given", "invalidated"]


@pytest.mark.threat("T34")
def test_a_no_takes_effect_even_so_and_is_recorded_later(
    app: ConsentMiddleware, folder: Path
) -> None:
    before = cookie_of(post(app, "/_consent/choice", b"choice=accept"))
    out_of_reach(app, folder)
    app.ledger._writer._disconnect()

    answer = post(app, "/_consent/choice", b"choice=reject", [SAME, before])

    assert answer.status == 303
    assert state(app, cookie_of(answer))["status"] == "withdrawn"
    back_again(app, folder)
    assert [record.event for record in records(app)] == ["given", "withdrawn"]


def test_one_page_of_a_service_needs_its_record_too(app: ConsentMiddleware, folder: Path) -> None:
    out_of_reach(app, folder)

    answer = post(app, "/_consent/choice", b"choice=once&service=films")

    assert answer.status == 503
    assert answer.all("set-cookie") == []


# ---- with the app


def test_the_ledger_opens_and_closes_with_the_app(protect: Protect, folder: Path) -> None:
    async def lifespan(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            pass

    app = protect(lifespan)
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Message:
        return {"type": next(messages)}

    async def send(message: Message) -> None: ...

    anyio.run(app, {"type": "lifespan"}, receive, send)

    assert (folder / "ledger.db").exists()
    assert not (folder / "ledger.db-wal").exists()
