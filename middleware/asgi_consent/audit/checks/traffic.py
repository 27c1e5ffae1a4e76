"""What is stored and who is contacted: before a choice, after each one, after a withdrawal."""

from __future__ import annotations

from asgi_consent.audit.checks.findings import (
    HINT,
    PLACEHOLDER,
    PLUGIN,
    REQUEST,
    contacts,
    items,
    judged,
    marks,
    missing,
    new_since,
    proofs_of_contacts,
    proofs_of_items,
)
from asgi_consent.audit.evidence import Evidence
from asgi_consent.audit.results import Judgement, Proof, Result, failed, not_judged, passed

_OPT_OUT = not_judged("Where the rule is opt-out, nothing has to wait for a choice.")
#: kinds of reads that by themselves tell devices apart; of the others it takes three
_TELLING = {
    "canvas",
    "audio",
    "graphics card",
    "battery",
    "cameras and microphones",
    "device details (client hints)",
    "place",
}
_MANY = 3


def _before(ground: str, what: str) -> Judgement:
    def judge(evidence: Evidence) -> Result:
        if evidence.rule != "opt-in":
            return _OPT_OUT
        stage = evidence.stage("fresh")
        proofs = proofs_of_contacts(evidence, stage, ground) if stage else []
        return judged(evidence, "fresh", what, proofs, stage)

    return judge


def _before_stores(what: str, *, cookies: bool) -> Judgement:
    def judge(evidence: Evidence) -> Result:
        if evidence.rule != "opt-in":
            return _OPT_OUT
        stage = evidence.stage("fresh")
        proofs = proofs_of_items(evidence, stage, cookies=cookies) if stage else []
        return judged(evidence, "fresh", what, proofs, stage)

    return judge


def before_device(evidence: Evidence) -> Result:
    stage = evidence.stage("fresh")
    if stage is None:
        return missing(evidence, "fresh")
    if evidence.rule != "opt-in":
        return _OPT_OUT
    kinds = {read.what for read in stage.reads}
    if not kinds & _TELLING and len(kinds) < _MANY:
        return passed(f"Reads seen: {', '.join(sorted(kinds)) or 'none'}.")
    proofs = {
        read.what: Proof(f"a script reads: {read.what}", "", read.by, stage.name)
        for read in stage.reads
    }
    return failed(
        f"{len(proofs)} kinds of reads that tell devices apart",
        list(proofs.values()),
        stage.picture,
    )


def _only_in(stage_name: str, what: str) -> Judgement:
    """What came in this stage that the first look at the page did not show."""

    def judge(evidence: Evidence) -> Result:
        if evidence.rule != "opt-in":
            return _OPT_OUT
        stage, fresh = evidence.stage(stage_name), evidence.stage("fresh")
        proofs = new_since(evidence, stage, fresh) if stage else []
        return judged(evidence, stage_name, what, proofs, stage)

    return judge


def refused_stores(evidence: Evidence) -> Result:
    stage = evidence.stage("refused")
    later = evidence.stage("refused, back again")
    proofs = [proof for one in (stage, later) if one for proof in proofs_of_items(evidence, one)]
    unique = list({proof.text: proof for proof in proofs}.values())
    return judged(evidence, "refused", "things stored after a refusal", unique, stage)


def refused_requests(evidence: Evidence) -> Result:
    stage = evidence.stage("refused")
    later = evidence.stage("refused, back again")
    proofs = [
        proof
        for one in (stage, later)
        if one
        for ground in (REQUEST, HINT, PLUGIN)
        for proof in proofs_of_contacts(evidence, one, ground)
    ]
    return judged(evidence, "refused", "contacts after a refusal", proofs, stage)


def placeholders(evidence: Evidence) -> Result:
    stages = [one for name in ("fresh", "refused", "withdrawn") if (one := evidence.stage(name))]
    proofs = [
        proof for stage in stages for proof in proofs_of_contacts(evidence, stage, PLACEHOLDER)
    ]
    if proofs:
        stage = next(one for one in stages if one.name == proofs[0].stage)
        return failed(
            f"{len(proofs)} contacts by placeholders", proofs, stage.picture, marks(stage, proofs)
        )
    if not stages:
        return missing(evidence, "refused")
    if not any(stage.look.stand_ins for stage in stages):
        return not_judged("No placeholder was seen on the pages of this run.")
    return passed("Placeholders were seen, and contacted nobody.")


