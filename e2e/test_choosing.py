"""How a visitor is asked, and what counts as an answer."""

from __future__ import annotations

import pytest

from asgi_consent.demo.app import Demo
from e2e.conftest import Visit, World
from e2e.visitor import CONSENT, NECESSARY
from e2e.world import demo_settings, serving

OPTIONAL = ["marketing", "preferences", "statistics"]


@pytest.mark.clause("C17")
@pytest.mark.parametrize("path", ["/", "/journal/winter-light", "/no-such-page"])
def test_first_page_asks_without_a_script_and_brings_back(visit: Visit, path: str) -> None:
    visitor = visit(scripts=False)

    visitor.opens(path)
    assert visitor.banner.is_visible()
    visitor.presses("Accept all")

    assert visitor.page.url == visitor.address(path)
    assert not visitor.banner.is_visible()
    assert visitor.state()["categories"] == OPTIONAL


@pytest.mark.clause("C17")
def test_choice_by_category_and_service_works_without_a_script(visit: Visit) -> None:
    visitor = visit(scripts=False)
    visitor.opens("/journal?page=2")

    visitor.page.get_by_role("link", name="Choose").click()
    visitor.page.get_by_role("checkbox", name="Statistics").check()
    visitor.page.locator("details", has_text="Reelhouse").locator("summary").click()
    visitor.page.get_by_role("checkbox", name="Reelhouse").check()
    visitor.presses("Save my choices")

    assert visitor.page.url == visitor.address("/journal?page=2")
    assert visitor.state()["categories"] == ["statistics"]
    assert visitor.state()["services"] == ["reelhouse"]


