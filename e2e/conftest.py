"""Fixtures: a world, a browser behind a wall, fresh visitors; and the table of clauses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from tests.threats import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_terminal_summary,
)

from asgi_consent.audit.browser import find_browser
from asgi_consent.demo.app import Demo
from asgi_consent.types import Receive, Scope, Send
from e2e import lab
from e2e.bare_site import BareSite
from e2e.visitor import Visitor
from e2e.world import SECRET_KEY, SITE, Recorder, serving

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_terminal_summary"]  # hooks

# Only this machine: what is not localhost does not resolve. The first rule that matches counts.
WALL = "MAP localhost 127.0.0.1, MAP *.localhost 127.0.0.1, EXCLUDE 127.0.0.1, MAP * ~NOTFOUND"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"

Visit = Callable[..., Visitor]


class World:
    """The demo and the lab, dispatched by host name."""

    def __init__(self) -> None:
        self.secret_key = SECRET_KEY
        self.demo = Demo(secret_key=self.secret_key)
        self.lab = lab.lab(self.secret_key)
        self.recorder = Recorder(self._dispatch)
        self.port = 0

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode().rpartition(":")[0]
        app = self.lab if host == lab.HOST else self.demo
        await app(scope, receive, send)


@pytest.fixture(scope="session", autouse=True)
def _ledger_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves a ledger in the folder it runs in."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("ledger")
        patch.setenv("ASGI_CONSENT_LEDGER", f"sqlite:///{folder}/ledger.db")
        yield


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    world = World()
    with serving(world.recorder) as port:
        world.port = port
        yield world


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


def executable(playwright: Playwright, *, full: bool = False) -> Path:
    found = find_browser(playwright, full=full)
    if found is None:
        pytest.exit("no browser: make e2e installs one, or install Chromium", returncode=2)
    return found


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(
        executable_path=executable(playwright), args=[*FLAGS, f"--host-resolver-rules={WALL}"]
    )
    yield browser
    browser.close()


@pytest.fixture
def visit(world: World, browser: Browser) -> Iterator[Visit]:
    """A function that makes a fresh visitor: `visit(scripts=False, gpc=True, …)`."""
    contexts: list[BrowserContext] = []
    test = world.recorder.begin()

    def fresh(*, scripts: bool = True, host: str = SITE, gpc: bool = False, **more: Any) -> Visitor:
        if gpc:
            more["extra_http_headers"] = {"Sec-GPC": "1"}
        more.setdefault("user_agent", f"{_AGENT} Chrome/{browser.version} Safari/537.36 {test}")
        context = browser.new_context(java_script_enabled=scripts, **more)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return Visitor(context, context.new_page(), world.recorder, world.port, scripts, host)

    yield fresh
    for context in contexts:
        context.close()


@pytest.fixture
def site(request: pytest.FixtureRequest, visit: Visit) -> Iterator[Visitor]:
    """A visitor of a bare site; its settings are the parameter."""
    recorder = Recorder(BareSite(**getattr(request, "param", {})))
    with serving(recorder) as port:
        visitor = visit()
        visitor.port, visitor.recorder = port, recorder
        yield visitor


@pytest.fixture
def profile(world: World, playwright: Playwright, tmp_path: Path) -> Iterator[Visit]:
    """A function that starts a browser with a profile on disk, which survives a restart.

    `preferences` are settings of the browser, `hosts` more rules for its resolver, `keep_pages`
    switches the back/forward cache on.
    """
    contexts: list[BrowserContext] = []
    world.recorder.begin()

    def start(
        *,
        preferences: dict[str, Any] | None = None,
        hosts: str = "",
        scripts: bool = True,
        keep_pages: bool = False,
    ) -> Visitor:
        folder = tmp_path / "profile"
        if preferences and not folder.exists():
            (folder / "Default").mkdir(parents=True)
            (folder / "Default" / "Preferences").write_text(json.dumps(preferences))
        context = playwright.chromium.launch_persistent_context(
            folder,
            executable_path=executable(playwright, full=True),
            java_script_enabled=scripts,
            args=[*FLAGS, f"--host-resolver-rules={hosts}{WALL}"],
            ignore_default_args=["--disable-back-forward-cache"] if keep_pages else None,
        )
        contexts.append(context)
        return Visitor(context, context.pages[0], world.recorder, world.port, scripts)

    yield start
    for context in contexts:
        context.close()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Other browsers only when they are asked for: make test-browsers."""
    asked = any("browsers" in str(argument) for argument in config.args)
    return True if collection_path.name == "browsers" and not asked else None
