"""Sites that do more than show pages: service workers, swapped bodies, orders, fallbacks."""

from __future__ import annotations

import pytest
from starlette.responses import HTMLResponse

from asgi_consent.middleware import ConsentMiddleware
from e2e.conftest import Visit
from e2e.visitor import NECESSARY
from e2e.world import SECRET_KEY, serving

LAB = "lab.localhost"


@pytest.mark.clause("C1", "C18")
def test_page_that_comes_through_a_service_worker_is_protected(visit: Visit) -> None:
    visitor = visit(host=LAB)
    visitor.opens("/worker")
    visitor.page.evaluate("navigator.serviceWorker.ready")
    visitor.page.wait_for_function("navigator.serviceWorker.controller !== null")

    visitor.opens("/scripted")
    assert visitor.page.evaluate("navigator.serviceWorker.controller !== null")

    assert visitor.banner.is_visible()
    visitor.leaves()
    assert visitor.sent() == []


@pytest.mark.clause("C18")
def test_way_to_the_choice_outlives_a_swapped_body(visit: Visit) -> None:
    visitor = visit(host=LAB)
    visitor.opens("/plain")

    for swap in (
        "document.body.replaceWith(document.createElement('body'))",
        "document.body.innerHTML = '<p>swapped</p>'",
    ):
        visitor.page.evaluate(swap)
        visitor.banner.wait_for()
    visitor.rejects()
    visitor.page.evaluate("document.body.innerHTML = '<p>again</p>'")

    visitor.page.get_by_role("link", name="Cookie settings").wait_for()


@pytest.mark.clause("C24")
def test_allowing_a_film_on_the_answer_to_an_order_does_not_order_again(visit: Visit) -> None:
    visitor = visit(host=LAB)
    visitor.opens("/form")
    visitor.page.get_by_role("button", name="Order").click()
    visitor.page.get_by_text("Thank you").wait_for()
    visitor.page.wait_for_load_state()

    visitor.page.frame_locator("iframe").get_by_role("button", name="Show once").click()

    visitor.page.get_by_text("It is shown on the next page.").wait_for()
    assert [a.path for a in visitor.recorder.at(LAB) if a.method == "POST"] == [
        "/order",
        "/_consent/choice",
    ]


@pytest.mark.clause("C19")
def test_withdrawing_on_the_answer_to_an_order_says_what_it_does(visit: Visit) -> None:
    visitor = visit(host=LAB)
    visitor.opens("/form")
    visitor.accepts()
    visitor.page.get_by_role("button", name="Order").click()
    visitor.page.get_by_text("Thank you").wait_for()
    visitor.page.wait_for_load_state()  # before it, the button works as it does without scripts

    visitor.page.get_by_role("button", name="Withdraw").click()

    visitor.page.get_by_text("What already runs here ends with this page.").wait_for()
    assert not visitor.page.get_by_role("button", name="Withdraw").is_visible()
    assert (
        visitor.page.evaluate("fetch('/_consent/state').then((a) => a.json())")["categories"] == []
    )
    assert [a.path for a in visitor.recorder.at(LAB)].count("/order") == 1


@pytest.mark.clause("C19")
def test_what_a_quick_press_did_is_not_overwritten_by_what_the_page_said(visit: Visit) -> None:
    visitor = visit(host=LAB)
    visitor.opens("/form")
    visitor.accepts()
    visitor.page.clock.install()
    visitor.page.clock.pause_at(visitor.page.evaluate("Date.now() + 1"))
    visitor.page.get_by_role("button", name="Order").click()
    visitor.page.wait_for_load_state()

    visitor.page.get_by_role("button", name="Withdraw").click()
    visitor.page.get_by_role("button", name="Withdraw").wait_for(state="detached")
    visitor.page.clock.run_for(1000)

    assert visitor.page.get_by_text("What already runs here ends with this page.").is_visible()


@pytest.mark.clause("C19", "C20")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_going_back_after_a_withdrawal_ticks_nothing(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens("/_consent/preferences?return=/journal")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="Accept all").click()
    visitor.opens("/_consent/preferences?return=/journal")
    with visitor.page.expect_event("load"):
        visitor.page.get_by_role("button", name="Withdraw all").click()
    assert visitor.page.url.endswith("/journal")

    visitor.page.go_back()

    visitor.page.get_by_text("You withdrew your consent.").wait_for()
    boxes = visitor.page.locator("input[name=category]")
    assert [boxes.nth(n).is_checked() for n in range(boxes.count())] == [False] * 3


@pytest.mark.clause("C16")
def test_fallback_of_a_picture_does_not_go_round_for_ever(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/privacy")

    turns = visitor.page.evaluate(
        """(url) => new Promise((end) => {
          const image = new Image();
          let turns = 0;
          image.onerror = () => { turns += 1; image.src = url; };
          image.src = url;
          const clock = (left) => {  // own pictures that load meanwhile tell the time
            if (!left) return end(turns);
            const tick = new Image();
            tick.onload = () => clock(left - 1);
            tick.src = `/assets/spacer.svg?${left}`;
          };
          clock(10);
        })""",
        visitor.address("/fallback.png", "legacy.localhost"),
    )

    assert turns == 1


@pytest.mark.clause("C7")
def test_name_that_is_denied_more_exactly_is_denied_to_scripts_too(visit: Visit) -> None:
    services = [
        {"id": "basket", "name": "Basket", "category": "necessary", "purpose": "Keeps it",
         "cookies": ["shop_*"], "storage": ["shop_*"]},
        {"id": "ads", "name": "Ads", "category": "marketing", "cookies": ["shop_ads_*", "shop_x"]},
    ]  # fmt: skip
    app = ConsentMiddleware(
        HTMLResponse("<!doctype html><title>shop</title>"),
        settings={"services": services},
        secret_key=SECRET_KEY,
    )
    with serving(app) as port:
        visitor = visit()
        visitor.port = port
        visitor.opens()
        for name in ("shop_1", "shop_ads_1", "shop_x"):
            visitor.page.evaluate("(name) => (document.cookie = name + '=1')", name)

        assert set(visitor.jar()) - NECESSARY == {"shop_1"}
