"""scan: visit a site's pages in four states, and write down everything that is used there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Error, Playwright, Response, sync_playwright

from asgi_consent.audit.addresses import port_of, read_site
from asgi_consent.audit.asking import consent_tools
from asgi_consent.audit.cloaking import cloaked
from asgi_consent.audit.crawl import Frontier, read_robots, sitemap_pages
from asgi_consent.audit.interrupt import Interrupt, interruptible
from asgi_consent.audit.inventory import HOST, INLINE, Inventory
from asgi_consent.audit.journey import Tell
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.links import links_of
from asgi_consent.audit.markup import read_markup
from asgi_consent.audit.session import Person, Session
from asgi_consent.audit.verify import UnreachableError, reason
from asgi_consent.audit.visitor import NoControlError, Visitor
from asgi_consent.audit.wall import Wall, wall
from asgi_consent.settings import Settings


@dataclass(frozen=True)
class ScanPlan:
    """`delay` is how many seconds pass at least between two pages, so that nobody is burdened."""

    urls: Sequence[str]
    settings: Settings | None = None
    pages: int = 20
    depth: int = 3
    delay: float = 0.5
    patience: float = 3.0
    sitemap: bool = True
    allow_private: bool = False
    insecure: bool = False  # take any certificate
    selectors: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class _Scan:
    plan: ScanPlan
    playwright: Playwright
    wall: Wall
    folder: Path
    frontier: Frontier
    inventory: Inventory
    interrupt: Interrupt
    tell: Tell
    _times: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])

    def run(self) -> None:
        session = self._session("fresh")
        try:
            while not self.interrupt.asked and (next_ := self.frontier.take()) is not None:
                url, depth = next_
                if self._visit(session, url, "fresh"):
                    self.frontier.add(links_of(session.page, url), depth + 1)
            self._leave(session)
        finally:
            self._close(session)
        self._answered("rejected")
        self._answered("accepted")

    def _answered(self, state: str) -> None:
        """Answer on the first page, then visit all; after a yes withdraw, and visit all again."""
        if self.interrupt.asked or not self.inventory.pages:
            return
        session = self._session(state)
        visitor = Visitor(
            session, self.inventory.pages[0], self.inventory.judge, self.plan.selectors
        )
        try:
            session.opens(self.inventory.pages[0])
            if state == "rejected":
                visitor.rejects()
            else:
                visitor.accepts()
            self._visit_all(session, state)
            if state == "accepted" and not self.interrupt.asked:
                state = "withdrawn"
                session.opens(self.inventory.pages[0])
                visitor.withdraws()
                self._visit_all(session, state)
        except (NoControlError, Error) as error:
            self.inventory.skipped[state] = reason(error)
        finally:
            self._close(session)

    def _visit_all(self, session: Session, state: str) -> None:
        self.inventory.states.append(state)
        for url in self.inventory.pages:
            if self.interrupt.asked:
                return
            self._visit(session, url, state)
        self._leave(session)

    def _visit(self, session: Session, url: str, state: str) -> bool:
        at = (
            len(self.inventory.pages) + 1
            if state == "fresh"
            else self.inventory.pages.index(url) + 1
        )
        total = self.plan.pages if state == "fresh" else len(self.inventory.pages)
        self.tell(f"{state} {at}/{total} {urlsplit(url).path}")
        self._times.append((time.time(), state, url))
        try:
            answer = session.opens(url)
        except Error as error:
            self.inventory.skipped[url] = reason(error)
            return False
        self.inventory.add_look(session.looks(), state, url)
        if state == "fresh":
            self.inventory.pages.append(url)
            self._read_markup(answer, url)
            if state not in self.inventory.states:
                self.inventory.states.append(state)
        pause = self.plan.delay - (time.time() - self._times[-1][0])
        session.page.wait_for_timeout(max(0.0, pause) * 1000)
        return True

    def _leave(self, session: Session) -> None:
        """What only a closing page sends, and what is stored then."""
        _, state, url = self._times[-1]
        session.leaves()
        self.inventory.add_look(session.looks(), state, url)

    def _read_markup(self, answer: Response | None, url: str) -> None:
        judge = self.inventory.judge
        try:
            html = answer.text() if answer is not None else ""
        except Error:  # a body that is gone, or no text
            return
        for named in read_markup(html, url, judge.policy.matcher):
            if named.url:
                ruling = judge.url(named.url)
                host = urlsplit(named.url).hostname or ""
                if not ruling.own:
                    self.inventory.add_markup(HOST, host, ruling, url, f"{named.tag} in the HTML")
            else:
                ruling = judge.service(named.service)
                self.inventory.add_markup(INLINE, named.service, ruling, url, named.tag)

    def _session(self, name: str) -> Session:
        return Session(self.playwright, self.wall, self.folder / name, Person(), self.plan.patience)

    def _close(self, session: Session) -> None:
        """Sort what was sent to the page and state that were then being visited."""
        contacts, _ = session.close()
        times = [*self._times, (float("inf"), "", "")]
        for (began, state, url), (ended, _, _) in pairwise(times):
            self.inventory.add_contacts(
                [one for one in contacts if began <= one.at < ended], state, url
            )
            reads = [one for one in session.notes.reads if began <= one.at < ended]
            self.inventory.add_reads(reads, state, url)
        self._times.clear()


def scan(
    plan: ScanPlan, tell: Tell = lambda text: None, playwright: Playwright | None = None
) -> Inventory:
    """Visit a site and list what it uses. Raises ConsentError if no page can be opened.

    Ctrl-C ends it after the page it is at; the inventory then says so.
    """
    sites = [read_site(url, allow_private=plan.allow_private) for url in plan.urls]
    settings = plan.settings or Settings()
    judge = Judge(settings.policy, sites[0].hostname or "")
    judge.choice_names |= {name for tool in consent_tools() for name in tool.get("store", ())}
    start = [site.geturl() for site in sites]
    inventory = Inventory(start[0], judge, time.time())
    with ExitStack() as stack:
        ports = frozenset(port_of(site) for site in sites)
        walled = stack.enter_context(
            wall(allow_private=plan.allow_private, ports=ports, insecure=plan.insecure)
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asgi-consent-")))
        interrupt = stack.enter_context(interruptible())
        tell("robots.txt and sitemap")
        robots = read_robots(start[0], walled)
        frontier = Frontier(start, plan.pages, plan.depth, robots)
        if plan.sitemap:
            frontier.add(sitemap_pages(start[0], robots, walled), 1)
        running = playwright or stack.enter_context(sync_playwright())
        _Scan(plan, running, walled, folder, frontier, inventory, interrupt, tell).run()
        inventory.interrupted = interrupt.asked
        inventory.skipped |= dict.fromkeys(frontier.refused, "robots.txt asks not to visit it")
    if not inventory.pages:
        why = next(iter(inventory.skipped.values()), "interrupted")
        raise UnreachableError(f"{start[0]} cannot be opened: {why}")
    tell("names of hosts")
    own = {find.host for find in inventory.finds if find.kind == HOST and find.ruling.own}
    inventory.cloak(cloaked(own, judge.site_host))
    inventory.seconds = time.time() - inventory.began
    return inventory
