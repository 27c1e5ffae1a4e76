"""The kit as its users meet it: a scan, and tests of their own with the pytest plugin."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from asgi_consent.audit.drafting import draft
from asgi_consent.audit.scan import ScanPlan, scan
from asgi_consent.demo.app import Demo
from asgi_consent.settings import read_settings
from e2e.world import SECRET_KEY, demo_settings, serving


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving(Demo(secret_key=SECRET_KEY)) as port:
        yield f"http://127.0.0.1:{port}/"


def test_scan_tells_states_apart_and_drafts_what_it_found(
    playwright: Playwright, site: str
) -> None:
    plan = ScanPlan([site], pages=3, delay=0, sitemap=False, allow_private=True)

    inventory = scan(plan, playwright=playwright)

    assert inventory.states == ["fresh", "rejected", "accepted", "withdrawn"]
    assert len(inventory.pages) == 3
    states = {find.name: find.states for find in inventory.finds}
    assert states["asgi_consent"] == ["rejected", "accepted", "withdrawn"]
    for accepted in ("_tally", "tally_visitor", "tally_events", "analytics.localhost"):
        assert states[accepted] == ["accepted"], accepted
    by = {find.name: find.by for find in inventory.finds}
    assert any(script.endswith("/tally.js") for script in by["tally_visitor"])
    drafted = read_settings(tomllib.loads(draft(inventory))).policy
    assert "unclassified" in drafted.optional
    assert drafted.matcher.cookie("_tally")


def test_scan_finds_nothing_undeclared_on_a_site_that_declares_all(
    playwright: Playwright, site: str
) -> None:
    settings = demo_settings()
    plan = ScanPlan([site], settings, pages=2, delay=0, sitemap=False, allow_private=True)

    inventory = scan(plan, playwright=playwright)

    assert [find.name for find in inventory.undeclared] == []


TESTS = """
import pytest

def test_refusing(visitor):
    visitor.opens("/cameras/m1")
    assert visitor.is_asked()
    visitor.rejects()
    visitor.leaves()
    visitor.opens("/journal")
    assert not visitor.is_asked()
    assert visitor.stored() == {"asgi_consent"}
    assert visitor.sent() == []

@pytest.mark.clause("C34")
def test_accepting(new_visitor):
    visitor = new_visitor()
    visitor.opens("/")
    visitor.accepts()
    assert visitor.press_count == 1
    visitor.leaves()
    assert "analytics.localhost" in {contact.host for contact in visitor.sent()}

def test_that_is_wrong(visitor):
    visitor.opens("/")
    assert not visitor.is_asked()
"""


def test_own_tests_get_a_visitor_with_a_ledger(site: str, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(TESTS)
    command = ["-m", "pytest", "-q", "--clauses", "--consent-allow-private", "--consent-url", site]

    run = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert "1 failed, 2 passed" in run.stdout, run.stdout + run.stderr
    assert "FAILED test_own.py::test_that_is_wrong" in run.stdout
    assert "C34  passed" in run.stdout


def test_missing_address_is_explained(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(TESTS)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "refusing"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert "--consent-url URL says which site is tested" in run.stdout + run.stderr
