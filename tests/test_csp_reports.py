"""Reports of browsers: a list of undeclared hosts, whoever sends them and however many."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.csp_reports import CspReports
from asgi_consent.findings import Findings
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.policy import Mode, Policy
from tests.asgi import SimpleApp, post
from tests.conftest import shop_settings

Protect = Callable[..., ConsentMiddleware]


def old(url: object, directive: object = "img-src") -> bytes:
    report = {"blocked-uri": url, "effective-directive": directive}
    return json.dumps({"csp-report": report}).encode()


def new(url: object, directive: object = "img-src") -> bytes:
    body = {"blockedURL": url, "effectiveDirective": directive}
    return json.dumps([{"type": "csp-violation", "body": body}]).encode()


@pytest.mark.parametrize("written", [old, new])
def test_undeclared_host_is_told_once(
    protect: Protect, caplog: pytest.LogCaptureFixture, written: Callable[..., bytes]
) -> None:
    app = protect(SimpleApp())

    for path in ("/1?secret=1", "/2"):
        assert post(app, "/_consent/report", written("https://odd.example" + path)).status == 204

    (told,) = [r.getMessage() for r in caplog.records if "odd.example" in r.getMessage()]
    assert 'add hosts = ["odd.example"]' in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "url",
    [
        "https://counter.example/x",
        "https://shop.example/x",
        "inline",
        "data",
        "",
        7,
        None,
        "://",
        "http:://x",
    ],
)
def test_what_is_declared_or_no_host_is_not_told(
    protect: Protect, caplog: pytest.LogCaptureFixture, url: Any
) -> None:
    post(protect(SimpleApp()), "/_consent/report", old(url))

    assert "browsers report" not in caplog.text


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'"x"', b"[" * 5000, b"\xff"])
def test_what_is_no_report_is_refused(protect: Protect, body: bytes) -> None:
    assert post(protect(SimpleApp()), "/_consent/report", body).status == 400


def test_report_that_is_too_large_is_refused(protect: Protect) -> None:
    assert post(protect(SimpleApp()), "/_consent/report", b" " * 20_000).status == 413


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["csp-report", "body", "type", "blocked-uri", "blockedURL"]), inner
            )
        ),
    )
)
def test_reports_of_any_shape_raise_nothing_but_value_errors(value: Any) -> None:
    policy = shop_settings().policy
    reports = CspReports(policy, Findings(policy, Mode.ENFORCE))
    with suppress(ValueError):
        reports.take(json.dumps(value).encode(), "shop.example")


@pytest.mark.threat("T25")
def test_flood_is_not_read(policy: Policy) -> None:
    now = 0.0
    reports = CspReports(policy, Findings(policy, Mode.ENFORCE), clock=lambda: now)

    assert sum(reports.may_come() for _ in range(1000)) == 40
    now += 5
    assert sum(reports.may_come() for _ in range(1000)) == 10
    now += 3600
    assert sum(reports.may_come() for _ in range(1000)) == 40


@pytest.mark.threat("T23")
def test_made_up_hosts_do_not_fill_the_log(
    policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    reports = CspReports(policy, Findings(policy, Mode.ENFORCE))

    for number in range(2000):
        reports.take(old(f"https://h{number}.example/"), "shop.example")
    reports.take(old("https://x\u001b[31m.example/", "img-src\n"), "shop.example")

    assert len(caplog.records) <= 500
    assert "\u001b" not in caplog.text
