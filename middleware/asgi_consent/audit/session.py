"""A browser under audit: a profile of its own, behind the wall, with every observer on.

Third-party cookies are allowed, so that they show; predictions are on, so that hints are followed.
A profile on disk and the full browser are needed for both, and for a restart.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    Dialog,
    Error,
    Page,
    Playwright,
    Request,
    Response,
    WebSocket,
)

from asgi_consent.audit.browser import NoBrowserError, find_browser
from asgi_consent.audit.header_hints import hints_of
from asgi_consent.audit.netlog import NetLog, read_netlog
from asgi_consent.audit.stores import PROBE, Hint, Look, Notes, look
from asgi_consent.audit.traffic import Contact, Event, SentCookie, merge
from asgi_consent.audit.wall import SENTINEL, Wall

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter,HttpsUpgrades",
    "--net-log-capture-mode=IncludeSensitive",
)
_GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
_MOST_EVENTS = 50_000
_LOADING = 15_000  # milliseconds that a page gets to load
_QUIET = 0.3  # seconds without a request: the page has settled


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody browses."""

    scripts: bool = True
    cookies: bool = True
    gpc: bool = False
    locale: str = "en-US"
    width: int = 1280
    height: int = 800


@dataclass
class Session:
    """One person with a fresh profile. `close` and `restart` end the browser; what it sent is then
    complete in `contacts`."""

    playwright: Playwright
    wall: Wall
    folder: Path
    person: Person = Person()
    patience: float = 3.0  # seconds that a page gets to become quiet
    har: Path | None = None  # where to leave recordings, which hold values and addresses in full
    trace: Path | None = None
    notes: Notes = field(default_factory=Notes)
    hints: list[Hint] = field(default_factory=list[Hint])
    _events: list[Event] = field(default_factory=list[Event])
    _scripts: dict[str, str] = field(default_factory=dict[str, str])
    _unanswered: set[Request] = field(default_factory=set[Request])
    _logs: list[Path] = field(default_factory=list[Path])
    _has_own_tab: bool = False
    _began: int = 0  # how many passages of the wall are older than this person

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._began = len(self.wall.passages)
        _write_preferences(self.folder / "profile", self.person)
        self._start()

    def _start(self) -> None:
        executable = find_browser(self.playwright, full=True)
        if executable is None:
            raise NoBrowserError("no browser: python -m asgi_consent.audit.browser --install")
        log = self.folder / f"network-{len(self._logs)}.json"
        self._logs.append(log)
        try:
            self.context: BrowserContext = self.playwright.chromium.launch_persistent_context(
                self.folder / "profile",
                executable_path=executable,
                args=[*_FLAGS, f"--log-net-log={log}"],
                proxy={"server": f"http://127.0.0.1:{self.wall.port}", "bypass": "<-loopback>"},
                java_script_enabled=self.person.scripts,
                locale=self.person.locale,
                viewport={"width": self.person.width, "height": self.person.height},
                extra_http_headers={"Sec-GPC": "1"} if self.person.gpc else None,
                accept_downloads=False,
                ignore_https_errors=self.wall.insecure,
                handle_sigint=False,  # Ctrl-C is for the run, which ends in its own time
                record_har_path=self.har,
            )
        except Error as error:
            why = str(error).splitlines()[0]
            raise NoBrowserError(f"{executable} cannot be started: {why}") from None
        if self.trace is not None:
            self.context.tracing.start(screenshots=True, snapshots=True)
        self.context.set_default_timeout(10_000)
        self.context.set_default_navigation_timeout(30_000)
        self.context.add_init_script(PROBE)
        if self.person.gpc:
            self.context.add_init_script(_GPC)
        self.page: Page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self.page.on("websocket", self._connected)
        self.context.on("request", self._requested)
        self.context.on("response", self._answered)
        self.context.on("requestfailed", self._failed)
        self.context.on("dialog", _answer)
        self.context.on("page", self._popup)
        debugging = self.context.new_cdp_session(self.page)
        debugging.on("Network.requestWillBeSent", self._initiated)
        debugging.send("Network.enable")

    # ---- what people do

    def opens(self, url: str) -> Response | None:
        """Open a page and wait until it has settled; one that never does is taken as it is."""
        self.notes.take(self.page)
        self._unanswered.clear()  # what the page before waited for is nobody's concern now
        answer = self.page.goto(url, wait_until="commit")
        with suppress(Error):  # it loads for ever; what is there is judged
            self.page.wait_for_load_state("load", timeout=_LOADING)
        self.settles()
        return answer

    def leaves(self) -> None:
        """Close the page as people do; what it sends while closing has then arrived."""
        self.notes.take(self.page)
        self.page.goto("about:blank")
        self.settles()

    def settles(self, quiet: float = _QUIET) -> None:
        """Until nothing has been asked for during `quiet` seconds; at most `patience` seconds.

        The wall knows who is connected to, the page's own events which request in a tunnel still
        waits for its answer.
        """
        until = time.monotonic() + self.patience
        self.page.wait_for_timeout(50)
        while time.monotonic() < until and (self._unanswered or not self.wall.is_quiet(quiet)):
            self.page.wait_for_timeout(50)

    def looks(self) -> Look:
        """What is stored and hinted at now."""
        seen = look(self.context, self.page, self.notes)
        seen.hints += self.hints
        return seen

    # ---- the end of it

    def restart(self) -> None:
        """Close the browser and start it again with the same profile."""
        self._end()
        self._start()

    def close(self) -> tuple[list[Contact], list[SentCookie]]:
        """End the browser. All that it sent, and every Set-Cookie it got or a script wrote."""
        self._end()
        logs = [read_netlog(path) for path in self._logs if path.exists()]
        return self._merged(logs), [
            *(cookie for log in logs for cookie in log.cookies),
            *self.notes.cookies,
        ]

    def contacts(self) -> list[Contact]:
        """Everything that was sent so far.

        The network log is written in pieces of a few events. A request of its own makes many more,
        so that all before it is in the file.
        """
        self._has_own_tab = True
        with suppress(Error):
            tab = self.context.new_page()
            with suppress(Error):  # nothing comes back, which leaves the tab where it was
                tab.goto(f"http://{SENTINEL}/")
            tab.close()
        self._has_own_tab = False
        return self._merged([read_netlog(path) for path in self._logs if path.exists()])

    def _merged(self, logs: list[NetLog]) -> list[Contact]:
        return merge(
            [one for log in logs for one in log.contacts if one.host != SENTINEL],
            self.wall.passages[self._began :],
            self._events,
            {host for log in logs for host in log.own_hosts},
        )

    def _end(self) -> None:
        # It may have ended by itself; then some of what it would have told is missing.
        with suppress(Error):
            self.notes.take(self.page)
        with suppress(Error):
            if self.trace is not None:
                self.context.tracing.stop(path=self.trace)
        with suppress(Error):
            self.context.close()

    # ---- what the page's events show

    def _requested(self, request: Request) -> None:
        self._unanswered.add(request)
        if len(self._events) < _MOST_EVENTS:
            asked_by = self._scripts.get(request.url, "")
            worker = request.service_worker is not None
            self._events.append(
                Event(time.time(), request.url, request.resource_type, asked_by, worker)
            )

    def _failed(self, request: Request) -> None:
        self._unanswered.discard(request)

    def _connected(self, socket: WebSocket) -> None:
        self._events.append(Event(time.time(), socket.url, "websocket"))

    def _answered(self, response: Response) -> None:
        self._unanswered.discard(response.request)
        if response.request.resource_type == "document" and not response.request.service_worker:
            headers = response.headers.items()  # the full list would have to be asked for
            self.hints += hints_of(headers, response.url)

    def _initiated(self, event: dict[str, Any]) -> None:
        """Which script asked: of all observers only the debugging protocol tells."""
        initiator = event.get("initiator", {})
        frames = initiator.get("stack", {}).get("callFrames", ())
        script = next((frame["url"] for frame in frames if frame.get("url")), "")
        if script or initiator.get("url"):
            url = event.get("request", {}).get("url", "")
            self._scripts.setdefault(url, script or initiator["url"])

    def _popup(self, page: Page) -> None:
        if page is not self.page and not self._has_own_tab:
            with suppress(Error):
                page.close()


def _answer(dialog: Dialog) -> None:
    """No to everything, but to leaving the page."""
    with suppress(Error):
        if dialog.type == "beforeunload":
            dialog.accept()
        else:
            dialog.dismiss()


def _write_preferences(profile: Path, person: Person) -> None:
    """0 allows: cookies of third parties, fetching ahead. The names are Chromium's own."""
    settings: dict[str, Any] = {"cookie_controls_mode": 0}
    if not person.cookies:
        settings["default_content_setting_values"] = {"cookies": 2}
    (profile / "Default").mkdir(parents=True, exist_ok=True)
    preferences = {"profile": settings, "net": {"network_prediction_options": 0}}
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences), encoding="utf-8")
