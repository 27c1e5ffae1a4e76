"""A verification as JUnit XML: a test case a check, `not judged` as skipped."""

from __future__ import annotations

from xml.etree import ElementTree

from asgi_consent.audit.reports.data import without_query
from asgi_consent.audit.results import CHECKS, Report, Result, Verdict

_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def as_junit(report: Report) -> str:
    suite = ElementTree.Element(
        "testsuite",
        name=f"asgi-consent verify {report.evidence.url}",
        tests=str(len(report.results)),
        failures=str(len(report.with_verdict(Verdict.FAILED))),
        errors="0",
        skipped=str(len(report.with_verdict(Verdict.NOT_JUDGED))),
        time=f"{report.evidence.seconds:.1f}",
    )
    for id_, result in report.results.items():
        case = ElementTree.SubElement(
            suite, "testcase", classname=report.evidence.url, name=f"{id_}: {CHECKS[id_].title}"
        )
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="clause", value=CHECKS[id_].clause)
        if result.verdict is Verdict.FAILED:
            failure = ElementTree.SubElement(case, "failure", message=_xml(result.why))
            failure.text = _xml(_proofs(result))
        elif result.verdict is Verdict.NOT_JUDGED:
            ElementTree.SubElement(case, "skipped", message=_xml(result.why))
    told = ElementTree.SubElement(suite, "system-out")
    told.text = _xml("\n".join(("This run could not observe:", *report.evidence.limits)))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _proofs(result: Result) -> str:
    return "\n".join(
        " ".join(
            filter(None, (proof.text, without_query(proof.url), proof.by and f"by {proof.by}"))
        )
        for proof in result.proofs
    )


def _xml(text: str) -> str:
    """Without characters that XML 1.0 does not know."""
    return text.translate(_NOT_XML)