def accepted_works(evidence: Evidence) -> Result:
    stage, refused = evidence.stage("accepted"), evidence.stage("refused")
    if stage is None:
        return missing(evidence, "accepted")
    if not stage.closed:
        return failed("The banner is still there after accepting.", (), stage.picture)
    baseline = refused or evidence.stage("fresh")
    if new := new_since(evidence, stage, baseline):
        return passed(f"{len(new)} things that need consent came with it.")
    return not_judged("This run saw nothing that accepting switches on.")


def accepted_declared(evidence: Evidence) -> Result:
    stage = evidence.stage("accepted")
    if not evidence.configured:
        return not_judged("Without --config nobody says what is declared.")
    if stage is None:
        return missing(evidence, "accepted")
    undeclared = [
        proof for proof in new_since(evidence, stage, None) if proof.text.endswith("(undeclared)")
    ]
    return judged(evidence, "accepted", "undeclared things", undeclared, stage)


def withdrawn_requests(evidence: Evidence) -> Result:
    stage = evidence.stage("withdrawn")
    proofs = (
        [
            proof
            for ground in (REQUEST, HINT, PLUGIN)
            for proof in proofs_of_contacts(evidence, stage, ground)
        ]
        if stage
        else []
    )
    return judged(evidence, "withdrawn", "contacts after the withdrawal", proofs, stage)


def withdrawn_stores(evidence: Evidence) -> Result:
    stage = evidence.stage("withdrawn")
    if stage is None:
        return missing(evidence, "withdrawn")
    left = proofs_of_items(evidence, stage, own=True)
    result = judged(evidence, "withdrawn", "things the withdrawal left behind", left, stage)
    others = sorted({item.host for item, ruling in items(evidence, stage) if not ruling.own})
    if left or not others:
        return result
    return passed(
        "The site's own stores are empty. Only others can remove what they keep on their own "
        f"hosts: {', '.join(others[:8])}."
    )


def gpc_honoured(evidence: Evidence) -> Result:
    stage, fresh = evidence.stage("gpc"), evidence.stage("fresh")
    if stage is None:
        return missing(evidence, "gpc")
    sold = {category.id for category in evidence.judge.policy.categories if category.gpc}
    hosts = {
        contact.host
        for _, contact, ruling in contacts(evidence, stage)
        if _sells(ruling.category, sold)
    }
    names = {item.name for item, ruling in items(evidence, stage) if _sells(ruling.category, sold)}
    if evidence.rule == "opt-in" and fresh is not None:
        before = {contact.host for _, contact, _ in contacts(evidence, fresh)}
        kept = {item.name for item, _ in items(evidence, fresh)}
        if (hosts or names) and hosts <= before and names <= kept:
            return not_judged(
                "The same happens without the signal: see the checks before a choice."
            )
    proofs = [
        Proof(f"contact to {host} in spite of the signal", stage="gpc") for host in sorted(hosts)
    ]
    proofs += [
        Proof(f"“{name}” is stored in spite of the signal", stage="gpc") for name in sorted(names)
    ]
    return judged(evidence, "gpc", "things in spite of the signal", proofs, stage)


def _sells(category: str, sold: set[str]) -> bool:
    """Whether the signal is about it; what nobody declared may be sold."""
    return category in sold or category == "unclassified"


TRAFFIC: dict[str, Judgement] = {
    "before-cookies": _before_stores("cookies before a choice", cookies=True),
    "before-storage": _before_stores("things stored before a choice", cookies=False),
    "before-requests": _before(REQUEST, "contacts before a choice"),
    "before-hints": _before(HINT, "hints and contacts ahead of time"),
    "before-plugins": _before(PLUGIN, "plug-in contents of others"),
    "before-device": before_device,
    "silence": _only_in("silent", "things came without an answer"),
    "without-scripts": _only_in("no scripts", "things come only without scripts"),
    "refused-stores": refused_stores,
    "refused-requests": refused_requests,
    "placeholders": placeholders,
    "accepted-works": accepted_works,
    "accepted-declared": accepted_declared,
    "withdrawn-requests": withdrawn_requests,
    "withdrawn-stores": withdrawn_stores,
    "gpc-honoured": gpc_honoured,
}
