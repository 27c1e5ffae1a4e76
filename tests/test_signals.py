"""What browsers say on their own: heard exactly, never a grant, never the visitor's own choice."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from asgi_consent.errors import SettingsError
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.policy import Rule
from asgi_consent.region_profiles import regional_rules
from asgi_consent.settings import read_settings
from asgi_consent.signals import do_not_track, read_signals
from asgi_consent.types import Receive, Scope, Send

SECRET = "0123456789abcdef-only-for-these-tests-0123456789"


class Told:
    """An app that remembers the consent it was told."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.consent = scope["consent"]
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<!doctype html><p>shop"})


@given(st.binary(max_size=4))
def test_only_an_exact_one_is_a_signal(value: bytes) -> None:
    assert read_signals([(b"sec-gpc", value)]).gpc is (value == b"1")


def test_one_of_several_headers_is_enough() -> None:
    assert read_signals([(b"sec-gpc", b"0"), (b"sec-gpc", b"1")]).gpc


def test_do_not_track_counts_only_where_it_is_switched_on() -> None:
    app = Told()
    rule = {"region": {"rule": "opt-out"}}
    for on, granted in ((False, True), (True, False)):
        protected = ConsentMiddleware(app, {**rule, "signals": {"do_not_track": on}}, SECRET)
        TestClient(protected).get("/", headers={"dnt": "1"})
        assert app.consent.allows("marketing") is granted
    assert app.consent.allows("statistics")


def test_page_says_which_signal_is_honoured() -> None:
    protected = ConsentMiddleware(Told(), {"signals": {"do_not_track": True}}, SECRET)

    page = TestClient(protected).get("/", headers={"dnt": "1"}).text

    assert "(Do Not Track)" in page
    assert "Opt-out signal honoured" in page
    assert "Opt-out signal honoured" not in TestClient(protected).get("/").text


def test_further_signals_can_be_plugged_in_and_fail_towards_privacy() -> None:
    app = Told()

    def broken(headers: object) -> bool:
        raise ValueError

    for reader in (lambda headers: (b"x-myterms", b"no") in headers, broken):
        protected = ConsentMiddleware(
            app, {"region": {"rule": "opt-out"}}, SECRET, signals={"MyTerms": reader}
        )
        page = TestClient(protected).get("/", headers={"x-myterms": "no"}).text
        assert not app.consent.allows("marketing")
        assert "(MyTerms)" in page


def test_signal_is_never_written_as_a_choice() -> None:
    client = TestClient(ConsentMiddleware(Told(), {}, SECRET))

    answer = client.get("/", headers={"sec-gpc": "1"})

    assert "set-cookie" not in answer.headers
    assert client.get("/_consent/state").json()["status"] == "unknown"


def test_support_file_says_what_is_true() -> None:
    published = {"policy": {"published": date(2026, 11, 1)}}
    for settings, expected in (
        ({}, {"gpc": True}),
        (published, {"gpc": True, "lastUpdate": "2026-11-01"}),
        ({"mode": "observe"}, {"gpc": False}),
        ({"categories": {"marketing": False}}, {"gpc": False}),
    ):
        answer = TestClient(ConsentMiddleware(Told(), settings, SECRET)).get(
            "/.well-known/gpc.json"
        )
        assert answer.json() == expected
        assert answer.headers["content-type"].startswith("application/json")


def test_app_may_answer_the_support_file_itself() -> None:
    protected = ConsentMiddleware(Told(), {"signals": {"gpc_file": False}}, SECRET)

    assert "shop" in TestClient(protected).get("/.well-known/gpc.json").text


# ---- regions


def test_app_can_name_the_region() -> None:
    app = Told()
    settings = {"region": {"from_app": True, "rules": {"US": "opt-out"}}}
    for region, granted in (("US", True), ("DE", False), ("", False)):

        def named(scope: Scope, region: str = region) -> str:
            return region

        TestClient(ConsentMiddleware(app, settings, SECRET, region=named)).get("/")
        assert app.consent.allows("statistics") is granted


def test_region_that_cannot_be_told_gets_the_strictest_rule() -> None:
    app = Told()

    def broken(scope: Scope) -> str:
        raise KeyError("geo")

    settings = {"region": {"from_app": True, "rule": "notice", "rules": {"DE": "opt-in"}}}
    TestClient(ConsentMiddleware(app, settings, SECRET, region=broken)).get("/")

    assert not app.consent.allows("statistics")


def test_settings_that_leave_the_region_to_the_app_need_it_to_be_named() -> None:
    with pytest.raises(SettingsError, match="region=…"):
        ConsentMiddleware(Told(), {"region": {"from_app": True}}, SECRET)


def test_nobody_is_asked_where_the_rule_is_off() -> None:
    app = Told()

    page = TestClient(ConsentMiddleware(app, {"region": {"rule": "off"}}, SECRET)).get("/").text

    assert app.consent.allows("marketing")
    assert "Accept all" not in page
    assert "Cookie settings" in page


@pytest.mark.parametrize(
    ("region", "rule"),
    [
        ("FR", Rule.OPT_IN),
        ("GB", Rule.OPT_IN),
        ("BR", Rule.OPT_IN),
        ("CN", Rule.OPT_IN),
        ("CA-QC", Rule.OPT_IN),
        ("CA-ON", Rule.OPT_OUT),
        ("CH", Rule.OPT_OUT),
        ("US-CA", Rule.OPT_OUT),
        ("US-TX", Rule.OPT_OUT),
        ("JP", Rule.OPT_IN),
        ("XX", Rule.OPT_IN),
    ],
)
def test_profiles_give_each_region_its_rule(region: str, rule: Rule) -> None:
    settings = {"region": {"header": "CF-IPCountry", "profiles": True}}

    assert read_settings(settings).policy.region.rule_for(region) is rule


def test_own_rule_comes_before_the_profile() -> None:
    settings = {"region": {"header": "X-R", "profiles": True, "rules": {"CH": "opt-in"}}}

    assert read_settings(settings).policy.region.rule_for("CH") is Rule.OPT_IN
    assert regional_rules()["CH"] is Rule.OPT_OUT


def test_header_of_do_not_track_is_exact() -> None:
    assert do_not_track([(b"dnt", b"1")])
    assert not do_not_track([(b"dnt", b"0")])
