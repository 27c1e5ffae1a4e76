"""A person with a browser: opens pages, chooses, leaves; and what is then in the browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page

from e2e.world import SITE, Arrival, Recorder

_STORES = """async () => {
  const databases = await indexedDB.databases().catch(() => []);
  const caches_ = window.caches ? await caches.keys().catch(() => []) : [];
  return [...databases.map((database) => database.name), ...caches_];
}"""

_IN_EFFECT = re.compile("Saved|counts as a no")

#: what the demo's site may store of any visitor at any time
NECESSARY = {"session"}
CONSENT = "asgi_consent"


@dataclass
class Visitor:
    context: BrowserContext
    page: Page
    recorder: Recorder
    port: int
    scripts: bool = True
    host: str = SITE

    def address(self, path: str, host: str = "") -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    def opens(self, path: str = "/", host: str = "") -> None:
        self.page.goto(self.address(path, host), wait_until="load")

    # ---- what is on the page

    @property
    def banner(self) -> Locator:
        return self.page.get_by_role("region", name="May we use cookies?")

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
        """Close the page as people do: what it sends while closing has arrived when this returns.

        Requests of one browser go out in order, so a later request of the site's own is the sign.
        """
        self.page.goto("about:blank")
        self.page.goto(self.address("/assets/spacer.svg?left"))

    # ---- what is in the browser, and what left it

    def jar(self, host: str = "") -> dict[str, dict[str, Any]]:
        """Every cookie of the site, HttpOnly and other paths included."""
        return {
            str(cookie["name"]): dict(cookie)
            for cookie in self.context.cookies()
            if cookie["domain"] == (host or self.host)
        }

    def stored(self) -> set[str]:
        """Names of all cookies, storage keys, databases and caches of the site."""
        keys: list[str] = self.page.evaluate(_STORES) if self.scripts else []
        return {*self.jar(), *keys, *self.items(local=True), *self.items(local=False)}

    def items(self, *, local: bool) -> dict[str, str]:
        """What is in localStorage or sessionStorage, as the browser has it and not as the page is
        shown it."""
        where = {"securityOrigin": self.address("").rstrip("/"), "isLocalStorage": local}
        session = self.context.new_cdp_session(self.page)
        try:
            answer = session.send("DOMStorage.getDOMStorageItems", {"storageId": where})
        finally:
            session.detach()
        return dict(answer["entries"])

    def state(self) -> dict[str, Any]:
        answer = self.context.request.get(self.address("/_consent/state"))
        found: dict[str, Any] = answer.json()
        return found

    def sent(self) -> list[Arrival]:
        """What reached third parties."""
        return self.recorder.at_third_parties()

    def waits_for(self, host: str, path: str = "") -> None:
        """Until a third party has been reached; fails if it never is."""
        if not self.recorder.wait_for(host, path):
            raise AssertionError(f"nothing reached {host}{path}: {self.recorder.arrivals}")
