"""The kit on a site over https, whose certificate nobody knows; and what it records."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from playwright.sync_api import Playwright

from asgi_consent.audit.results import Verdict
from asgi_consent.audit.scan import ScanPlan, scan
from asgi_consent.audit.verify import Plan, UnreachableError, verify
from asgi_consent.demo.app import Demo
from asgi_consent.types import Receive, Scope, Send
from e2e.world import SECRET_KEY, demo_settings, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("tls")
    issued = trustme.CA().issue_cert("127.0.0.1", "*.localhost", "localhost")
    key, chain = folder / "key.pem", folder / "chain.pem"
    issued.private_key_pem.write_to_path(key)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    return {"ssl_keyfile": str(key), "ssl_certfile": str(chain)}


@pytest.fixture(scope="module")
def site(certificate: dict[str, str]) -> Iterator[str]:
    with serving(Demo(secret_key=SECRET_KEY), **certificate) as port:
        yield f"https://127.0.0.1:{port}/"


def test_unknown_certificate_is_told_with_the_way_out(playwright: Playwright, site: str) -> None:
    for look in (
        lambda: verify(Plan([site], allow_private=True, visits=["silence"]), playwright=playwright),
        lambda: scan(ScanPlan([site], allow_private=True, pages=1), playwright=playwright),
    ):
        with pytest.raises(UnreachableError, match=r"ERR_CERT_\w+; --insecure takes any"):
            look()


def test_site_over_https_is_judged_and_recorded(
    playwright: Playwright, site: str, tmp_path: Path
) -> None:
    plan = Plan(
        [site],
        settings=demo_settings(),
        visits=["silence", "refusal", "consent"],
        silence=0.3,
        allow_private=True,
        insecure=True,
        har=tmp_path / "har",
        trace=tmp_path / "trace",
    )

    report = verify(plan, playwright=playwright)

    assert report.with_verdict(Verdict.FAILED) == []
    assert report.results["secure"].verdict is Verdict.PASSED
    assert "Certificates were not checked." in report.evidence.limits
    recorded = json.loads((tmp_path / "har" / "consent.har").read_text(encoding="utf-8"))
    addresses = [entry["request"]["url"] for entry in recorded["log"]["entries"]]
    assert site in addresses
    assert any("analytics.localhost" in address for address in addresses)
    with zipfile.ZipFile(tmp_path / "trace" / "refusal.zip") as trace:
        assert any(name.endswith(".trace") for name in trace.namelist())


def test_choice_that_a_slow_site_still_works_on_counts(
    playwright: Playwright, certificate: dict[str, str]
) -> None:
    """Requests in a tunnel that is there already are seen by nobody but the page."""
    demo = Demo(secret_key=SECRET_KEY)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            await asyncio.sleep(1)
        await demo(scope, receive, send)

    with serving(slow, **certificate) as port:
        plan = Plan(
            [f"https://127.0.0.1:{port}/"],
            settings=demo_settings(),
            visits=["refusal"],
            allow_private=True,
            insecure=True,
        )
        report = verify(plan, playwright=playwright)

    assert report.results["way-back"].verdict is Verdict.PASSED
    assert not report.evidence.stages["refused"].asks


def test_scan_reads_a_site_over_https(playwright: Playwright, site: str) -> None:
    plan = ScanPlan([site], pages=3, delay=0, sitemap=False, allow_private=True, insecure=True)

    inventory = scan(plan, playwright=playwright)

    assert len(inventory.pages) == 3
    assert "_tally" in {find.name for find in inventory.finds}
