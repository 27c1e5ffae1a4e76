"""The developer panel: what was done to a page and why, for nobody but who develops."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.developer.trace import declaration_of
from asgi_consent.errors import SettingsError
from asgi_consent.findings import quoted
from asgi_consent.settings import read_settings
from asgi_consent.types import Header
from tests.asgi import Answer, SimpleApp, get, post
from tests.conftest import SHOP
from tests.test_endpoints import cookie_of
from tests.test_recording import folder

__all__ = ["folder"]  # a fixture
Protect = Callable[..., ConsentMiddleware]
HERE: Header = (b"host", b"127.0.0.1:8000")
PAGE = (
    b"<!doctype html><title>x</title><body>"
    b"<script src='https://counter.example/c.js'></script>"
    b"<script src='https://unheard.example/u.js'></script>"
    b"<img src='https://www.google-analytics.com/collect'>"
)


def visit(app: ConsentMiddleware, path: str = "/", headers: Iterable[Header] = ()) -> Answer:
    navigating: list[Header] = [(b"sec-fetch-dest", b"document"), *headers]
    return get(app, path, [HERE, *navigating], client=("127.0.0.1", 5000))


def told(app: ConsentMiddleware, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        visit(app, f"/_consent/developer{query}", [(b"accept", b"application/json")]).body
    )
    return found


@pytest.fixture
def app(protect: Protect, monkeypatch: pytest.MonkeyPatch) -> ConsentMiddleware:
    monkeypatch.setenv("ASGI_CONSENT_DEVELOPER", "1")
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"set-cookie", b"basket=1"),
        (b"set-cookie", b"odd=1"),
    ]
    return protect(SimpleApp(PAGE, headers=headers))


def test_page_links_to_what_was_done_to_it(app: ConsentMiddleware) -> None:
    visit(app, "/first")
    page = visit(app, "/second").body

    assert b'href="/_consent/developer?page=2"' in page
    shown = visit(app, "/_consent/developer?page=1").body
    assert b"GET /first" in shown
    assert told(app, "?page=2")["page"] == "GET /second"


def test_everything_held_back_is_there_with_what_it_was_taken_for(app: ConsentMiddleware) -> None:
    visit(app, headers=[(b"cookie", b"_counter=1; basket=2; zzz=3")])

    seen = told(app)

    assert {(held["of"], held["taken_for"]) for held in seen["held"]} == {
        ("https://counter.example/c.js", "Counter (statistics)"),
        ("https://unheard.example/u.js", "nobody has declared it"),
        ("https://www.google-analytics.com/collect", "Google Analytics 4 (statistics)"),
    }
    assert [(cookie["of"], cookie["allowed"]) for cookie in seen["cookies_sent"]] == [
        *(("_counter", False), ("basket", True), ("zzz", False))
    ]
    assert [(cookie["of"], cookie["allowed"]) for cookie in seen["cookies_set"]] == [
        *(("basket", True), ("odd", False))
    ]


def test_same_page_is_looked_at_again_each_time(app: ConsentMiddleware) -> None:
    """What is remembered is not found again, so that nothing may be."""
    first = (visit(app), told(app)["held"])[1]
    second = (visit(app), told(app)["held"])[1]

    assert first == second
    assert len(first) == 3


def test_pasted_lines_declare_what_nobody_had_declared(
    app: ConsentMiddleware, protect: Protect
) -> None:
    visit(app)
    seen = told(app)
    unknown = [*seen["held"], *seen["cookies_set"]]
    pasted = "\n".join(dict.fromkeys(found["declare"] for found in unknown if found["declare"]))

    declared = tomllib.loads(pasted)["services"]
    assert {service["id"] for service in declared} == {
        *("unheard-example", "google-analytics", "odd")
    }
    again = protect(SimpleApp(PAGE), services=[*SHOP["services"], *declared])
    visit(again)
    taken_for = {found["taken_for"] for found in told(again)["held"]}
    assert "unheard.example (marketing)" in taken_for
    assert "nobody has declared it" not in taken_for


@given(st.text(max_size=80))
def test_lines_for_any_name_are_settings_without_a_mistake(name: str) -> None:
    lines = declaration_of(name, f"cookies = [{{ name = {quoted(name or 'x')} }}]", ())

    service = tomllib.loads(lines)["services"][0]
    if name.strip():
        service["cookies"] = [{"name": "x"}]  # what may stand in a name of a cookie is another test
        read_settings({"services": [service]})
    assert service["name"] == name[:100].encode("utf-8", "replace").decode()


def test_why_names_what_the_decision_was_made_of(app: ConsentMiddleware) -> None:
    visit(app, headers=[(b"sec-gpc", b"1")])
    before = told(app)
    assert {one["about"]: one["found"] for one in before["inputs"]} == {
        "consent cookie": "none that is valid",
        "signals of the browser": "Global Privacy Control",
        "region": "not known",
        "policy": "revision 3",
    }
    assert {one["why"] for one in before["categories"]} == {
        "off until it is agreed to (rule opt-in)"
    }

    given = post(
        app,
        "/_consent/choice",
        b"choice=save&category=statistics&from=banner",
        [HERE, (b"sec-fetch-site", b"same-origin")],
    )
    visit(app, headers=[cookie_of(given, b"asgi_consent"), (b"sec-gpc", b"1")])
    after = {one["id"]: (one["granted"], one["why"]) for one in told(app)["categories"]}
    assert after["statistics"] == (True, "on: agreed to")
    assert after["marketing"] == (False, "off: not agreed to")


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.7", 5000), [HERE]),
        (("127.0.0.1", 5000), [(b"host", b"shop.example")]),
        (("127.0.0.1", 5000), [(b"host", b"localhost.shop.example")]),
        (("127.0.0.1", 5000), [HERE, (b"x-forwarded-for", b"192.0.2.7")]),
        (("127.0.0.1", 5000), [HERE, (b"forwarded", b"for=192.0.2.7")]),
        (None, [HERE]),
    ],
)
def test_there_is_nothing_for_anybody_but_a_browser_on_this_machine(
    app: ConsentMiddleware, client: tuple[str, int] | None, headers: list[Header]
) -> None:
    visit(app)
    navigating = [*headers, (b"sec-fetch-dest", b"document")]

    page = get(app, "/", navigating, client=client)
    panel = get(app, "/_consent/developer", headers, client=client)

    assert b"developer" not in page.body
    assert panel.status == 404
    assert panel.body == get(app, "/_consent/no-such", headers, client=client).body


@pytest.mark.parametrize("value", [None, "", "0"])
def test_it_is_off_unless_switched_on(
    protect: Protect, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("ASGI_CONSENT_DEVELOPER", raising=False)
    else:
        monkeypatch.setenv("ASGI_CONSENT_DEVELOPER", value)
    app = protect(SimpleApp(PAGE))

    assert b"developer" not in visit(app).body
    assert visit(app, "/_consent/developer").status == 404


def test_other_values_are_a_mistake(protect: Protect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASGI_CONSENT_DEVELOPER", "yes")

    with pytest.raises(SettingsError, match=r"ASGI_CONSENT_DEVELOPER.*must be 1 or 0"):
        protect(SimpleApp(PAGE))


def test_markup_of_a_page_stays_text_on_the_panel(
    protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASGI_CONSENT_DEVELOPER", "1")
    app = protect(
        SimpleApp(
            b'<!doctype html><script src="https://bad.example/\'><b>b</b>"></script>',
            headers=[
                (b"content-type", b"text/html"),
                (b"set-cookie", b"<b>c</b>=1"),
            ],
        )
    )
    visit(app, "/?<b>q</b>", [(b"cookie", b"<b>d</b>=1")])

    assert b"<b>" not in visit(app, "/_consent/developer").body


def test_trace_that_fails_leaves_the_page_served(
    app: ConsentMiddleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(ConsentMiddleware, "_name_region", fail)

    answer = visit(app)

    assert answer.status == 200
    assert b"data-consent-src" in answer.body
