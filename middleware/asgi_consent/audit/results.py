"""Verdicts and what they rest on."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.audit.evidence import Box, Evidence


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Check:
    """What is judged. `clause` is a claim of clauses.toml, `rules` where the rule is from."""

    id: str
    clause: str
    title: str
    rules: Sequence[str] = ()

    @property
    def claim(self) -> str:
        return CLAUSES[self.clause].claim


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was seen. `after` in seconds since its stage began."""

    text: str
    url: str = ""
    by: str = ""
    stage: str = ""
    after: float | None = None
    seen_by: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict, why, and on what. `marks` are boxes in `picture`, a JPEG, with what they mark."""

    verdict: Verdict
    why: str
    proofs: Sequence[Proof] = ()
    picture: bytes = b""
    marks: Sequence[tuple[Box, str]] = ()


@dataclass
class Report:
    """All results of one run on one site."""

    evidence: Evidence
    results: dict[str, Result] = field(default_factory=dict[str, Result])

    def with_verdict(self, verdict: Verdict) -> list[str]:
        return [id_ for id_, result in self.results.items() if result.verdict is verdict]

    @property
    def code(self) -> int:
        """The exit code: 0 nothing failed, 1 something did, 2 nothing could be judged, 130
        interrupted before it was through."""
        if self.evidence.interrupted:
            return 130
        if self.with_verdict(Verdict.FAILED):
            return 1
        return 0 if self.with_verdict(Verdict.PASSED) else 2


Judgement = Callable[[Evidence], Result]


def passed(why: str = "", proofs: Sequence[Proof] = ()) -> Result:
    return Result(Verdict.PASSED, why, proofs)


def failed(
    why: str,
    proofs: Sequence[Proof] = (),
    picture: bytes = b"",
    marks: Sequence[tuple[Box, str]] = (),
) -> Result:
    return Result(Verdict.FAILED, why, proofs, picture, marks)


def not_judged(why: str) -> Result:
    return Result(Verdict.NOT_JUDGED, why)


def _read() -> dict[str, Check]:
    text = Path(__file__).with_name("checks.toml").read_text(encoding="utf-8")
    return {entry["id"]: Check(**entry) for entry in tomllib.loads(text)["check"]}


CHECKS: Mapping[str, Check] = _read()
