"""The main journeys in Debian's Firefox ESR, driven by Playwright through WebDriver BiDi.

    make test-browsers

Not part of `make test`. Hosts resolve through a proxy of our own that knows only this machine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from e2e.attempts import ATTEMPTS, BEYOND_ANY_POLICY, attempts
from e2e.bare_site import THIRD_PARTY, BareSite
from e2e.browsers.proxy import proxying
from e2e.conftest import World
from e2e.visitor import CONSENT, NECESSARY, Visitor
from e2e.world import SITE, Recorder, serving

pytestmark = pytest.mark.skipif(not shutil.which("firefox-esr"), reason="no firefox-esr here")


@pytest.fixture(scope="module")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    with proxying() as port:
        preferences: dict[str, str | float | bool] = {
            "network.proxy.type": 1,
            "network.proxy.http": "127.0.0.1",
            "network.proxy.http_port": port,
            "network.proxy.no_proxies_on": "127.0.0.1",
        }
        browser = playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=shutil.which("firefox-esr"),
            firefox_user_prefs=preferences,
        )
        yield browser
        browser.close()


@pytest.fixture
def visitor(world: World, firefox: Browser) -> Iterator[Visitor]:
    world.recorder.arrivals.clear()
    context = firefox.new_context()
    context.set_default_timeout(30_000)
    yield Visitor(context, context.new_page(), world.recorder, world.port)
    context.close()


def names(visitor: Visitor) -> set[str]:
    """Cookies and storage keys; the storages as the page is shown them."""
    keys = visitor.page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    return {*visitor.jar(), *keys}


def test_nothing_before_a_choice(visitor: Visitor) -> None:
    for path in ("/", "/cameras/m1", "/journal"):
        visitor.opens(path)
        assert names(visitor) <= NECESSARY

    assert visitor.banner.is_visible()
    assert visitor.sent() == []


def test_yes_loads_and_withdrawal_removes(visitor: Visitor) -> None:
    visitor.opens("/cameras/m1")
    visitor.accepts()
    visitor.waits_for("analytics.localhost", "/collect")
    assert "_tally" in visitor.jar()

    visitor.withdraws()

    assert names(visitor) <= NECESSARY | {CONSENT}
    visitor.opens("/journal")
    assert visitor.sent() == []


def test_no_is_remembered(visitor: Visitor) -> None:
    visitor.opens("/")
    visitor.rejects()

    visitor.opens("/journal")

    assert not visitor.banner.is_visible()
    assert visitor.sent() == []


def reached(firefox: Browser, **settings: str) -> set[str]:
    """Which of all attempts reach somebody on a site with these settings."""
    recorder = Recorder(BareSite(**settings))
    with serving(recorder) as port:
        context = firefox.new_context()
        visitor = Visitor(context, context.new_page(), recorder, port)
        visitor.opens("/")
        code = attempts(visitor.address("", THIRD_PARTY))
        visitor.page.evaluate(f"({code})(window)")
        last = "new Worker('/worker-that-fetches.js?' + encodeURIComponent('/last'))"
        visitor.page.evaluate(last)
        visitor.waits_for(SITE, "/last")
        visitor.leaves()
        context.close()
    return {arrival.path.strip("/") for arrival in visitor.sent()} & set(ATTEMPTS)


def test_nothing_that_scripts_try_reaches_anybody(firefox: Browser) -> None:
    assert reached(firefox) <= BEYOND_ANY_POLICY


def test_most_of_it_reaches_somebody_where_we_only_observe(firefox: Browser) -> None:
    """The control. Firefox knows neither all of these ways nor waits for all of them."""
    assert reached(firefox, mode="observe") >= {
        *("image", "srcset", "set-attribute", "inner", "script", "fetch", "xhr", "beacon"),
        *("import", "worker-blob", "link-style", "frame", "font-face", "style-text"),
    }
