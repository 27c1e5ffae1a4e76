"""Pages of tags in any order, read by a browser with all that it does ahead of its parser.

ASGI_CONSENT_LONG=1 opens more of them, ASGI_CONSENT_SEED=n others.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from tests.html.soups import any_soup, foreign_soup

from asgi_consent.middleware import ConsentMiddleware
from e2e.world import SECRET_KEY, Recorder, serving

SOUPS = 3_000 if os.environ.get("ASGI_CONSENT_LONG") else 40
SEED = os.environ.get("ASGI_CONSENT_SEED", "1")
THIRD_PARTY = "t.localhost"


async def soup(request: Request) -> HTMLResponse:
    number = request.path_params["number"]
    kind = foreign_soup if number % 3 == 0 else any_soup
    html = kind(Random(f"{SEED}/{number}"))
    address = f"//{THIRD_PARTY}:{request.url.port}/{number}"
    return HTMLResponse(html.replace("//t.example", address))


APP = Starlette(routes=[Route("/soup/{number:int}", soup)])


def opened(page: Page, recorder: Recorder, count: int) -> list[str]:
    """The third party's addresses that were fetched while `count` soups were open."""
    with serving(recorder) as port:
        for number in range(count):
            page.goto(f"http://127.0.0.1:{port}/soup/{number}", wait_until="load")
        page.goto("about:blank")
        page.goto(f"http://127.0.0.1:{port}/soup/left")  # after all that went out before
    return [arrival.path for arrival in recorder.at(THIRD_PARTY)]


@pytest.mark.clause("C16", "C34")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_no_page_of_tags_in_any_order_reaches_a_third_party(
    browser: Browser, scripts: bool
) -> None:
    page = browser.new_page(java_script_enabled=scripts)
    protected = ConsentMiddleware(APP, secret_key=SECRET_KEY)

    assert opened(page, Recorder(protected), SOUPS) == []
    page.close()


def test_without_us_they_do(browser: Browser) -> None:
    page = browser.new_page()

    assert opened(page, Recorder(APP), 20)
    page.close()
