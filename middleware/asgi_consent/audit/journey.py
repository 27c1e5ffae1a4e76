"""The visits of a verification: who comes, what they do, and in which order.

Each person has a fresh profile. What they do is only what visitors do: open, wait, scroll, press,
come back. Every stage of a visit is written down in the evidence; nothing is judged here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ElementHandle, Error, Playwright

from asgi_consent.assets import STATIC
from asgi_consent.audit.asking import Asked, ask, ticked_boxes
from asgi_consent.audit.evidence import BannerFacts, Evidence, Stage
from asgi_consent.audit.links import links_of
from asgi_consent.audit.looks import appearance
from asgi_consent.audit.session import Person, Session
from asgi_consent.audit.visitor import NoControlError, Visitor
from asgi_consent.audit.wall import Wall

_MOST_TABS = 60
_FOCUSED = """(element) => { let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at === element || element.contains(at) }"""
_TEXT = "() => (document.body?.innerText ?? '').trim().slice(0, 20000)"
_COVERED = (STATIC / "audit" / "covered.js").read_text(encoding="utf-8")
#: a page that is locked is as high as the window, what is in its body is not
_SCROLLED = """() => [scrollY, Math.max(document.documentElement.scrollHeight,
  document.body?.scrollHeight ?? 0) - innerHeight]"""

Tell = Callable[[str], None]


@dataclass
class Journey:
    """Everything a run needs, and the evidence it gathers."""

    playwright: Playwright
    wall: Wall
    folder: Path
    urls: list[str]  # pages to visit, the entrance first
    evidence: Evidence
    selectors: dict[str, str] = field(default_factory=dict[str, str])
    silence: float = 2.0  # seconds of saying nothing
    patience: float = 3.0
    pages: int = 2  # how many are visited: links fill up `urls`
    har: Path | None = None
    trace: Path | None = None
    tell: Tell = lambda text: None

    @contextmanager
    def visit(self, name: str, person: Person) -> Iterator[Session]:
        """One person's visit; what it sent is sorted into its stages when it is over. A visit that
        breaks off leaves its stages out, with the reason, and the run goes on."""
        self.tell(name)
        before = set(self.evidence.stages)
        slug = name.replace(" ", "-")
        session = Session(
            self.playwright,
            self.wall,
            self.folder / slug,
            person,
            self.patience,
            har=self.har and self.har / f"{slug}.har",
            trace=self.trace and self.trace / f"{slug}.zip",
        )
        try:
            yield session
        except Error as error:
            self.evidence.missed[name] = str(error).splitlines()[0][:200]
        finally:
            contacts, cookies = session.close()
            self.evidence.cookies += cookies
            for stage in self.evidence.stages.values():
                if stage.name not in before:
                    stage.contacts = [
                        one for one in contacts if stage.began <= one.at < stage.ended
                    ]
                    stage.reads = [one for one in session.notes.reads if one.at < stage.ended]

    @contextmanager
    def stage(self, session: Session, name: str) -> Iterator[Stage]:
        """Everything until the next stage; ends with a look into the browser."""
        stage = Stage(name, time.time())
        yield stage
        stage.look = session.looks()
        stage.ended = time.time()
        self.evidence.stages[name] = stage

    def opens(self, session: Session, stage: Stage, url: str) -> Asked:
        answer = session.opens(url)
        stage.urls.append(url)
        stage.status = answer.status if answer is not None else 0
        return self.observes(session, stage)

    def observes(self, session: Session, stage: Stage) -> Asked:
        asked = ask(session.page, self.selectors)
        stage.asks = asked.banner is not None
        stage.offers = {kind: control.name for kind, control in asked.controls.items()}
        stage.address = session.page.url
        stage.text = session.page.evaluate(_TEXT)
        stage.covered = session.page.evaluate(_COVERED)
        stage.picture = session.page.screenshot(type="jpeg", quality=60, animations="disabled")
        return asked

    # ---- the visits

    def says_nothing(self) -> None:
        with self.visit("first visit", Person()) as session:
            with self.stage(session, "fresh") as stage:
                self.opens(session, stage, self.urls[0])
                for link in links_of(session.page, self.urls[0]):
                    if len(self.urls) < self.pages and link not in self.urls:
                        self.urls.append(link)
                look = session.looks()
                session.leaves()
            stage.look = look.with_cookies_of(stage.look)
            with self.stage(session, "silent") as stage:
                asked = self.opens(session, stage, self.urls[0])
                if asked.banner is not None:
                    self.evidence.banner = self._measure(session, asked)
                self._stays_silent(session, stage)
                session.leaves()

    def _stays_silent(self, session: Session, stage: Stage) -> None:
        session.page.mouse.wheel(0, 1500)
        session.page.keyboard.press("Escape")
        session.page.wait_for_timeout(self.silence * 1000)
        session.notes.take(session.page)
        session.page.reload()
        session.settles()
        for url in self.urls[1:]:
            asked = self.opens(session, stage, url)
            if self.evidence.banner and self.evidence.banner.asked_deep is not False:
                self.evidence.banner.asked_deep = asked.banner is not None

    def refuses(self) -> None:
        with self.visit("refusal", Person()) as session:
            visitor = self._visitor(session)
            visitor.opens()
            with self.stage(session, "refused") as stage:
                if self._counts("reject", visitor, visitor.rejects) is None:
                    self.evidence.missed["refused"] = "no way to refuse was found"
                    return
                stage.began = visitor.pressed_at
                for url in self.urls:
                    self.opens(session, stage, url)
                    self.evidence.ways_back[url] = bool({"reopen", "withdraw"} & set(stage.offers))
                look = session.looks()
                session.leaves()
            stage.look = look.with_cookies_of(stage.look)
            session.restart()
            with self.stage(session, "refused, back again") as stage:
                self.opens(session, stage, self.urls[0])

    def accepts_and_withdraws(self) -> None:
        with self.visit("consent", Person()) as session:
            visitor = self._visitor(session)
            visitor.opens()
            with self.stage(session, "accepted") as stage:
                if self._counts("accept", visitor, visitor.accepts) is None:
                    self.evidence.missed["accepted"] = "no way to accept was found"
                    return
                stage.began = visitor.pressed_at
                stage.closed = self._closes(session)
                for url in self.urls:
                    self.opens(session, stage, url)
                look = session.looks()
                session.leaves()
            stage.look = look.with_cookies_of(stage.look)
            session.restart()
            with self.stage(session, "accepted, back again") as stage:
                self.opens(session, stage, self.urls[0])
            if stage.asks:  # the choice was not kept: there has to be one to withdraw
                visitor.accepts()
            with self.stage(session, "withdrawn") as stage:
                if self._counts("withdraw", visitor, visitor.withdraws) is None:
                    self.evidence.missed["withdrawn"] = "no way to withdraw was found"
                    return
                stage.began = visitor.pressed_at  # until then the consent counted
                self.opens(session, stage, self.urls[-1])
                look = session.looks()
                session.leaves()
            stage.look = look.with_cookies_of(stage.look)

    def has_no_scripts(self) -> None:
        with (
            self.visit("without scripts", Person(scripts=False)) as session,
            self.stage(session, "no scripts") as stage,
        ):
            for url in self.urls:
                self.opens(session, stage, url)
            session.leaves()

    def sends_gpc(self) -> None:
        with self.visit("Global Privacy Control", Person(gpc=True)) as session:
            with self.stage(session, "gpc") as stage:
                said: list[str] = []
                for url in (self.urls[0], self.urls[-1]):
                    asked = self.opens(session, stage, url)
                    said.append(stage.text)
                    shown = [control.element for control in asked.controls.values()]
                    if asked.banner is not None:
                        said.append(str(asked.banner.evaluate("(banner) => banner.innerText")))
                    said += [
                        str(element.evaluate("(e) => e.parentElement?.innerText ?? ''"))
                        for element in shown
                    ]
                stage.text = "\n".join(said)
                session.leaves()
            # Afterwards: what an answer leaves behind is not the signal's doing.
            session.opens(self.urls[0])
            asked = ask(session.page, self.selectors)
            if asked.banner is not None:
                self.evidence.keyboard_rejects = self._rejects_by_keyboard(session, asked)

    def keeps_no_cookies(self) -> None:
        with (
            self.visit("cookies blocked", Person(cookies=False)) as session,
            self.stage(session, "no cookies") as stage,
        ):
            asked = self.opens(session, stage, self.urls[0])
            if asked.banner is not None and (control := asked.get("reject") or asked.get("accept")):
                self._visitor(session).clicks(control)
                self.opens(session, stage, self.urls[-1])

    # ---- pressing

    def _visitor(self, session: Session) -> Visitor:
        return Visitor(session, self.urls[0], self.evidence.judge, self.selectors)

    def _counts(self, name: str, visitor: Visitor, act: Callable[[], None]) -> int | None:
        """How many presses an answer takes; None where there was no way."""
        before = visitor.press_count
        try:
            act()
        except NoControlError:
            self.evidence.presses[name] = None
        else:
            self.evidence.presses[name] = visitor.press_count - before
        return self.evidence.presses[name]

    def _closes(self, session: Session) -> bool:
        """Whether the banner goes away; it may take its time to fade."""
        until = time.monotonic() + self.patience
        while ask(session.page, self.selectors).banner is not None:
            if time.monotonic() > until:
                return False
            session.page.wait_for_timeout(200)
        return True

    def _rejects_by_keyboard(self, session: Session, asked: Asked) -> bool | None:
        control = asked.get("reject") or asked.get("accept")
        if control is None or not self._tabs_to(session, {"it": control.element}):
            return None if control is None else False
        session.page.keyboard.press("Enter")
        session.settles()
        return ask(session.page, self.selectors).banner is None

    def _tabs_to(self, session: Session, elements: dict[str, ElementHandle]) -> set[str]:
        """Press Tab until all were focused, or enough is enough; which ones were."""
        found: set[str] = set()
        for _ in range(_MOST_TABS):
            session.page.keyboard.press("Tab")
            for name, element in elements.items():
                with suppress(Error):
                    if name not in found and element.evaluate(_FOCUSED):
                        found.add(name)
            if found == set(elements):
                break
        return found

    # ---- measuring

    def _measure(self, session: Session, asked: Asked) -> BannerFacts:
        facts = BannerFacts(asked.tool, asked.name, asked.language)
        facts.controls = {kind: control.name for kind, control in asked.controls.items()}
        facts.picture = session.page.screenshot(type="jpeg", quality=70, animations="disabled")
        for kind, control in asked.controls.items():
            if box := control.element.bounding_box():
                facts.boxes[kind] = (box["x"], box["y"], box["width"], box["height"])
        layer = {kind: asked.get(kind) for kind in ("accept", "reject")}
        facts.accept, facts.reject = (
            appearance(session.page, control.element) if control else None
            for control in layer.values()
        )
        facts.reached = self._tabs_to(
            session, {kind: control.element for kind, control in layer.items() if control}
        )
        facts.scrolls = self._scrolls(session)
        facts.ticked = ticked_boxes(session.page)
        if settings := asked.get("settings"):
            before = session.page.url
            try:
                self._visitor(session).clicks(settings)
                facts.ticked = sorted({*facts.ticked, *ticked_boxes(session.page)})
            except Error:  # a layer that cannot be opened is not known to be clean
                facts.ticked = facts.ticked or None
            session.page.keyboard.press("Escape")
            if session.page.url != before:
                session.opens(self.urls[0])
        return facts

    def _scrolls(self, session: Session) -> bool | None:
        """Whether the page moves under the banner; None where it is not long enough to."""
        session.page.evaluate("() => scrollTo(0, 0)")
        start, room = session.page.evaluate(_SCROLLED)
        session.page.mouse.move(5, 5)
        session.page.mouse.wheel(0, 400)
        with suppress(Error):  # nothing to wait for where it is locked
            session.page.wait_for_function(f"() => scrollY > {start}", timeout=1000)
        end, _ = session.page.evaluate(_SCROLLED)
        session.page.evaluate("() => scrollTo(0, 0)")
        if end > start:
            return True
        return False if room > 50 else None
