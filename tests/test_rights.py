"""A visitor's rights: by possession of the signed cookie, without an account, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.opening import open_store
from asgi_consent.ledger.proof import signed, signer_of
from asgi_consent.ledger.verify import verify
from asgi_consent.types import Header
from tests.asgi import SECRET, Answer, SimpleApp, get, post
from tests.test_endpoints import SAME, cookie_of, state
from tests.test_recording import DOCUMENT, JSON, PAGE, field, folder, out_of_reach, records

Protect = Callable[..., ConsentMiddleware]
__all__ = ["folder"]  # a fixture

CONTROLLER = {"name": "Shop Ltd", "contact": "privacy@shop.example", "country": "NO"}


@pytest.fixture
def app(protect: Protect) -> ConsentMiddleware:
    return protect(SimpleApp(PAGE), controller=CONTROLLER, ledger={"location": "Oslo"})


def chosen(app: ConsentMiddleware, body: bytes = b"choice=accept") -> Header:
    shown = field(get(app, "/", [DOCUMENT]), "shown").encode()
    return cookie_of(post(app, "/_consent/choice", body + b"&from=banner&shown=" + shown))


def rights(app: ConsentMiddleware, *cookies: Header) -> str:
    answer = get(app, "/_consent/rights", cookies)
    assert answer.status == 200
    return unescape(answer.body.decode())


def do(app: ConsentMiddleware, action: str, cookie: Header, *more: Header) -> Answer:
    return post(
        app, "/_consent/rights", f"action={action}&from=rights".encode(), [SAME, cookie, *more]
    )


def receipt(app: ConsentMiddleware, cookie: Header, form: str = "json") -> dict[str, Any]:
    answer = get(app, f"/_consent/receipt?as={form}", [cookie])
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


# ---- access


def test_page_shows_state_history_and_cookies(app: ConsentMiddleware) -> None:
    cookie = chosen(app, b"choice=save&category=statistics")
    name, value = cookie
    browser = (name, value + b"; basket=1; _counter_x=2; stranger=3")

    page = rights(app, browser)

    assert "In use: Statistics" in page
    assert "You agreed" in page
    assert re.search(r"<code>_counter_x</code></td><td>Counter</td><td>statistics", page)
    assert re.search(r"<code>stranger</code></td><td>Nobody has declared it", page)
    assert "Your choice on this site" in page
    assert value.partition(b"=")[2].decode() not in page  # names, never values


def test_page_says_why_each_category_is_on_or_off(app: ConsentMiddleware) -> None:
    page = rights(app, chosen(app, b"choice=save&category=statistics"), (b"sec-gpc", b"1"))

    assert "<strong>Statistics</strong>: on: agreed to." in page
    assert "<strong>Marketing</strong>: off: not agreed to." in page
    assert "<strong>Marketing</strong>: off until it is agreed to (rule opt-in)." in rights(app)


def test_a_stranger_sees_nothing_and_is_asked_for_nothing(app: ConsentMiddleware) -> None:
    chosen(app)

    page = rights(app)

    assert "Nothing is recorded about you" in page
    assert "<input" not in page.replace('<input type="hidden" name="from" value="rights">', "")


@pytest.mark.threat("T24")
def test_another_visitors_records_are_out_of_reach(app: ConsentMiddleware) -> None:
    mine, other = chosen(app), chosen(app)
    theirs = state(app, other)

    assert str(theirs["record"]) not in rights(app, mine)
    for address in (
        f"/_consent/shown?record={theirs['record']}",
        f"/_consent/receipt?record={theirs['record']}&subject={theirs['subject']}",
        f"/_consent/rights?subject={theirs['subject']}",
    ):
        assert str(theirs["record"]).encode() not in get(app, address, [mine]).body
    forged = (b"cookie", b"asgi_consent=v1." + quote(str(theirs["subject"])).encode())
    assert "Nothing is recorded about you" in rights(app, forged)


def test_what_was_shown_opens_from_the_page_and_can_run_nothing(app: ConsentMiddleware) -> None:
    cookie = chosen(app)
    link = re.search(r'href="(/_consent/shown[^"]+)"', rights(app, cookie))
    assert link is not None

    answer = get(app, link[1], [cookie])

    assert b"May we use cookies?" in answer.body
    policy = answer.first("content-security-policy") or b""
    assert b"default-src 'none'" in policy
    assert b"sandbox" in policy


# ---- a copy


def test_receipt_says_who_what_and_when(app: ConsentMiddleware) -> None:
    found = receipt(app, chosen(app))

    assert found["schema_version"] == "ISO/IEC TS 27560:2023"
    assert found["pii_controllers"][0]["party_name"] == "Shop Ltd"
    assert (found["jurisdiction"], found["storage_locations"]) == ("NO", ["Oslo"])
    assert found["privacy_notice"] == "http://shop.example/privacy"
    assert found["withdrawal_method"] == "http://shop.example/_consent/rights"
    purposes = {entry["category"]: entry for entry in found["purposes"]}
    assert purposes["statistics"]["recipients"][0]["vendor"] == "Counter Ltd"
    (event,) = found["events"]
    assert event["granted"] == ["marketing", "preferences", "statistics"]


def test_receipt_in_the_words_of_the_data_privacy_vocabulary(app: ConsentMiddleware) -> None:
    found = receipt(app, chosen(app), "json-ld")

    assert found["@type"] == "dpv:ConsentReceipt"
    assert found["@context"]["dpv"] == "https://w3id.org/dpv#"
    assert found["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert found["dct:hasPart"][0]["@type"] == "dpv:ConsentRecord"
    assert signer_of(found) == app.ledger.keys.public[0]


def test_receipt_to_read(app: ConsentMiddleware) -> None:
    answer = get(app, "/_consent/receipt?as=page", [chosen(app)])

    assert b"Shop Ltd, privacy@shop.example" in answer.body
    assert app.ledger.keys.public[0].encode() in answer.body


def test_receipt_proves_its_place_in_the_chain(app: ConsentMiddleware) -> None:
    from asgi_consent.ledger.chain import commit_to, read_checkpoint

    found = receipt(app, chosen(app))

    evidence = found["events"][0]["ledger"]
    commitment = commit_to(bytes.fromhex(evidence["salt"]), evidence["body"])
    assert commitment.hex() == evidence["commitment"]
    assert read_checkpoint(json.dumps(found["ledger"]["checkpoint"])).is_sealed(app.ledger.keys)


def test_nobody_without_records_gets_a_receipt(app: ConsentMiddleware) -> None:
    assert get(app, "/_consent/receipt").status == 404


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text, "Genuine: signed by this site"),
        (lambda text: json.dumps(json.loads(text)), "Genuine: signed by this site"),
        (
            lambda text: text.replace("statistics", "marketing"),
            "Not genuine: the receipt was changed",
        ),
        (lambda text: text.replace("assertionMethod", "x"), "Not genuine: the receipt was changed"),
        (lambda text: text[:-20], "This is no receipt: it cannot be read"),
        (lambda text: "{}", "Not genuine: this is no receipt"),
        (lambda text: "[" * 50_000, "This is no receipt"),
        (lambda text: '{"proof": {"proofValue": "z"}}', "Not genuine: this is no receipt"),
    ],
    ids=["same", "spaced", "edited", "proof", "cut", "empty", "deep", "half"],
)
def test_anybody_can_check_a_receipt(
    app: ConsentMiddleware, change: Callable[[str], str], said: str
) -> None:
    text = get(app, "/_consent/receipt?as=json", [chosen(app)]).body.decode()

    answer = post(app, "/_consent/check", b"receipt=" + quote(change(text)).encode(), [])

    assert said in unescape(answer.body.decode())


def test_a_receipt_that_somebody_else_has_signed_is_not_genuine(app: ConsentMiddleware) -> None:
    text = json.dumps(signed({"status": "given"}, LedgerKeys([SECRET[::-1]]), 0))

    answer = post(app, "/_consent/check", b"receipt=" + quote(text).encode(), [JSON])

    assert json.loads(answer.body) == {
        "verdict": "Not genuine: it is signed, and not by this site.",
        "genuine": False,
    }


def test_public_keys_are_public(app: ConsentMiddleware) -> None:
    assert json.loads(get(app, "/_consent/keys").body) == {"keys": app.ledger.keys.public}


# ---- acting


def test_withdrawing_takes_one_press(app: ConsentMiddleware) -> None:
    answer = do(app, "withdraw", chosen(app))

    assert answer.status == 303
    assert answer.first("location") == b"/_consent/rights?done=withdraw"
    assert state(app, cookie_of(answer))["status"] == "withdrawn"
    assert [(r.event, r.method) for r in records(app)] == [
        ("given", "banner"),
        ("withdrawn", "rights"),
    ]


def test_objecting_switches_marketing_off_and_nothing_else(app: ConsentMiddleware) -> None:
    cookie = cookie_of(do(app, "object", chosen(app)))

    assert state(app, cookie)["categories"] == ["preferences", "statistics"]
    assert "You objected to Marketing" in rights(app, cookie)
    assert records(app)[-1].event == "objected"


def test_an_objection_outlives_other_choices_until_a_yes_to_the_same(
    app: ConsentMiddleware,
) -> None:
    cookie = cookie_of(do(app, "object", chosen(app)))
    for body, holds in ((b"choice=save&category=statistics", True), (b"choice=accept", False)):
        cookie = cookie_of(post(app, "/_consent/choice", body, [SAME, cookie]))
        assert ("You objected to Marketing" in rights(app, cookie)) is holds
        assert ("marketing" in str(state(app, cookie)["categories"])) is not holds


def test_an_objection_counts_before_any_choice_too(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE), region={"rule": "opt-out"})

    cookie = cookie_of(do(app, "object", (b"x", b"y")))

    assert "marketing" not in str(state(app, cookie)["categories"])


def test_a_restricted_record_is_frozen_until_the_visitor_lifts_it(app: ConsentMiddleware) -> None:
    cookie = cookie_of(do(app, "restrict", chosen(app)))

    assert state(app, cookie)["categories"] == []
    assert b"May we use cookies?" not in get(app, "/", [DOCUMENT, cookie]).body
    assert post(app, "/_consent/choice", b"choice=accept", [SAME, cookie]).status == 409
    assert do(app, "withdraw", cookie).status == 409

    lifted = cookie_of(do(app, "lift", cookie))
    assert b"May we use cookies?" in get(app, "/", [DOCUMENT, lifted]).body
    assert [record.event for record in records(app)] == ["given", "restricted", "lifted"]


def test_erasing_leaves_nothing_of_the_visitor_anywhere(app: ConsentMiddleware) -> None:
    name, value = chosen(app)
    found = state(app, (name, value))

    answer = do(app, "erase", (name, value + b"; _counter_x=2; basket=1"))

    assert answer.first("clear-site-data") == b'"storage"'
    removed = {v.partition(b"=")[0] for v in answer.all("set-cookie") if b"Max-Age=0" in v}
    assert {b"asgi_consent", b"_counter_x"} <= removed
    assert b"basket" not in removed
    app.ledger.close()
    store = open_store(app.ledger.address, readonly=True)
    assert verify(store, app.ledger.keys).problems == []
    assert str(found["subject"]) not in str(store.rows())
    store.close()
    assert "Nothing is recorded about you" in rights(app, (name, value))


@pytest.mark.threat("T1")
@pytest.mark.parametrize("action", ["withdraw", "object", "restrict", "erase"])
def test_only_a_page_of_this_site_can_act(app: ConsentMiddleware, action: str) -> None:
    cookie = chosen(app)

    body = f"action={action}".encode()
    answer = post(app, "/_consent/rights", body, [(b"sec-fetch-site", b"cross-site"), cookie])

    assert answer.status == 403
    assert len(records(app)) == 1


def test_an_unknown_action_is_refused(app: ConsentMiddleware) -> None:
    assert do(app, "sell", chosen(app)).status == 400


# ---- limits


def stop_the_clock(app: ConsentMiddleware) -> None:
    """No limit is refilled while a slow machine asks."""
    for handler in app._endpoints._routes.values():
        owner: Any = getattr(handler, "__self__", None)
        for name in ("_asking", "_again"):
            if hasattr(owner, name):
                getattr(owner, name)._clock = lambda: 0.0
                getattr(owner, name)._buckets.clear()


@pytest.mark.threat("T25")
@pytest.mark.parametrize("address", ["rights", "receipt?as=json", "shown?record=x"])
def test_too_many_questions_get_429_and_when_to_come_back(
    app: ConsentMiddleware, address: str
) -> None:
    cookie = chosen(app)
    stop_the_clock(app)
    for _ in range(60):
        assert get(app, f"/_consent/{address}", [cookie]).status in (200, 404)

    answer = get(app, f"/_consent/{address}", [cookie])

    assert answer.status == 429
    assert int(answer.first("retry-after") or 0) >= 1
    assert get(app, f"/_consent/{address}", [chosen(app)]).status != 429  # of somebody else


@pytest.mark.threat("T25")
def test_too_many_choices_of_one_visitor_are_not_recorded(app: ConsentMiddleware) -> None:
    cookie = chosen(app)
    stop_the_clock(app)
    answers = [
        post(app, "/_consent/choice", b"choice=accept", [SAME, cookie]).status for _ in range(70)
    ]

    assert answers[59] == 303
    assert answers[-1] == 429
    assert len(records(app)) < 65


def test_out_of_reach_is_said_and_not_mistaken_for_nothing(
    app: ConsentMiddleware, folder: Any
) -> None:
    cookie = chosen(app)
    out_of_reach(app, folder)
    app.ledger._writer._disconnect()

    answer = get(app, "/_consent/rights", [cookie])

    assert answer.status == 503
    assert b"out of reach just now" in answer.body
