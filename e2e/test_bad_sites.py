"""verify fails exactly the check that a bad site breaks, and no check of its good twin.

`make lab` runs all of them; without ASGI_CONSENT_LAB only a few that stand for the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from asgi_consent.audit.results import CHECKS, Verdict
from asgi_consent.audit.verify import Plan, verify
from asgi_consent.settings import read_settings
from e2e.bad_sites import SITES, BadSite, Lab
from e2e.world import serving

ALL = "ASGI_CONSENT_LAB" in os.environ
FEW = ("http-only-cookie-survives", "reject-is-pale")
CHOSEN = [one for one in SITES if ALL or one.name in FEW]
#: only seen by unit tests: pages of the lab come over http, and what they miss is not an address
WITHOUT_A_SITE = {"secure"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(Lab()) as port:
        yield port


def failed(playwright: Playwright, one: BadSite, host: str, port: int) -> list[str]:
    tracker = {
        "id": "tracker",
        "name": "Tracker",
        "category": "statistics",
        "hosts": ["tracker.others.localhost"],
    }
    plan = Plan(
        [f"http://{host}.localhost:{port}/"],
        settings=read_settings({"services": [tracker]}) if one.declares else None,
        rule=one.rule,
        silence=0.3,
        patience=2,
        visits=one.needed,
        allow_private=True,
    )
    report = verify(plan, playwright=playwright)
    assert set(report.evidence.missed) <= {"withdrawn"}  # where that is what is wrong
    return report.with_verdict(Verdict.FAILED)


def test_every_check_has_a_bad_site() -> None:
    assert {one.fails for one in SITES} == set(CHECKS) - WITHOUT_A_SITE
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"{len(SITES)} small sites" in readme


@pytest.mark.parametrize("one", CHOSEN, ids=[one.name for one in CHOSEN])
def test_bad_site_fails_exactly_its_check(playwright: Playwright, one: BadSite, port: int) -> None:
    assert failed(playwright, one, one.name, port) == [one.fails]


TWINS = [one for one in CHOSEN if one.good is not None]


@pytest.mark.parametrize("one", TWINS, ids=[one.name for one in TWINS])
def test_good_twin_fails_nothing(playwright: Playwright, one: BadSite, port: int) -> None:
    assert failed(playwright, one, f"good-{one.name}", port) == []


def test_decent_site_fails_nothing(playwright: Playwright, port: int) -> None:
    plan = Plan([f"http://decent.localhost:{port}/"], silence=0.3, patience=2, allow_private=True)

    report = verify(plan, playwright=playwright)

    assert report.with_verdict(Verdict.FAILED) == []
    assert set(report.with_verdict(Verdict.NOT_JUDGED)) == {
        "placeholders",  # it has none
        "accepted-declared",  # nobody says what is declared
        "gpc-shown",  # not required where the rule is opt-in
        "secure",  # its pages come over http
    }
