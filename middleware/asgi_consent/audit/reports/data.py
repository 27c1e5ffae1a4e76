"""A verification as plain data, after verify.schema.json. Values of cookies and storage are never
in it, and of addresses only what is before the question mark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asgi_consent import __version__
from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.audit.evidence import Evidence, Stage
from asgi_consent.audit.results import CHECKS, Proof, Report, Verdict

FORMAT = "asgi-consent/verify/1"
SCHEMA = Path(__file__).with_name("verify.schema.json")


def as_data(report: Report) -> dict[str, Any]:
    evidence = report.evidence
    banner = evidence.banner
    return {
        "format": FORMAT,
        "tool": {"name": "asgi-consent", "version": __version__},
        "site": evidence.url,
        "began": datetime.fromtimestamp(evidence.began, UTC).isoformat(timespec="seconds"),
        "seconds": round(evidence.seconds, 1),
        "rule": evidence.rule,
        "pages": sorted({url for stage in evidence.stages.values() for url in stage.urls}),
        "consent_tool": banner.name if banner else None,
        "presses": dict(evidence.presses),
        "summary": {verdict.value: len(report.with_verdict(verdict)) for verdict in Verdict},
        "checks": [
            {
                "id": id_,
                "clause": CHECKS[id_].clause,
                "title": CHECKS[id_].title,
                "claim": CHECKS[id_].claim,
                "rules": list(CHECKS[id_].rules),
                "verdict": result.verdict.value,
                "why": result.why,
                "proofs": [_proof(proof) for proof in result.proofs],
            }
            for id_, result in report.results.items()
        ],
        "clauses_without_a_check": clauses_without_a_check(),
        "not_observed": list(evidence.limits),
        "missed": dict(evidence.missed),
        "contacts": [
            one for stage in evidence.stages.values() for one in _contacts(evidence, stage)
        ],
        "stored": [one for stage in evidence.stages.values() for one in _stored(evidence, stage)],
    }


def clauses_without_a_check() -> list[str]:
    """Clauses that nobody can judge from outside, or that no check judges yet."""
    judged = {check.clause for check in CHECKS.values()}
    return [id_ for id_ in CLAUSES if id_ not in judged]


def without_query(url: str) -> str:
    """An address without what may identify a visitor."""
    bare, mark, _ = url.partition("?")
    return f"{bare}?…" if mark else bare


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "text": proof.text,
        "url": without_query(proof.url),
        "by": without_query(proof.by),
        "stage": proof.stage,
        "after": proof.after,
        "seen_by": list(proof.seen_by),
    }


def _contacts(evidence: Evidence, stage: Stage) -> Iterator[dict[str, Any]]:
    for contact in stage.contacts:
        url = f"https:{contact.url}" if contact.url.startswith("//") else contact.url
        ruling = evidence.judge.url(url)
        yield {
            "stage": stage.name,
            "after": round(contact.at - stage.began, 3),
            "host": contact.host,
            "url": without_query(contact.url),
            "kind": contact.kind,
            "method": contact.method,
            "how": contact.how,
            "initiator": without_query(contact.initiator),
            "seen_by": list(contact.seen_by),
            "own": ruling.own,
            "service": ruling.service,
            "category": ruling.category,
        }


def _stored(evidence: Evidence, stage: Stage) -> Iterator[dict[str, Any]]:
    for item in stage.items:
        ruling = evidence.judge.item(item)
        yield {
            "stage": stage.name,
            "kind": item.kind,
            "name": item.name,
            "host": item.host,
            "path": item.path,
            "by": without_query(item.by),
            "expires": item.expires,
            "http_only": item.http_only,
            "secure": item.secure,
            "partitioned": item.partitioned,
            "own": ruling.own,
            "service": ruling.service,
            "category": ruling.category,
        }
