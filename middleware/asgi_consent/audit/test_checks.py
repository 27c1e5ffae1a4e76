"""Every check of verify as a test: pytest --pyargs asgi_consent.audit --consent-url https://…

The site is visited once. A check that could not be judged is skipped, with why; with pytest-xdist
each worker that gets a check visits the site, so give it `--dist loadfile`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from asgi_consent.audit.results import CHECKS, Check, Report, Verdict

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

    from asgi_consent.settings import Settings


@pytest.fixture(scope="session")
def consent_report(
    pytestconfig: pytest.Config,
    consent_site: str,
    consent_settings: Settings,
    consent_playwright: Playwright,
) -> Report:
    from asgi_consent.audit.asking import read_selectors
    from asgi_consent.audit.verify import Plan, verify

    plan = Plan(
        [consent_site],
        settings=consent_settings if pytestconfig.getoption("--consent-config") else None,
        rule=pytestconfig.getoption("--consent-rule"),
        allow_private=pytestconfig.getoption("--consent-allow-private"),
        insecure=pytestconfig.getoption("--consent-insecure"),
        selectors=read_selectors(pytestconfig.getoption("--consent-selector")),
    )
    return verify(plan, playwright=consent_playwright)


@pytest.mark.parametrize(
    "check",
    [pytest.param(one, id=one.id, marks=pytest.mark.clause(one.clause)) for one in CHECKS.values()],
)
def test_check(check: Check, consent_report: Report) -> None:
    result = consent_report.results[check.id]
    if result.verdict is Verdict.NOT_JUDGED:
        pytest.skip(f"not judged: {result.why}")
    proofs = "\n".join(f"  {proof.text} {proof.url}" for proof in result.proofs)
    assert result.verdict is Verdict.PASSED, f"{check.title}: {result.why}\n{proofs}"
