"""What is in a browser at one moment: cookies and every other store, and who wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Frame, Page

from asgi_consent.assets import STATIC
from asgi_consent.audit.traffic import SentCookie

PROBE = (STATIC / "audit" / "probe.js").read_text(encoding="utf-8")
_LOOK = (STATIC / "audit" / "stores.js").read_text(encoding="utf-8")
_NOTES = "() => globalThis.__asgiConsentAudit ?? { writes: [], reads: [] }"

COOKIE = "cookie"
_LONGEST_VALUE = 4096  # characters
_PATIENCE = 3000  # milliseconds for a script of the page to let go


@dataclass(frozen=True, slots=True)
class Item:
    """One thing stored. `host` is where it lives, `by` the script or response that wrote it, `""`
    where that was not seen. `expires` in seconds since 1970, None until the browser closes."""

    kind: str
    name: str
    host: str
    value: str = ""
    by: str = ""
    path: str = ""
    expires: float | None = None
    http_only: bool = False
    secure: bool = False
    partitioned: bool = False

    @property
    def key(self) -> tuple[str, str, str, str, bool]:
        return (self.kind, self.name, self.host, self.path, self.partitioned)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a page or a header asks the browser to fetch, look up or connect to ahead of time."""

    how: str
    url: str


@dataclass(frozen=True, slots=True)
class Place:
    """An element that fetches: where it is in the window, and whether it stands in for another."""

    url: str
    tag: str
    box: tuple[float, float, float, float]
    stands_in: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A script read something that tells one device from another."""

    at: float
    what: str
    by: str


@dataclass
class Look:
    """One look into a browser."""

    items: list[Item] = field(default_factory=list[Item])
    hints: list[Hint] = field(default_factory=list[Hint])
    places: list[Place] = field(default_factory=list[Place])
    stand_ins: int = 0  # elements in place of content that is held back

    def with_cookies_of(self, later: Look) -> Look:
        """This look at a page, and what was still stored when the page was gone: cookies that only
        a closing page sets."""
        known = {item.key for item in self.items}
        added = [item for item in later.items if item.kind == COOKIE and item.key not in known]
        return replace(self, items=[*self.items, *added])


@dataclass
class Notes:
    """What the probe in the pages has noted so far."""

    writes: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    cookies: list[SentCookie] = field(default_factory=list[SentCookie])
    reads: list[Read] = field(default_factory=list[Read])

    def take(self, page: Page) -> None:
        """Before a page goes away: what was noted in it and its frames."""
        for frame in page.frames:
            found = _evaluate(frame, _NOTES)
            for write in found.get("writes", ()):
                self.writes.setdefault((write["kind"], write["name"]), write["by"])
                if write["kind"] == COOKIE:
                    self.cookies.append(
                        SentCookie(write["at"], write["value"], write["page"], by_script=True)
                    )
            for read in found.get("reads", ()):
                self.reads.append(Read(read["at"], read["what"], read["by"]))


def look(context: BrowserContext, page: Page, notes: Notes) -> Look:
    """Everything that is stored now. The other stores are those of the page's frames; a browser
    without scripts has none that could be read."""
    seen = Look()
    notes.take(page)
    for cookie in context.cookies():
        expires = cookie.get("expires", -1)
        seen.items.append(
            Item(
                kind=COOKIE,
                name=cookie.get("name", ""),
                host=cookie.get("domain", "").lstrip("."),
                value=cookie.get("value", ""),
                by=notes.writes.get((COOKIE, cookie.get("name", "")), ""),
                path=cookie.get("path", "/"),
                expires=expires if expires > 0 else None,
                http_only=cookie.get("httpOnly", False),
                secure=cookie.get("secure", False),
                partitioned=bool(cookie.get("partitionKey")),
            )
        )
    for frame in page.frames:
        if not _answers(frame):  # nor would the browser, which asks it for its storage
            continue
        found = _evaluate(frame, _LOOK)
        host = urlsplit(frame.url).hostname or ""
        for item in (*found.get("items", ()), *_storage(context, frame)):
            by = notes.writes.get((item["kind"], item["name"]), "")
            seen.items.append(Item(item["kind"], item["name"], host, item["value"], by))
        if frame == page.main_frame:
            seen.hints += [Hint(hint["how"], hint["url"]) for hint in found.get("hints", ())]
            seen.stand_ins = found.get("stand_ins", 0)
            seen.places += [
                Place(one["url"], one["tag"], _box(one["box"]), one["stands_in"])
                for one in found.get("places", ())
            ]
    return seen


def _storage(context: BrowserContext, frame: Frame) -> list[dict[str, str]]:
    """localStorage and sessionStorage as the browser has them: a page may be shown others."""
    parts = urlsplit(frame.url)
    if parts.scheme not in ("http", "https"):
        return []
    origin = f"{parts.scheme}://{parts.netloc}"
    return [
        {"kind": kind, "name": name, "value": value[:_LONGEST_VALUE]}
        for kind in ("localStorage", "sessionStorage")
        for name, value in storage_of(context, frame, origin, local=kind == "localStorage").items()
    ]


def storage_of(
    context: BrowserContext, place: Page | Frame, origin: str, *, local: bool
) -> dict[str, str]:
    """One storage of an origin that is open in `place`; {} where the browser has blocked it."""
    try:
        session = context.new_cdp_session(place)
    except Error:  # a frame in the process of its page has no session of its own
        session = context.new_cdp_session(place.page if isinstance(place, Frame) else place)
    try:
        storage = {"securityOrigin": origin, "isLocalStorage": local}
        answer = session.send("DOMStorage.getDOMStorageItems", {"storageId": storage})
        return dict(answer["entries"])
    except Error:
        return {}
    finally:
        session.detach()


def _box(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    x, y, width, height = numbers
    return (x, y, width, height)


def _answers(frame: Frame) -> bool:
    """Whether its scripts let go. This ends; what is asked of a script that never does may not."""
    try:
        frame.wait_for_function("() => true", timeout=_PATIENCE)
    except Error:  # the frame is gone, is no document, or is busy for ever
        return False
    return True


def _evaluate(frame: Frame, code: str) -> dict[str, Any]:
    if not _answers(frame):
        return {}
    try:
        found = frame.evaluate(code)
    except Error:
        return {}
    return found if isinstance(found, dict) else {}
