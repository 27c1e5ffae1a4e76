"""verify: send people to a site, and judge clause by clause what their browsers saw."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from asgi_consent.audit.addresses import port_of, read_site
from asgi_consent.audit.asking import consent_tools
from asgi_consent.audit.checks.table import judge
from asgi_consent.audit.evidence import Evidence
from asgi_consent.audit.interrupt import interruptible
from asgi_consent.audit.journey import Journey, Tell
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.results import Report
from asgi_consent.audit.wall import wall
from asgi_consent.errors import ConsentError
from asgi_consent.settings import Settings

_LIMITS = (
    "What the site's servers tell others among themselves is invisible from outside.",
    "Behind the proxy Chromium makes no dns-prefetch and no speculative prefetch: the page's hints "
    "are judged by what they ask for.",
    "Reporting endpoints are judged by the headers that name them: reports leave minutes later.",
    "WebRTC is seen by the names it looks up; servers named by their IP address are not.",
    "One browser, one place, one language: other regions may be shown something else.",
    "What a site does only for visitors who sign in, buy or stay longer was not done.",
    "Cache validators (ETag) and HSTS can tell visitors apart and are not looked at.",
)


#: the visits of a run, by the name a user leaves them out by
VISITS: dict[str, Callable[[Journey], None]] = {
    "silence": Journey.says_nothing,
    "refusal": Journey.refuses,
    "consent": Journey.accepts_and_withdraws,
    "no-scripts": Journey.has_no_scripts,
    "gpc": Journey.sends_gpc,
    "no-cookies": Journey.keeps_no_cookies,
}


class UnreachableError(ConsentError):
    """The site did not answer, so nothing could be judged."""


@dataclass(frozen=True)
class Plan:
    """What a verification is to do. `pages` is how many are visited, links filling up the URLs."""

    urls: Sequence[str]
    settings: Settings | None = None
    rule: str = "opt-in"
    pages: int = 2
    visits: Sequence[str] = tuple(VISITS)
    silence: float = 2.0
    patience: float = 3.0
    allow_private: bool = False
    insecure: bool = False  # take any certificate
    selectors: dict[str, str] = field(default_factory=dict[str, str])
    identities: tuple[str, ...] = ()
    har: Path | None = None
    trace: Path | None = None


def verify(
    plan: Plan, tell: Tell = lambda text: None, playwright: Playwright | None = None
) -> Report:
    """Visit a site as several people would, and judge it. Raises ConsentError if it cannot be.

    Ctrl-C ends it after the visit it is at; what was seen until then is judged.
    """
    sites = [read_site(url, allow_private=plan.allow_private) for url in plan.urls]
    settings = plan.settings or Settings()
    evidence = Evidence(
        url=sites[0].geturl(),
        judge=Judge(settings.policy, sites[0].hostname or ""),
        rule=plan.rule,
        configured=plan.settings is not None,
        identities=plan.identities,
        limits=list(_LIMITS),
        began=time.time(),
    )
    if plan.insecure:
        evidence.limits.append("Certificates were not checked.")
    with ExitStack() as stack:
        ports = frozenset(port_of(site) for site in sites)
        walled = stack.enter_context(
            wall(allow_private=plan.allow_private, ports=ports, insecure=plan.insecure)
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asgi-consent-")))
        running = playwright or stack.enter_context(sync_playwright())
        journey = Journey(
            running,
            walled,
            folder,
            [site.geturl() for site in sites],
            evidence,
            dict(plan.selectors),
            plan.silence,
            plan.patience,
            plan.pages,
            plan.har,
            plan.trace,
            tell,
        )
        interrupt = stack.enter_context(interruptible())
        for name in plan.visits:
            if interrupt.asked:
                evidence.interrupted = True
                evidence.limits.append("The run was interrupted: what was left was not judged.")
                break
            VISITS[name](journey)
            _has_answered(journey)
    _know_the_choice(evidence)
    evidence.seconds = time.time() - evidence.began
    return judge(evidence)


def _has_answered(journey: Journey) -> None:
    """Raises UnreachableError where the very first page could not be opened."""
    evidence = journey.evidence
    host = evidence.judge.site_host
    refused = [one.refused for one in journey.wall.passages if one.host == host and one.refused]
    if not evidence.stages and evidence.missed:
        why = refused[0] if refused else reason(next(iter(evidence.missed.values())))
        raise UnreachableError(f"{evidence.url} cannot be opened: {why}")
    if refused and len(refused) == sum(one.host == host for one in journey.wall.passages):
        raise UnreachableError(f"{evidence.url} cannot be opened: {refused[0]}")


def reason(error: Exception | str) -> str:
    """Why a page could not be opened, in a line."""
    why = str(error).splitlines()[0].removeprefix("Page.goto: ").split(" at http")[0][:200]
    if "ERR_CERT" in why:
        why += "; --insecure takes any certificate"
    return why


def _know_the_choice(evidence: Evidence) -> None:
    """Which stored things keep the choice: by the tool, else by what both answers left."""
    tool = evidence.banner.tool if evidence.banner else ""
    known = next((one for one in consent_tools() if one["id"] == tool), None)
    ours = consent_tools()[0]
    for one in (known, ours):
        if one is not None:
            evidence.judge.choice_names.update(one.get("store", ()))
    refused, accepted = evidence.stage("refused"), evidence.stage("accepted")
    if refused and accepted:
        evidence.judge.learn_choice(refused.items, accepted.items)
