"""The same small site in six frameworks, each served by itself: all that worked still works.

`make frameworks` runs all of them; without ASGI_CONSENT_FRAMEWORKS one of each kind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.processes import LOOPBACK, free_port, running

from e2e.frameworks.pages import ROWS

ALL = "ASGI_CONSENT_FRAMEWORKS" in os.environ
FRAMEWORKS = ("starlette", "django", "flask", *(("fastapi", "quart", "litestar") if ALL else ()))
#: have no WebSocket of their own
WITHOUT_SOCKETS = ("django", "flask")


class Site:
    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.address = f"http://{LOOPBACK}:{port}"

    @property
    def home(self) -> str:
        return self.address + ("/?no-socket" if self.name in WITHOUT_SOCKETS else "/")


@pytest.fixture(scope="module", params=FRAMEWORKS)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    port = free_port()
    module = f"e2e.frameworks.{request.param}_site:app"
    command = [sys.executable, "-m", "uvicorn", module, f"--port={port}"]
    command.append("--timeout-graceful-shutdown=1")
    folder = tmp_path_factory.mktemp("framework")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASGI_CONSENT_LEDGER", f"sqlite:///{folder}/ledger.db")
        with running(command, port, log=folder / "log"):
            yield Site(request.param, port)


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(site.home)
        yield page


@pytest.fixture
def client(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.address, trust_env=False) as client:
        yield client


def test_session_csrf_and_messages_work_after_a_no(page: Page) -> None:
    page.get_by_role("button", name="Reject all", exact=True).click()
    page.get_by_text("Saved. Only what is necessary is used.").wait_for()

    page.get_by_role("textbox").fill("Ada")
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator("#message")).to_have_text("Welcome")
    expect(page.locator("#name")).to_have_text("Ada")
    page.reload()
    expect(page.locator("#message")).to_have_text("")
    expect(page.locator("#name")).to_have_text("Ada")
    assert "counted" not in {cookie["name"] for cookie in page.context.cookies()}


def test_events_sockets_and_static_files_work(site: Site, page: Page) -> None:
    expect(page.locator("#event")).to_have_text("tick")
    expect(page.locator("h1").first).to_have_css("color", "rgb(1, 2, 3)")
    if site.name not in WITHOUT_SOCKETS:
        expect(page.locator("#socket")).to_have_text("hello")


def test_templates_and_routes_wait_for_consent(page: Page) -> None:
    expect(page.locator("#counted")).to_have_count(0)
    with page.expect_event("load"), page.expect_response("**/track") as refused:
        page.get_by_role("button", name="Track").click()
    assert refused.value.status == 403

    page.go_back()
    page.get_by_role("button", name="Accept all", exact=True).click()
    expect(page.locator("#counted")).to_have_count(1)
    with page.expect_event("load"), page.expect_response("**/track") as taken:
        page.get_by_role("button", name="Track").click()
    assert taken.value.status == 200
    assert "counted" in {cookie["name"] for cookie in page.context.cookies()}


def test_form_without_its_token_is_still_refused(client: httpx2.Client) -> None:
    answer = client.post("/sign-in", data={"name": "Eve"})

    assert answer.status_code in (400, 403)


def test_streamed_page_is_whole_and_gated(client: httpx2.Client) -> None:
    html = client.get("/stream", headers={"accept": "text/html"}).text

    assert html.count("<dd>") == ROWS
    assert html.count("<asgi-consent") == 1


def test_download_is_what_it_was(client: httpx2.Client) -> None:
    answer = client.get("/download", headers={"accept": "text/html"})

    assert answer.text == "<p>kept as it is</p>"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_error_page_is_the_sites_own(client: httpx2.Client) -> None:
    answer = client.get("/nowhere", headers={"accept": "text/html"})

    assert answer.status_code == 404
    assert "<h1>Not here</h1>" in answer.text
    assert answer.text.count("<asgi-consent") == 1


@pytest.mark.parametrize("site", ["django"], indirect=True)
def test_admin_of_django_works_as_before(site: Site, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.address}/admin/")
        page.get_by_role("button", name="Reject all", exact=True).click()
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill("admin")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Users").click()

        expect(page.get_by_role("heading", name="Select user to change")).to_be_visible()
        page.get_by_role("link", name="admin", exact=True).click()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was changed successfully")).to_be_visible()
