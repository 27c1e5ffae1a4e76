"""A verification as one HTML file: nothing else is needed to read or print it, not a script."""

from __future__ import annotations

from datetime import UTC, datetime

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asgi_consent import __version__
from asgi_consent.assets import TEMPLATES
from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.audit.reports.data import clauses_without_a_check, without_query
from asgi_consent.audit.reports.pictures import marked, timeline
from asgi_consent.audit.results import CHECKS, Report, Verdict

_ORDER = (Verdict.FAILED, Verdict.NOT_JUDGED, Verdict.PASSED)


def environment() -> Environment:
    loader = FileSystemLoader(TEMPLATES / "audit")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters["without_query"] = without_query
    return made


def as_page(report: Report) -> str:
    evidence = report.evidence
    sections = [
        {
            "id": id_,
            "check": CHECKS[id_],
            "result": (result := report.results[id_]),
            "picture": marked(result.picture, result.marks) if result.picture else "",
            "marks": [label for _, label in result.marks],
        }
        for verdict in _ORDER
        for id_ in report.with_verdict(verdict)
    ]
    return (
        environment()
        .get_template("verify.html")
        .render(
            report=report,
            evidence=evidence,
            sections=sections,
            counts=[(verdict.value, len(report.with_verdict(verdict))) for verdict in _ORDER],
            timelines=[timeline(evidence, stage) for stage in evidence.stages.values()],
            stored=[
                (stage, item, evidence.judge.item(item))
                for stage in evidence.stages.values()
                for item in stage.items
            ],
            ruling=lambda url: evidence.judge.url(f"https:{url}" if url.startswith("//") else url),
            uncovered=[(id_, CLAUSES[id_].claim) for id_ in clauses_without_a_check()],
            began=datetime.fromtimestamp(evidence.began, UTC).strftime("%Y-%m-%d %H:%M UTC"),
            version=__version__,
        )
    )
