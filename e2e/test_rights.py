"""A visitor's rights in a browser, with and without JavaScript."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asgi_consent.ledger.opening import open_store
from asgi_consent.ledger.verify import verify
from e2e.conftest import Visit, World
from e2e.test_before_a_choice import PAGES
from e2e.visitor import CONSENT, NECESSARY, Visitor

RIGHTS = "/_consent/rights"
both = pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])


def press(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=name, exact=True).click()
    visitor.page.get_by_role("status").wait_for()


def history(visitor: Visitor) -> list[str]:
    visitor.opens(RIGHTS)
    return visitor.page.locator("ol strong").all_inner_texts()


@pytest.mark.clause("C42", "C50")
@both
def test_rights_are_found_from_every_page_and_show_what_is_known(
    visit: Visit, scripts: bool
) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    for path in PAGES:
        visitor.opens(path)
        visitor.page.get_by_role("link", name="Cookie settings", exact=True).first.click()
        visitor.page.get_by_role("link", name="Your data and your rights").click()

        visitor.page.get_by_role("heading", name="What you decided").wait_for()

    assert visitor.page.locator("ol strong").all_inner_texts() == ["You agreed"]
    cookies = {row.split("\t")[0] for row in visitor.page.locator("tbody tr").all_inner_texts()}
    sent = {name for name, cookie in visitor.jar().items() if cookie["path"] == "/"}
    assert sent <= cookies


@pytest.mark.clause("C42")
def test_other_storage_of_the_browser_is_listed_and_whose_it_is(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()
    visitor.waits_for("analytics.localhost", "collect")
    visitor.opens(RIGHTS)

    stored = visitor.page.locator("#storage")
    stored.wait_for()
    assert stored.get_by_role("row").filter(has_text="tally_").filter(has_text="Tally").count()


@pytest.mark.clause("C42")
def test_another_browser_sees_nothing_of_it(visit: Visit) -> None:
    visitor, other = visit(), visit()
    visitor.opens()
    visitor.accepts()
    number = visitor.state()["subject"]

    other.context.add_cookies(
        [{"name": CONSENT, "value": f"v1.{number}.x", "url": other.address("/")}]
    )
    other.opens(f"{RIGHTS}?subject={number}")

    assert other.page.get_by_text("Nothing is recorded about you").is_visible()


@pytest.mark.clause("C43", "C52")
@both
def test_every_change_is_kept_and_the_newest_counts(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    visitor.opens(RIGHTS)
    visitor.page.get_by_role("link", name="Change your choice").click()
    visitor.page.get_by_role("checkbox", name="Marketing").uncheck()
    visitor.page.get_by_role("button", name="Save my choices").last.click()
    visitor.page.get_by_role("heading", name="What you decided").wait_for()
    press(visitor, "Withdraw everything")

    assert history(visitor) == ["You withdrew", "You changed your choice", "You agreed"]
    assert visitor.state()["status"] == "withdrawn"
    visitor.opens("/account")
    assert visitor.page.get_by_role("button", name="Sign in").is_visible()


@pytest.mark.clause("C46", "C38")
@both
def test_a_copy_can_be_taken_along_and_checked(visit: Visit, scripts: bool, tmp_path: Path) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    for name in ("as JSON", "as JSON-LD"):
        visitor.opens(RIGHTS)
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("link", name=name, exact=True).click()
        download.value.save_as(tmp_path / "receipt")
        text = (tmp_path / "receipt").read_text()
        assert "Bergen, Norway" in text
        assert json.loads(text)["proof"]["cryptosuite"] == "eddsa-jcs-2022"

        for paste, verdict in ((text, "Genuine:"), (text.replace("given", "taken"), "Not genuine")):
            visitor.opens("/_consent/check")
            visitor.page.get_by_label("Receipt").fill(paste)
            press(visitor, "Check")
            assert visitor.page.get_by_role("status").inner_text().startswith(verdict)


@pytest.mark.clause("C49")
@both
def test_one_press_ends_marketing_and_nothing_else(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    visitor.opens(RIGHTS)
    press(visitor, "Object to Marketing")
    visitor.recorder.arrivals.clear()

    visitor.opens("/")
    visitor.leaves()

    reached = {arrival.host for arrival in visitor.sent()}
    assert "fonts.localhost" in reached
    assert not reached & {"ads.localhost", "tags.localhost", "video.localhost"}


@pytest.mark.clause("C48")
@both
def test_a_frozen_record_stays_as_it_is(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    visitor.opens(RIGHTS)
    press(visitor, "Freeze my record")
    visitor.recorder.arrivals.clear()

    visitor.opens("/")
    assert not visitor.banner.is_visible()
    visitor.leaves()
    assert visitor.sent() == []
    assert history(visitor) == ["You had your record frozen", "You agreed"]

    press(visitor, "Lift the restriction")
    visitor.opens("/")
    assert visitor.banner.is_visible()


@pytest.mark.clause("C44")
@both
def test_after_an_erasure_it_is_a_first_visit(visit: Visit, scripts: bool, world: World) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    number = visitor.state()["subject"]
    visitor.opens(RIGHTS)
    press(visitor, "Erase everything")

    assert visitor.stored() <= NECESSARY
    assert visitor.page.get_by_text("Nothing is recorded about you").is_visible()
    ledger = world.demo.protected.ledger
    store = open_store(ledger.address, readonly=True)
    assert number not in str([*store.all_rows()])
    assert verify(store, ledger.keys).problems == []
    store.close()
    visitor.opens("/")
    assert visitor.banner.is_visible()


@pytest.mark.clause("C53")
def test_nothing_is_asked_for_and_only_abuse_is_limited(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.rejects()
    visitor.opens(RIGHTS)
    assert visitor.page.locator("input:not([type=hidden]), textarea, select").count() == 0

    asked = 0
    while (answer := visitor.context.request.get(visitor.address(RIGHTS))).status == 200:
        asked += 1
        assert asked < 500

    assert asked >= 59
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