@pytest.mark.clause("C17")
def test_choice_by_category_and_service_works_in_the_dialog(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/journal")

    visitor.page.get_by_role("link", name="Choose").click()
    dialog = visitor.page.get_by_role("dialog", name="Your choices")
    dialog.get_by_role("checkbox", name="Preferences").check()
    dialog.locator("details", has_text="Tally").locator("summary").click()
    dialog.get_by_role("checkbox", name="Tally").check()
    visitor.presses("Save my choices")

    assert visitor.page.url == visitor.address("/journal")
    assert visitor.state()["categories"] == ["preferences"]
    assert visitor.state()["services"] == ["tally"]


@pytest.mark.clause("C18", "C28")
def test_scrolling_escape_reload_and_going_on_are_no_answer(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/cameras/m1")

    visitor.page.mouse.wheel(0, 3000)
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("link", name="Choose").click()
    visitor.page.get_by_role("checkbox", name="Marketing").check()
    visitor.page.keyboard.press("Escape")
    visitor.page.reload()
    for path in ("/journal", "/", "/account"):
        visitor.opens(path)
    visitor.leaves()

    assert visitor.state()["status"] == "unknown"
    assert visitor.stored() <= NECESSARY
    assert visitor.sent() == []
    visitor.opens("/")
    assert visitor.banner.is_visible()


@pytest.mark.clause("C18")
def test_no_box_is_ticked_beforehand(visit: Visit) -> None:
    visitor = visit(scripts=False)
    visitor.opens("/_consent/preferences")

    boxes = visitor.page.locator("input[type=checkbox]:enabled").all()
    assert len(boxes) > 10  # three categories and the services in them
    assert not any(box.is_checked() for box in boxes)


@pytest.mark.clause("C8")
def test_state_address_reports_the_choice_of_the_page(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()

    outside = visitor.state()
    inside = visitor.page.evaluate("fetch('/_consent/state').then((answer) => answer.json())")
    assert outside == inside
    assert outside["record"]


@pytest.mark.clause("C15")
def test_consent_cookie_exists_only_after_a_choice(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/account")
    assert CONSENT not in visitor.jar()

    visitor.rejects()

    assert set(visitor.jar()) == {CONSENT, "session"}


@pytest.mark.clause("C19")
def test_new_revision_of_the_policy_asks_again(visit: Visit, world: World) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()

    revised = Demo(demo_settings(policy={"revision": 2}), world.secret_key)
    with serving(revised) as port:  # cookies do not know ports: the same visitor, the new policy
        visitor.port = port
        visitor.opens()

        assert visitor.banner.is_visible()
        assert visitor.state()["categories"] == []
        visitor.leaves()
        assert visitor.stored() <= NECESSARY | {CONSENT}


@pytest.mark.clause("C20")
@pytest.mark.parametrize("answer", ["Accept all", "Reject all"])
def test_choice_survives_pages_tabs_and_a_restart(profile: Visit, answer: str) -> None:
    visitor = profile()
    visitor.opens()
    visitor.presses(answer)
    chosen = visitor.state()
    lifetime = visitor.jar()[CONSENT]["expires"] - chosen["time"]
    assert abs(lifetime - 180 * 24 * 3600) < 5  # the same for a yes and for a no

    visitor.opens("/journal/winter-light")
    assert not visitor.banner.is_visible()
    visitor.page = visitor.context.new_page()
    visitor.opens("/cameras/m1")
    assert not visitor.banner.is_visible()

    visitor.context.close()
    again = profile()
    again.opens("/")
    assert not again.banner.is_visible()
    assert again.state() == chosen


@pytest.mark.clause("C21")
def test_choice_counts_on_its_own_host_only(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()

    visitor.opens("/", host="localhost")

    assert visitor.banner.is_visible()
    assert set(visitor.jar("localhost")) <= NECESSARY


@pytest.mark.threat("T1")
@pytest.mark.clause("C18")
def test_choice_posted_from_another_site_does_not_count(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/", host="lab.localhost")

    form = (
        f'<form id="f" method="post" action="{visitor.address("/_consent/choice")}">'
        '<input name="choice" value="accept"></form>'
    )
    visitor.page.set_content(form)
    with visitor.page.expect_navigation():
        visitor.page.evaluate("document.getElementById('f').submit()")

    assert "Not from this site" in visitor.page.content()
    assert CONSENT not in visitor.jar()


def test_reject_weighs_as_much_as_accept(visit: Visit) -> None:
    for width in (1280, 360):
        visitor = visit(viewport={"width": width, "height": 740})
        visitor.opens()
        accept, reject = (
            visitor.page.get_by_role("button", name=name, exact=True)
            for name in ("Accept all", "Reject all")
        )
        look = """(b) => { const s = getComputedStyle(b); return [b.tagName, s.font, s.color,
            s.backgroundColor, s.borderTopColor, s.padding, s.opacity] }"""
        assert accept.evaluate(look) == reject.evaluate(look)
        first, second = accept.bounding_box(), reject.bounding_box()
        assert first is not None
        assert second is not None
        assert (first["width"], first["height"]) == (second["width"], second["height"])
        assert min(first["height"], first["width"]) >= 24


def test_banner_is_complete_by_keyboard_and_gives_the_focus_back(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.banner.wait_for()
    focused = """() => { let e = document.activeElement;
        while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
        return e.textContent.trim() }"""

    order = []
    for _ in range(4):
        visitor.page.keyboard.press("Tab")
        order.append(visitor.page.evaluate(focused))
    assert order == ["Read the policy", "Reject all", "Accept all", "Choose"]

    visitor.page.keyboard.press("Enter")
    dialog = visitor.page.get_by_role("dialog", name="Your choices")
    dialog.wait_for()
    visitor.page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert visitor.page.evaluate(focused) == "Choose"
    assert visitor.banner.is_visible()


def test_choice_without_leaving_the_page_tells_the_sites_scripts(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/journal")
    visitor.page.evaluate(
        "document.addEventListener('consent:change', (e) => (window.heard = e.detail.status))"
    )
    visitor.page.evaluate("window.stayed = true")

    visitor.rejects()

    assert visitor.page.evaluate("[window.heard, window.stayed]") == ["refused", True]
    told = visitor.page.get_by_role("status").text_content()
    assert told == "Saved. Only what is necessary is used."
    assert visitor.page.evaluate("[consent.allows('necessary'), consent.allows('statistics')]") == [
        True,
        False,
    ]


def test_gpc_is_honoured_and_said(visit: Visit) -> None:
    visitor = visit(gpc=True)
    visitor.opens()

    assert "Global Privacy Control" in (visitor.banner.text_content() or "")
    visitor.rejects()
    visitor.opens()
    assert visitor.page.get_by_text("Opt-out signal honoured").is_visible()
    assert visitor.state()["gpc"]


def test_enter_in_a_box_saves_and_never_rejects(visit: Visit) -> None:
    for scripts in (True, False):
        visitor = visit(scripts=scripts)
        visitor.opens("/journal")
        visitor.page.get_by_role("link", name="Choose").click()
        visitor.page.get_by_role("checkbox", name="Statistics").check()

        visitor.page.get_by_role("checkbox", name="Statistics").press("Enter")
        visitor.page.get_by_text("Saved. You can change it any time.").wait_for()

        assert visitor.state()["categories"] == ["statistics"]


def test_form_that_was_begun_is_not_emptied(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/account")
    visitor.page.get_by_label("E-mail").fill("ines@halden.example")

    visitor.accepts()

    visitor.page.get_by_text("Saved. It takes effect on the next page.").wait_for()
    assert visitor.page.get_by_label("E-mail").input_value() == "ines@halden.example"


def test_page_put_away_follows_when_it_comes_back(profile: Visit) -> None:
    visitor = profile(keep_pages=True)
    visitor.opens("/privacy")
    visitor.opens("/journal")
    visitor.rejects()

    visitor.page.go_back(wait_until="commit")

    assert visitor.page.evaluate("performance.getEntriesByType('navigation')[0].type") == "navigate"
    visitor.banner.wait_for(state="detached")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_bare_host_shares_nothing_with_the_hosts_below_it(visit: Visit, host: str) -> None:
    visitor = visit(host=host)

    visitor.opens("/cameras/m1")
    visitor.leaves()

    assert visitor.sent() == []
    assert visitor.stored() <= NECESSARY


def test_banner_takes_no_place_in_the_layout_of_the_site(visit: Visit) -> None:
    visitor = visit(host="lab.localhost")
    for layout in ("display:grid;grid-template-columns:1fr 3fr", "display:flex;gap:40px"):
        visitor.opens(f"/layout?{layout}")
        visitor.banner.wait_for()
        box = visitor.page.locator("nav").bounding_box()
        assert box is not None
        assert (box["x"], box["y"]) == (0, 0)


def test_dialog_shows_its_boxes_in_the_smallest_window(visit: Visit) -> None:
    visitor = visit(viewport={"width": 320, "height": 256}, device_scale_factor=4)
    visitor.opens("/journal")
    for name in ("Reject all", "Accept all"):
        button = visitor.page.get_by_role("button", name=name, exact=True)
        box = button.bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 256 - box["height"]

    visitor.page.get_by_role("link", name="Choose").click()
    checkbox = visitor.page.get_by_role("checkbox", name="Marketing")
    checkbox.focus()
    covered = """(box) => { const { x, y, width, height } = box.getBoundingClientRect();
        return box.getRootNode().elementFromPoint(x + width / 2, y + height / 2) !== box }"""
    assert not checkbox.evaluate(covered)
