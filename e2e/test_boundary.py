"""Whatever a hostile script tries, in whatever realm: the third party's log stays empty."""

from __future__ import annotations

import pytest

from e2e.attempts import ATTEMPTS, BEYOND_ANY_POLICY, BEYOND_THE_GUARD, FRESH_REALMS, attempts
from e2e.bare_site import THIRD_PARTY
from e2e.visitor import Visitor
from e2e.world import SITE


def tries_everything(visitor: Visitor, realm: str = "own") -> None:
    """Try all with one realm's functions, and wait for what takes longest: a worker's request."""
    visitor.opens("/")
    origin = visitor.address("", THIRD_PARTY)
    visitor.page.evaluate(f"({attempts(origin)})({FRESH_REALMS[realm]})")
    visitor.page.evaluate("new Worker('/worker-that-fetches.js?' + encodeURIComponent('/last'))")
    visitor.waits_for(SITE, "/last")


@pytest.mark.threat("T28")
@pytest.mark.clause("C16", "C34")
@pytest.mark.parametrize("realm", FRESH_REALMS)
def test_nothing_that_scripts_try_reaches_anybody(site: Visitor, realm: str) -> None:
    tries_everything(site, realm)
    site.leaves()

    assert {arrival.path.strip("/") for arrival in site.sent()} <= (
        set() if realm == "own" else BEYOND_ANY_POLICY
    )


@pytest.mark.clause("C16")
@pytest.mark.parametrize("site", [{"csp": "off"}], indirect=True)
@pytest.mark.parametrize("realm", FRESH_REALMS)
def test_guard_alone_misses_what_the_readme_says_and_no_more(site: Visitor, realm: str) -> None:
    tries_everything(site, realm)
    site.leaves()

    assert {arrival.path.strip("/") for arrival in site.sent()} <= BEYOND_THE_GUARD


@pytest.mark.parametrize("site", [{"mode": "observe"}], indirect=True)
def test_all_of_it_reaches_somebody_where_we_only_observe(site: Visitor) -> None:
    """The control: every attempt is one that works."""
    tries_everything(site)

    for name in ATTEMPTS:
        site.waits_for(THIRD_PARTY, f"/{name}")
