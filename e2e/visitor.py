"""The kit's visitor on the demo and the lab: its truth is the log of the servers themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Response

from asgi_consent.audit import visitor as kit
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.stores import COOKIE, Notes, storage_of
from asgi_consent.audit.traffic import Contact
from asgi_consent.settings import Settings
from e2e.world import SITE, Recorder

_IN_EFFECT = re.compile("Saved|counts as a no")
_KNOWN = Settings().policy

#: what the demo's site may store of any visitor at any time
NECESSARY = {"session"}
CONSENT = "asgi_consent"


@dataclass
class Tab:
    """A page of a browser that is shared between tests; `settles` waits for nothing but loading, as
    tests say themselves what they wait for."""

    context: BrowserContext
    page: Page
    recorder: Recorder
    notes: Notes = field(default_factory=Notes)

    def opens(self, url: str) -> Response | None:
        return self.page.goto(url, wait_until="load")

    def leaves(self) -> None:
        self.page.goto("about:blank")

    def settles(self) -> None:
        self.page.wait_for_load_state("load")

    def contacts(self) -> list[Contact]:
        """What reached third parties."""
        return [
            Contact(0, f"http://{one.host}{one.path}", "request", one.method, seen_by=("server",))
            for one in self.recorder.at_third_parties()
        ]


class Visitor(kit.Visitor):
    def __init__(
        self,
        context: BrowserContext,
        page: Page,
        recorder: Recorder,
        port: int,
        scripts: bool = True,
        host: str = SITE,
    ) -> None:
        self.tab = Tab(context, page, recorder)
        super().__init__(self.tab, f"http://{host}:{port}/", Judge(_KNOWN, host))
        self.port = port
        self.scripts = scripts
        self.host = host

    def address(self, path: str = "/", host: str = "") -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    def opens(self, path: str = "/", host: str = "") -> Response | None:
        return self.browsing.opens(self.address(path, host))

    @property
    def recorder(self) -> Recorder:
        return self.tab.recorder

    @recorder.setter
    def recorder(self, recorder: Recorder) -> None:
        self.tab.recorder = recorder

    # ---- what is on the page

    @property
    def banner(self) -> Locator:
        return self.page.get_by_role("region", name="May we use cookies?")

    @property
    def banner_in_any_language(self) -> Locator:
        return self.page.locator("asgi-consent #banner")

    def presses(self, name: str) -> None:
        """Press a button and wait until the choice has had its effect on the page."""
        button = self.page.get_by_role("button", name=name, exact=True)
        if not self.scripts:
            button.click()
            self.page.wait_for_load_state("load")
            return
        with self.page.expect_response(lambda answer: answer.url.endswith("/choice")):
            button.click()
        # The page says so when the choice is in effect, which may be after loading itself again.
        self.page.get_by_role("status").filter(has_text=_IN_EFFECT).wait_for()
        self.page.get_by_role("link", name="Cookie settings", exact=True).wait_for()
        self.page.wait_for_load_state("load")

    def accepts(self) -> None:
        self.presses("Accept all")

    def rejects(self) -> None:
        self.presses("Reject all")

    def withdraws(self) -> None:
        """Press Withdraw and wait for the page that comes back; from the press on, what reaches
        third parties is written down anew."""
        self.recorder.arrivals.clear()
        with self.page.expect_event("load"):
            self.page.get_by_role("button", name="Withdraw", exact=True).click()
        self.page.get_by_text("Withdrawn. Only what is necessary is used.").wait_for()

    def leaves(self) -> None:
        """Close the page as people do; requests of one browser go out in order, so a later request
        of the site's own is the sign that what it sent while closing has arrived."""
        super().leaves()
        self.page.goto(self.address("/assets/spacer.svg?left"))

    # ---- what is in the browser, and what reached a server

    def jar(self, host: str = "") -> dict[str, dict[str, Any]]:
        """Every cookie of one host, HttpOnly and other paths included."""
        return {
            str(cookie.get("name")): dict(cookie)
            for cookie in self.context.cookies()
            if cookie.get("domain") == (host or self.host)
        }

    def stored(self) -> set[str]:
        """Names of all that is stored on the page's host; without scripts, of its cookies."""
        found = self.everything_stored() if self.scripts else []
        stores = [item for item in found if item.kind not in (COOKIE, "serviceWorker")]
        return {*self.jar(), *(item.name for item in stores if item.host == self.host)}

    def items(self, *, local: bool) -> dict[str, str]:
        """What is in localStorage or sessionStorage, as the browser has it and not as the page is
        shown it."""
        return storage_of(self.context, self.page, self.address("").rstrip("/"), local=local)

    def state(self) -> dict[str, Any]:
        answer = self.context.request.get(self.address("/_consent/state"))
        found: dict[str, Any] = answer.json()
        return found

    def waits_for(self, host: str, path: str = "") -> None:
        """Until a third party has been reached; fails if it never is."""
        if not self.recorder.wait_for(host, path):
            raise AssertionError(f"nothing reached {host}{path}: {self.recorder.arrivals}")
