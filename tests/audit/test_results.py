"""Checks and reports: what was not seen is never passed, and every report says the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from PIL import Image, ImageDraw

from asgi_consent.audit.asking import CONTROLS, consent_tools, control_names
from asgi_consent.audit.checks.contents import lifetimes, secure
from asgi_consent.audit.checks.table import JUDGEMENTS, judge
from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.audit.commands import VISITS as NAMES
from asgi_consent.audit.evidence import Evidence, Stage
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.looks import contrasts
from asgi_consent.audit.reports.data import SCHEMA, as_data
from asgi_consent.audit.reports.junit import as_junit
from asgi_consent.audit.reports.page import as_page
from asgi_consent.audit.reports.terminal import verdict_lines
from asgi_consent.audit.results import CHECKS, Report, Verdict
from asgi_consent.audit.stores import Item, Look
from asgi_consent.audit.traffic import Contact, SentCookie
from asgi_consent.audit.verify import VISITS
from asgi_consent.languages import LANGUAGES
from asgi_consent.settings import Settings

EVIL = "<script>alert(1)</script>\x1b[31m\x00"


def evidence(url: str = "https://shop.example/") -> Evidence:
    return Evidence(url, Judge(Settings().policy, "shop.example"), limits=["Nothing."])


def with_tracker() -> Report:
    seen = evidence()
    stage = Stage("fresh", began=10, ended=20, urls=[seen.url])
    stage.contacts = [Contact(11, f"https://tracker.example/{EVIL}?id=secret", "request", "GET")]
    stage.look = Look([Item("cookie", EVIL, "shop.example", value="secret")])
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(picture, "JPEG")
    stage.picture = picture.getvalue()
    seen.stages["fresh"] = stage
    return judge(seen)


def test_nothing_seen_is_not_judged_and_never_passed() -> None:
    report = judge(evidence())

    assert report.with_verdict(Verdict.PASSED) == []
    assert report.with_verdict(Verdict.FAILED) == []
    assert report.code == 2


def test_run_that_was_interrupted_is_no_success() -> None:
    report = with_tracker()
    report.evidence.interrupted = True

    assert report.code == 130


def test_every_check_belongs_to_a_clause_and_has_a_function() -> None:
    assert list(JUDGEMENTS) == list(CHECKS)
    assert {check.clause for check in CHECKS.values()} <= set(CLAUSES)
    assert tuple(VISITS) == NAMES


def test_tracker_and_cookie_fail_their_checks() -> None:
    report = with_tracker()

    assert {"before-requests", "before-cookies"} <= set(report.with_verdict(Verdict.FAILED))
    assert report.code == 1


def test_json_follows_the_published_schema_and_holds_no_values() -> None:
    schema = json.loads(SCHEMA.read_text())
    for report in (with_tracker(), judge(evidence())):
        text = json.dumps(as_data(report))
        jsonschema.validate(json.loads(text), schema)
        assert "secret" not in text


def test_junit_counts_what_failed_and_what_was_not_judged() -> None:
    report = with_tracker()
    suite = ElementTree.fromstring(as_junit(report))

    assert int(suite.get("tests", "")) == len(CHECKS)
    assert len(suite.findall("testcase/failure")) == len(report.with_verdict(Verdict.FAILED))
    assert len(suite.findall("testcase/skipped")) == len(report.with_verdict(Verdict.NOT_JUDGED))


@pytest.mark.threat("T12")
def test_page_needs_nothing_else_and_escapes_what_sites_say() -> None:
    page = as_page(with_tracker())

    assert EVIL not in page
    assert "<script" not in page
    assert "secret" not in page
    assert "https://tracker.example/" in page
    assert "data:image/jpeg" in page
    assert 'lang="en"' in page


@pytest.mark.threat("T23")
def test_terminal_shows_no_control_characters() -> None:
    text = "\n".join(verdict_lines(with_tracker(), colour=False))

    assert "\x1b" not in text
    assert "✗ failed" in text
    assert "tracker.example" in text


def test_lifetimes_are_read_from_what_was_sent() -> None:
    year = 365 * 24 * 3600
    for raw, verdict in (
        (f"asgi_consent=1; Max-Age={10 * year}", Verdict.FAILED),
        ("asgi_consent=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT", Verdict.FAILED),
        ("asgi_consent=1; Max-Age=100; Expires=Fri, 01 Jan 2100 00:00:00 GMT", Verdict.PASSED),
        ("asgi_consent=1; Expires=nonsense", Verdict.PASSED),
        (f"unknown=1; Max-Age={10 * year}", Verdict.NOT_JUDGED),
    ):
        seen = evidence()
        seen.judge.choice_names.add("asgi_consent*")
        seen.cookies = [SentCookie(1_700_000_000, raw, seen.url)]
        assert lifetimes(seen).verdict is verdict, raw


@pytest.mark.parametrize(("marked", "verdict"), [(True, Verdict.PASSED), (False, Verdict.FAILED)])
def test_choice_has_to_be_kept_in_a_secure_cookie(marked: bool, verdict: Verdict) -> None:
    seen = evidence()
    seen.judge.choice_names.add("choice")
    look = Look([Item("cookie", "choice", "shop.example", secure=marked)])
    seen.stages["refused"] = Stage("refused", 0, look=look)

    assert secure(seen).verdict is verdict


@pytest.mark.parametrize(
    ("ground", "ink", "around", "text", "fill"),
    [
        ("black", "white", "white", 18, 18),
        ("white", "black", "white", 18, 1),
        ("#eef", "#99b", "white", 2.3, 1.1),
    ],
)
def test_contrast_is_read_from_pixels(
    ground: str, ink: str, around: str, text: float, fill: float
) -> None:
    image = Image.new("RGB", (120, 50), around)
    draw = ImageDraw.Draw(image)
    draw.rectangle((6, 6, 113, 43), fill=ground)
    draw.rectangle((40, 20, 60, 24), fill=ink)
    out = io.BytesIO()
    image.save(out, "PNG")

    found = contrasts(out.getvalue())

    assert found[0] == pytest.approx(text, rel=0.25)
    assert found[1] == pytest.approx(fill, rel=0.25)


def test_tables_of_tools_and_names_are_complete() -> None:
    for tool in consent_tools():
        known = {"id", "name", "detect", "banner", "store", "tried", *CONTROLS}
        assert set(tool) <= known, tool["id"]
        assert {"id", "name", "detect", "accept"} <= set(tool)
    for language, table in control_names().items():
        assert set(table) == {"words", *CONTROLS}, language
        for names in table.values():
            assert all(name == name.lower().strip() for name in names), language


def test_readme_counts_checks_tools_and_languages_right() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    assert f"{len(CHECKS)} checks" in readme
    assert f"{len(consent_tools()) - 1} known consent managers" in readme
    assert {shipped.partition("-")[0] for shipped in LANGUAGES} == set(control_names())
    assert "by the names of their buttons in all languages of the banner" in readme
