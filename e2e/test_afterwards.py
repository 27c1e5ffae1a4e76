"""After a yes, after a no, and after a withdrawal."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

import pytest

from asgi_consent.demo.app import Demo
from e2e.conftest import Visit, World
from e2e.test_before_a_choice import PAGES
from e2e.visitor import CONSENT, NECESSARY, Visitor
from e2e.world import SECRET_KEY, demo_settings, serving

EMAIL, PASSWORD, NAME = "ines@halden.example", "aperture", "Ines"


def sign_in(visitor: Visitor, *, remember: bool = False) -> None:
    visitor.opens("/account")
    visitor.page.get_by_label("E-mail").fill(EMAIL)
    visitor.page.get_by_label("Password").fill(PASSWORD)
    if remember:
        visitor.page.get_by_label("Remember me").check()
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.get_by_role("heading", name=f"Hello, {NAME}").wait_for()


def sign_out(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.get_by_role("heading", name="Sign in").wait_for()


@pytest.mark.clause("C5", "C34")
def test_yes_loads_everything_that_is_declared(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/cameras/m1")
    visitor.accepts()

    for host in ("analytics", "ads", "tags", "video", "maps", "fonts", "chat"):
        visitor.waits_for(f"{host}.localhost")
    visitor.leaves()
    visitor.waits_for("analytics.localhost", "/leave")
    assert {"_tally", "_forkroad", "visit_number", "recently_viewed"} <= set(visitor.jar())


@pytest.mark.clause("C12", "C34")
def test_yes_is_no_yes_to_what_is_not_declared(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()
    visitor.waits_for("tags.localhost")  # the tag manager runs, and inserts an undeclared script
    visitor.waits_for("ads.localhost", "/adlane.js")
    visitor.leaves()

    assert visitor.recorder.at("mystery.localhost") == []
    assert visitor.recorder.at("hints.localhost") == []
    assert "mystery" not in visitor.stored()

    lab = visit(host="lab.localhost")
    lab.opens("/elements")
    lab.accepts()
    lab.leaves()
    assert lab.recorder.at("legacy.localhost") == []
    assert "undeclared" not in lab.jar()


@pytest.mark.clause("C12")
def test_operator_is_told_what_is_not_declared(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    world = Demo(demo_settings(), SECRET_KEY)
    with serving(world) as port:
        visitor = visit()
        visitor.port = port
        visitor.context.add_cookies([{"name": "odd", "value": "1", "url": visitor.address("/")}])
        visitor.opens()

    assert 'undeclared cookie "odd"' in caplog.text
    assert 'undeclared link of host "hints.localhost"' in caplog.text
    assert "odd" not in visitor.jar()


@pytest.mark.clause("C2")
def test_visitors_are_told_apart_only_after_a_yes(visit: Visit) -> None:
    numbers: list[str | None] = []
    for answer in ("Accept all", "Accept all", "Reject all"):
        visitor = visit()
        visitor.opens()
        visitor.presses(answer)
        visitor.opens()
        numbers.append(visitor.jar().get("visit_number", {}).get("value"))

    first, second, refused = numbers
    assert first
    assert second
    assert first != second
    assert refused is None


@pytest.mark.clause("C3")
def test_sign_in_name_is_remembered_only_with_preferences(visit: Visit) -> None:
    for answer, remembered in (("Accept all", EMAIL), ("Reject all", "")):
        visitor = visit()
        visitor.opens()
        visitor.presses(answer)
        sign_in(visitor, remember=True)
        sign_out(visitor)

        assert visitor.page.get_by_label("E-mail").input_value() == remembered


@pytest.mark.clause("C4", "C24")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_signing_in_and_its_protection_work_after_a_no(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens("/account")
    visitor.rejects()

    sign_in(visitor)
    sign_out(visitor)

    forged = visitor.context.request.post(
        visitor.address("/account"), form={"email": EMAIL, "password": PASSWORD, "form": "forged"}
    )
    assert forged.status == 403


@pytest.mark.clause("C10", "C11")
def test_nothing_stored_holds_the_address_name_or_password(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()
    sign_in(visitor, remember=True)
    for path in PAGES:
        visitor.opens(path)

    values = [cookie["value"] for cookie in visitor.context.cookies()]
    values += visitor.page.evaluate(
        "[...Object.values(localStorage), ...Object.values(sessionStorage)]"
    )
    kept = "\n".join([*values, *map(_decoded, values)]).lower()
    for secret in (EMAIL, NAME, PASSWORD):
        for spelling in (
            secret,
            quote(secret),
            base64.b64encode(secret.encode()).decode().rstrip("="),
            *(hashlib.new(kind, secret.encode()).hexdigest() for kind in ("md5", "sha1", "sha256")),
        ):
            assert spelling.lower() not in kept, (secret, spelling)


def _decoded(value: str) -> str:
    """Every dot-separated part read as base64, as signed cookies are written."""
    parts = [
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        for part in value.split(".")
        if part.isascii()
        and len(part) % 4 != 1
        and part.replace("-", "").replace("_", "").isalnum()
    ]
    return "\n".join(part.decode("utf-8", "replace") for part in parts)


@pytest.mark.clause("C13")
def test_look_of_the_site_is_kept_only_with_preferences(visit: Visit) -> None:
    for answer, kept in (("Reject all", False), ("Accept all", True)):
        visitor = visit()
        visitor.opens()
        visitor.presses(answer)
        visitor.page.get_by_role("button", name="Dark look").click()
        visitor.page.wait_for_load_state("load")

        assert ("look" in visitor.jar()) is kept
        assert visitor.page.locator("html[data-look=dark]").count() == int(kept)


@pytest.mark.clause("C14")
def test_after_a_no_only_the_server_counts(visit: Visit, world: World) -> None:
    visitor = visit()
    visitor.opens()
    visitor.rejects()
    before = world.demo.site.views

    for path in PAGES:
        visitor.opens(path)
    counted = world.demo.site.views - before
    visitor.leaves()

    assert visitor.sent() == []
    assert visitor.stored() <= NECESSARY | {CONSENT}
    assert counted == len(PAGES)


@pytest.mark.clause("C9", "C51")
def test_one_withdrawal_empties_every_store(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/cameras/m1")
    visitor.accepts()
    visitor.waits_for("analytics.localhost", "/collect")
    visitor.page.wait_for_function("document.documentElement.dataset.tally === 'on'")
    visitor.page.wait_for_function("indexedDB.databases().then((found) => found.length > 0)")
    visitor.page.evaluate("caches.open('tally_cache')")
    assert {"_tally", "tally_visitor", "tally_session", "tally_events", "tally_cache"} <= (
        visitor.stored()
    )

    visitor.withdraws()
    visitor.page.wait_for_function("indexedDB.databases().then((found) => found.length === 0)")
    visitor.page.wait_for_function("caches.keys().then((found) => found.length === 0)")

    assert visitor.stored() <= NECESSARY | {CONSENT}
    visitor.opens("/journal")
    visitor.leaves()
    assert visitor.sent() == []  # since the press: not even a farewell of the scripts that ran
    assert visitor.stored() <= NECESSARY | {CONSENT}
    assert visitor.state()["status"] == "withdrawn"


@pytest.mark.clause("C9", "C51")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_withdrawal_removes_http_only_and_other_paths(visit: Visit, scripts: bool) -> None:
    visitor = visit(host="lab.localhost", scripts=scripts)
    visitor.opens("/plain")
    visitor.accepts()
    visitor.opens("/set")
    assert {"_tally_http", "_tally_path", "_tally_both"} <= set(visitor.jar())

    visitor.opens("/plain")
    visitor.page.get_by_role("button", name="Withdraw", exact=True).click()
    visitor.page.get_by_role("button", name="Withdraw", exact=True).wait_for(state="detached")

    assert set(visitor.jar()) <= NECESSARY | {CONSENT}


@pytest.mark.clause("C51", "C52")
def test_withdrawing_takes_no_more_presses_than_agreeing(visit: Visit) -> None:
    visitor = visit(scripts=False)
    visitor.opens("/account")
    visitor.accepts()  # one press
    sign_in(visitor)

    visitor.page.get_by_role("button", name="Withdraw", exact=True).click()  # one press

    assert visitor.state()["status"] == "withdrawn"
    visitor.page.get_by_role("heading", name=f"Hello, {NAME}").wait_for()  # the rest goes on


@pytest.mark.clause("C20", "C51")
def test_other_tabs_follow(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/journal")
    visitor.accepts()
    visitor.waits_for("analytics.localhost", "/collect")
    first = visitor.page
    visitor.page = visitor.context.new_page()
    visitor.opens("/cameras/m1")

    visitor.recorder.arrivals.clear()
    with first.expect_event("load"):
        visitor.withdraws()
    first.evaluate("document.cookie = '_tally=late'")
    first.goto("about:blank")
    visitor.leaves()

    assert visitor.sent() == []
    assert visitor.stored() <= NECESSARY | {CONSENT}


@pytest.mark.clause("C20")
def test_banner_of_another_tab_closes_with_the_choice(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/journal")
    first, first_banner = visitor.page, visitor.banner
    assert first_banner.is_visible()

    visitor.page = visitor.context.new_page()
    visitor.opens("/")
    visitor.rejects()

    first_banner.wait_for(state="detached")
    assert first.url == visitor.address("/journal")


@pytest.mark.clause("C50")
def test_every_page_has_the_way_to_change_the_choice(visit: Visit) -> None:
    visitor = visit(scripts=False)
    visitor.opens()
    visitor.rejects()

    for path in PAGES:
        visitor.opens(path)
        assert visitor.page.get_by_role("link", name="Cookie settings", exact=True).is_visible()
