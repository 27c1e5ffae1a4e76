"""What stands in place of a gated frame, and a browser that keeps no cookies."""

from __future__ import annotations

import pytest
from playwright.sync_api import FrameLocator

from e2e.conftest import Visit
from e2e.test_before_a_choice import PAGES
from e2e.visitor import CONSENT, NECESSARY, Visitor

FILM = "Film about the Halden M1"


def film(visitor: Visitor) -> FrameLocator:
    return visitor.page.frame_locator(f'iframe[title="{FILM}"]')


@pytest.mark.clause("C24")
def test_every_page_opens_after_a_no(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.rejects()

    for path in PAGES:
        visitor.opens(path)
        assert visitor.page.get_by_role("heading").first.is_visible()


@pytest.mark.clause("C24", "C33")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_placeholder_says_why_keeps_the_box_and_contacts_nobody(
    visit: Visit, scripts: bool
) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens("/cameras/m1")
    visitor.rejects()

    assert film(visitor).get_by_role("heading", name="Video from Reelhouse").is_visible()
    assert film(visitor).get_by_text("would send data to Reelhouse LLC").is_visible()
    box = visitor.page.locator(f'iframe[title="{FILM}"]').bounding_box()
    assert box is not None
    assert box["height"] == 480
    visitor.leaves()
    assert visitor.sent() == []


@pytest.mark.clause("C24")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_film_can_be_shown_once(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens("/cameras/m1")
    visitor.rejects()

    film(visitor).get_by_role("button", name="Show once").click()
    film(visitor).get_by_text("The M1 in the fjord").wait_for()
    assert {arrival.host for arrival in visitor.sent()} == {"video.localhost"}
    assert visitor.page.url == visitor.address("/cameras/m1")

    visitor.opens("/cameras/m1")
    assert film(visitor).get_by_role("button", name="Show once").is_visible()
    assert set(visitor.jar()) <= NECESSARY | {CONSENT}


@pytest.mark.clause("C24")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_film_can_be_shown_always(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens("/cameras/m1")
    visitor.rejects()

    film(visitor).get_by_role("button", name="Always show Reelhouse").click()
    film(visitor).get_by_text("The M1 in the fjord").wait_for()
    visitor.opens("/cameras/pilot")

    frame = visitor.page.frame_locator("iframe.wide")
    frame.get_by_text("The M1 in the fjord").wait_for()
    assert {arrival.host for arrival in visitor.sent()} == {"video.localhost"}
    assert visitor.state()["services"] == ["reelhouse"]


@pytest.mark.clause("C29")
def test_what_asks_at_its_place_changes_nothing_elsewhere(visit: Visit) -> None:
    """Who has agreed to statistics meets a film for the first time: left alone, or shown always,
    statistics go on as before and nothing else starts."""
    visitor = visit()
    visitor.opens("/")
    visitor.page.get_by_role("link", name="Choose").click()
    visitor.page.get_by_role("checkbox", name="Statistics").check()
    visitor.presses("Save my choices")
    visitor.waits_for("analytics.localhost")
    before = {arrival.host for arrival in visitor.sent()}

    visitor.opens("/cameras/m1")
    assert film(visitor).get_by_role("button", name="Show once").is_visible()
    visitor.opens("/")
    assert {arrival.host for arrival in visitor.sent()} == before
    assert (visitor.state()["categories"], visitor.state()["services"]) == (["statistics"], [])

    visitor.opens("/cameras/m1")
    film(visitor).get_by_role("button", name="Always show Reelhouse").click()
    film(visitor).get_by_text("The M1 in the fjord").wait_for()
    visitor.opens("/")
    assert {arrival.host for arrival in visitor.sent()} == before | {"video.localhost"}
    assert visitor.state()["categories"] == ["statistics"]


@pytest.mark.clause("C24")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_frame_marked_by_hand_leads_to_the_settings_and_back(visit: Visit, scripts: bool) -> None:
    visitor = visit(host="lab.localhost", scripts=scripts)
    visitor.opens("/own-frame")
    frame = visitor.page.frame_locator("iframe")
    frame.get_by_text("This is shown once you allow “Statistics”.").wait_for()

    frame.get_by_role("link", name="Cookie settings").click()
    visitor.page.get_by_role("checkbox", name="Statistics").check()
    visitor.page.get_by_role("button", name="Save my choices").click()

    visitor.page.wait_for_url("**/own-frame")
    frame.get_by_text("nothing here").wait_for()


def test_showing_a_film_keeps_the_place_on_the_page(visit: Visit) -> None:
    visitor = visit(viewport={"width": 1000, "height": 500})
    visitor.opens("/cameras/m1#top")
    visitor.rejects()
    film(visitor).get_by_role("button", name="Show once").click()
    film(visitor).get_by_text("The M1 in the fjord").wait_for()

    assert visitor.page.url.endswith("/cameras/m1#top")
    assert visitor.page.evaluate("scrollY") > 0


@pytest.mark.clause("C22")
def test_browser_that_keeps_no_cookies_is_not_asked(profile: Visit) -> None:
    visitor = profile(preferences={"profile": {"default_content_setting_values": {"cookies": 2}}})

    for path in PAGES:
        visitor.opens(path)
        notice = visitor.page.get_by_text("Your browser keeps no cookies. That counts as a no.")
        notice.wait_for()
        assert not visitor.banner.is_visible()
        assert visitor.page.get_by_role("heading").first.is_visible()
    visitor.leaves()

    assert visitor.sent() == []
    assert visitor.jar() == {}


@pytest.mark.clause("C22")
def test_choice_that_cannot_be_kept_is_explained_without_a_script(profile: Visit) -> None:
    visitor = profile(
        preferences={"profile": {"default_content_setting_values": {"cookies": 2}}},
        scripts=False,
    )
    visitor.opens("/journal")

    visitor.presses("Accept all")

    assert visitor.page.get_by_role("heading", name="Your browser keeps no cookies").is_visible()
    visitor.page.get_by_role("link", name="Go on").click()
    assert visitor.page.url == visitor.address("/journal")
    visitor.leaves()
    assert visitor.sent() == []
