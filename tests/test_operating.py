"""For the operator only: numbers, exports, metrics; for everybody else there is nothing there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from starlette.types import Scope

from asgi_consent import ConsentMiddleware
from asgi_consent.errors import SecretKeyError
from asgi_consent.types import Header
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings
from tests.test_endpoints import cookie_of
from tests.test_recording import PAGE, folder

__all__ = ["folder"]  # a fixture
Protect = Callable[..., ConsentMiddleware]
TOKEN = "operator-1f8a3c5e7092b4d6f8a1c3e5"
BEARER: Header = (b"authorization", b"Bearer " + TOKEN.encode())
PLACES = ["operator", "export", "metrics"]


@pytest.fixture
def app(protect: Protect, monkeypatch: pytest.MonkeyPatch) -> ConsentMiddleware:
    monkeypatch.setenv("ASGI_CONSENT_OPERATOR_TOKEN", TOKEN)
    app = protect(
        SimpleApp(PAGE, headers=[(b"set-cookie", b"odd=1"), (b"content-type", b"text/html")])
    )
    for body in (b"choice=accept", b"choice=accept", b"choice=reject"):
        post(app, "/_consent/choice", body + b"&from=banner")
    return app


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "headers",
    [[], [(b"authorization", b"Bearer wrong")], [(b"cookie", b"asgi_consent_operator=v1.x.y")]],
)
def test_there_is_nothing_for_anybody_else(
    app: ConsentMiddleware, place: str, headers: list[Header]
) -> None:
    answer, nothing = (
        get(app, f"/_consent/{place}", headers),
        get(app, "/_consent/no-such", headers),
    )

    assert answer.status == 404
    assert answer.body == nothing.body


@pytest.mark.parametrize("place", PLACES)
def test_it_is_off_unless_switched_on(protect: Protect, place: str) -> None:
    assert get(protect(SimpleApp()), f"/_consent/{place}", [BEARER]).status == 404


def test_page_shows_numbers_and_pictures(app: ConsentMiddleware) -> None:
    get(app, "/")
    page = get(app, "/_consent/operator", [BEARER]).body.decode()

    assert "3 decisions in 3 records" in page
    assert "2 agreed, 1 refused or withdrawn" in page
    assert "67% (2)" in page
    assert "held back undeclared cookie &#34;odd&#34;" in page


def test_a_browser_comes_in_once_with_the_token_and_then_has_a_cookie(
    app: ConsentMiddleware,
) -> None:
    answer = get(app, f"/_consent/operator?token={TOKEN}")

    assert answer.first("location") == b"/_consent/operator"
    assert b"HttpOnly" in answer.all("set-cookie")[0]
    cookie = cookie_of(answer, b"asgi_consent_operator")
    assert get(app, "/_consent/operator", [cookie]).status == 200
    assert TOKEN.encode() not in cookie[1]


def test_a_cookie_of_the_old_token_ends_with_it(
    app: ConsentMiddleware, protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = cookie_of(get(app, f"/_consent/operator?token={TOKEN}"), b"asgi_consent_operator")
    monkeypatch.setenv("ASGI_CONSENT_OPERATOR_TOKEN", TOKEN[::-1])

    assert get(protect(SimpleApp()), "/_consent/operator", [cookie]).status == 404


@pytest.mark.threat("T6")
def test_after_many_guesses_even_the_right_one_says_nothing(app: ConsentMiddleware) -> None:
    for number in range(25):
        assert get(app, f"/_consent/operator?token=guess-{number}").status == 404

    assert get(app, "/_consent/operator", [BEARER]).status == 404


def test_a_callable_may_know_the_operator(folder: object) -> None:
    async def knows(scope: Scope) -> bool:
        return dict(scope["headers"]).get(b"x-admin") == b"yes"

    app = ConsentMiddleware(SimpleApp(), shop_settings(), SECRET, is_operator=knows)

    assert get(app, "/_consent/operator").status == 404
    assert get(app, "/_consent/operator", [(b"x-admin", b"yes")]).status == 200


@pytest.mark.threat("T7")
def test_a_token_that_can_be_guessed_stops_the_start(
    protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASGI_CONSENT_OPERATOR_TOKEN", "admin")

    with pytest.raises(SecretKeyError, match="ASGI_CONSENT_OPERATOR_TOKEN"):
        protect(SimpleApp())


def test_export_has_every_record(app: ConsentMiddleware) -> None:
    lines = get(app, "/_consent/export?format=jsonl", [BEARER]).body.splitlines()
    table = get(app, "/_consent/export?format=csv", [BEARER]).body.decode().splitlines()

    assert [json.loads(line)["record"]["event"] for line in lines] == ["given", "given", "refused"]
    assert table[0].startswith("number,time,record")
    assert len(table) == 4
    assert get(app, "/_consent/export?format=xls", [BEARER]).status == 400


def test_metrics_count_decisions_and_know_nobody(app: ConsentMiddleware) -> None:
    text = get(app, "/_consent/metrics", [BEARER]).body.decode()

    assert 'consent_decisions_total{event="given",method="banner"} 2.0' in text
    assert 'consent_decisions_total{event="refused",method="banner"} 1.0' in text
    assert "consent_ledger_failures 0.0" in text
    assert "consent_record_seconds_count 3.0" in text
