"""Every check by its id, in the order of checks.toml."""

from __future__ import annotations

from asgi_consent.audit.checks.asking import ASKING
from asgi_consent.audit.checks.contents import CONTENTS
from asgi_consent.audit.checks.traffic import TRAFFIC
from asgi_consent.audit.evidence import Evidence
from asgi_consent.audit.results import CHECKS, Judgement, Report

JUDGEMENTS: dict[str, Judgement] = {id_: {**ASKING, **TRAFFIC, **CONTENTS}[id_] for id_ in CHECKS}


def judge(evidence: Evidence) -> Report:
    return Report(evidence, {id_: judgement(evidence) for id_, judgement in JUDGEMENTS.items()})
