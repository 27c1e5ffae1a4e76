"""Sites with a strict policy of their own: our files pass it, and nothing else gets in."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from e2e.bare_site import THIRD_PARTY
from e2e.visitor import Visitor

POLICIES = {
    "nothing": "default-src 'none'",
    "nonce": "script-src 'nonce-n4'; style-src 'nonce-n4'; object-src 'none'; base-uri 'none'",
    "strict-dynamic": "script-src 'nonce-n4' 'strict-dynamic'; style-src 'none'; base-uri 'none'",
    "hashes": "script-src 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' 'strict-dynamic'",
    "several": "default-src 'self', script-src 'none', style-src https://elsewhere.example",
    "trusted-types": "require-trusted-types-for 'script'; trusted-types 'none'; default-src 'self'",
}


@pytest.mark.clause("C17", "C16")
@pytest.mark.parametrize("name", POLICIES)
def test_banner_and_guard_work_under_the_policy(site: Visitor, name: str) -> None:
    violations: list[str] = []
    site.page.on("console", lambda message: violations.append(message.text))

    site.opens("/?policy=" + quote(POLICIES[name]))
    assert site.banner.is_visible()
    assert site.page.evaluate("consent.allows('necessary')")
    site.page.evaluate("document.cookie = 'odd=1'")
    site.rejects()

    assert site.state()["status"] == "refused"
    assert set(site.jar()) == {"asgi_consent"}
    refused = [text for text in violations if "_consent/" in text and "/choice" not in text]
    assert refused == []


@pytest.mark.clause("C16")
@pytest.mark.parametrize("name", ["nonce", "strict-dynamic"])
def test_script_with_the_apps_nonce_still_reaches_nobody(site: Visitor, name: str) -> None:
    scheme, _, rest = site.address("", THIRD_PARTY).partition(":")
    code = (  # an address written out would be held back on the server
        f"const t = '{scheme}' + ':{rest}'; import(t + '/import').catch(() => {{}});"
        "const s = document.createElement('script'); s.nonce = 'n4'; s.src = t + '/s';"
        "document.head.append(s); window.ran = true"
    )

    site.opens(
        f"/?policy={quote(POLICIES[name])}&body={quote(f'<script nonce=n4>{code}</script>')}"
    )
    site.page.wait_for_function("window.ran")
    site.leaves()

    assert site.sent() == []


@pytest.mark.clause("C16")
def test_policy_in_the_page_stays_in_force(site: Visitor) -> None:
    inline, meta = quote("<script>window.ran = true</script>"), quote("default-src 'self'")

    site.opens(f"/?meta={meta}&body={inline}")

    assert site.banner.is_visible()
    assert site.page.evaluate("window.ran") is None
    site.rejects()
