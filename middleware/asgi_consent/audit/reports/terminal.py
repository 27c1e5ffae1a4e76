"""A verification on a terminal, and the line that says how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TextIO

from asgi_consent.audit.reports.data import clauses_without_a_check, without_query
from asgi_consent.audit.results import CHECKS, Report, Verdict

_COLOURS = {Verdict.PASSED: "32", Verdict.FAILED: "31;1", Verdict.NOT_JUDGED: "33"}
_SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.NOT_JUDGED: "–"}
_SHOWN = 5  # proofs of one check


def verdict_lines(report: Report, *, colour: bool) -> Iterator[str]:
    """Everything that failed first, with its proofs; then what was not judged, then what passed."""
    evidence = report.evidence
    tool = evidence.banner.name if evidence.banner else "no banner found"
    yield f"{plain(evidence.url)}: {plain(tool)}, {evidence.seconds:.0f} s"
    for verdict in (Verdict.FAILED, Verdict.NOT_JUDGED, Verdict.PASSED):
        for id_ in report.with_verdict(verdict):
            result, check = report.results[id_], CHECKS[id_]
            sign = f"{_SIGNS[verdict]} {verdict.value:<10}"
            if colour:
                sign = f"\x1b[{_COLOURS[verdict]}m{sign}\x1b[0m"
            yield f"{sign} {check.clause:<4} {check.title}"
            if verdict is not Verdict.PASSED and result.why:
                yield f"                  {plain(result.why)}"
            for proof in result.proofs[:_SHOWN] if verdict is Verdict.FAILED else ():
                yield f"                  · {plain(proof.text)}"
                for label, value in (("", proof.url), ("by ", proof.by)):
                    if value:
                        yield f"                    {label}{plain(without_query(value))[:150]}"
            if verdict is Verdict.FAILED and len(result.proofs) > _SHOWN:
                yield f"                  · and {len(result.proofs) - _SHOWN} more"
    counts = ", ".join(f"{len(report.with_verdict(one))} {one.value}" for one in Verdict)
    yield f"{counts}. Not covered: {', '.join(clauses_without_a_check())}."
    yield "This run could not observe:"
    yield from (f"  {limit}" for limit in evidence.limits)


def plain(text: str) -> str:
    """Without what would move the cursor or change colours: names on a page are anybody's."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


class Progress:
    """One line that is overwritten on a terminal; elsewhere a line for each step."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._quiet = quiet

    def __call__(self, text: str) -> None:
        if self._quiet:
            return
        text = plain(text)[:100]
        self._stream.write(f"\r\x1b[K{text} …" if self._live else f"{text}\n")
        self._stream.flush()

    def done(self) -> None:
        if self._live and not self._quiet:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
