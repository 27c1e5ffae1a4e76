"""A person with a browser, for tests that read like what they do.

visitor.opens("/")
visitor.rejects()
assert visitor.stored() == {"session", "my_choice"}
assert visitor.sent() == []
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import BrowserContext, Page, Response

from asgi_consent.audit.asking import Asked, Control, ask, untick_boxes
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.stores import COOKIE, Item, Notes, look
from asgi_consent.audit.traffic import Contact
from asgi_consent.errors import ConsentError


class NoControlError(ConsentError):
    """The page has no such control, or none that was recognised."""


class Browsing(Protocol):
    """What a visitor needs of a browser; `Session` is one."""

    context: BrowserContext
    page: Page
    notes: Notes

    def opens(self, url: str) -> Response | None: ...
    def leaves(self) -> None: ...
    def settles(self) -> None: ...
    def contacts(self) -> list[Contact]: ...


@dataclass
class Visitor:
    """One fresh person on one site. Names of buttons and selectors are not needed: the banner is
    found as `asgi-consent verify` finds it."""

    browsing: Browsing
    site: str
    judge: Judge
    selectors: Mapping[str, str] = field(default_factory=dict[str, str])
    press_count: int = 0  # how many it took until now
    pressed_at: float = 0.0  # when the last one was, in seconds since 1970

    @property
    def page(self) -> Page:
        return self.browsing.page

    @page.setter
    def page(self, page: Page) -> None:
        self.browsing.page = page

    @property
    def context(self) -> BrowserContext:
        return self.browsing.context

    def address(self, path: str = "/") -> str:
        return urljoin(self.site, path)

    # ---- what people do

    def opens(self, path: str = "/") -> Response | None:
        """Open a page of the site and wait until nothing more comes."""
        return self.browsing.opens(self.address(path))

    def leaves(self) -> None:
        """Close the page; what it sends while closing has then arrived."""
        self.browsing.leaves()

    def accepts(self) -> None:
        self._answers("accept")

    def rejects(self) -> None:
        self._answers("reject")

    def withdraws(self) -> None:
        """Take a consent back by the shortest way the page offers."""
        if not self._presses("withdraw"):
            if not self._presses("reopen"):
                raise NoControlError(f"no way to withdraw on {self.page.url}")
            self._answers("reject")

    def _answers(self, kind: str) -> None:
        """By the button of that name, else in the second layer; there a no may be all boxes off."""
        if self._presses(kind) or (kind == "reject" and self._saves_nothing()):
            return
        if not self._presses("settings") or not (
            self._presses(kind) or (kind == "reject" and self._saves_nothing())
        ):
            raise NoControlError(f"no way to {kind} on {self.page.url}")

    def _saves_nothing(self) -> bool:
        if self.asked().get("save") is None:
            return False
        self.press_count += untick_boxes(self.page)
        return self._presses("save")

    def _presses(self, kind: str) -> bool:
        control = self.asked().get(kind)
        if control is None:
            return False
        self.clicks(control)
        return True

    def clicks(self, control: Control) -> None:
        """Press a control, and wait until nothing more comes of it."""
        self.browsing.notes.take(self.page)
        self.press_count += 1
        self.pressed_at = time.time()
        control.element.click()
        self.page.wait_for_load_state("load")
        self.browsing.settles()

    # ---- what is on the page, in the browser, and what left it

    def asked(self) -> Asked:
        """The banner and the controls that are there now."""
        return ask(self.page, self.selectors)

    def is_asked(self) -> bool:
        return self.asked().banner is not None

    def everything_stored(self) -> list[Item]:
        """Everything that is stored, of the site and of others."""
        return look(self.context, self.page, self.browsing.notes).items

    def jar(self) -> dict[str, dict[str, Any]]:
        """Every cookie of the site by its name, HttpOnly and other paths included."""
        host = urlsplit(self.site).hostname or ""
        return {
            str(cookie.get("name")): dict(cookie)
            for cookie in self.context.cookies()
            if self.judge.policy.is_own(str(cookie.get("domain")).lstrip("."), host)
        }

    def stored(self) -> set[str]:
        """Names of all cookies, storage keys, databases, caches and files of the site."""
        return {*self.jar(), *(item.name for item in self._own_items() if item.kind != COOKIE)}

    def _own_items(self) -> list[Item]:
        return [item for item in self.everything_stored() if self.judge.item(item).own]

    def sent(self) -> list[Contact]:
        """Who was contacted that needs consent."""
        return [one for one in self.browsing.contacts() if not self.judge.url(one.url).necessary]
