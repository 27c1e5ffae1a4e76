"""Why a decision is what it is: its inputs, and what each of them does to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from asgi_consent.consent import UNKNOWN
from asgi_consent.decision import Decision
from asgi_consent.policy import Category, Rule

_RULES = {
    Rule.OPT_IN: "nothing optional runs until the visitor agrees",
    Rule.OPT_OUT: "what is optional runs until the visitor says no",
    Rule.NOTICE: "what is optional runs, and the visitor is told",
    Rule.OFF: "nobody is asked",
}


class Reason(NamedTuple):
    about: str
    found: str
    effect: str


def inputs(decision: Decision, region: str, observe: bool) -> Iterator[Reason]:
    """Everything that the decision was made of. `region`: what names the visitor's, or nothing."""
    policy, consent, signals = decision.policy, decision.consent, decision.signals
    if observe:
        yield Reason("mode", "observe", "nothing is changed; this is what enforce would do")
    if policy.closed:
        yield Reason("closed", "true", "nothing optional is granted to anybody")
    yield _consent(decision)
    found = ", ".join(signals.names) or "none"
    yield Reason("signals of the browser", found, _signals(decision))
    said = ascii(region)[1:-1][:40] if region else "not known"
    yield Reason("region", said, f"rule {decision.rule}: {_RULES[decision.rule]}")
    revision = f"revision {policy.revision.number}"
    if decision.update is not None and consent is not UNKNOWN:
        asked = ", ".join(sorted(decision.delta.categories | decision.delta.services))
        effect = f"asks again about {asked}" if asked else "is announced"
        yield Reason("policy", f"{revision}; what changed is {decision.update.severity}", effect)
    else:
        yield Reason("policy", revision, "nothing new for this visitor")


def _consent(decision: Decision) -> Reason:
    consent = decision.consent
    if consent is UNKNOWN:
        asks = "the banner asks" if decision.asks else "nobody is asked"
        return Reason("consent cookie", "none that is valid", asks)
    day = datetime.fromtimestamp(consent.time, UTC)
    found = f"{consent.status}, {day:%Y-%m-%d %H:%M} UTC, revision {consent.revision}"
    if consent.restricted:
        return Reason("consent cookie", found, "restricted: nothing optional is granted")
    names = ", ".join((*sorted(consent.categories), *sorted(consent.services))) or "nothing"
    effect = f"grants {names}" + ("" if consent.answered else "; the banner still asks")
    if consent.objected:
        effect += "; the visitor objected to direct marketing"
    return Reason("consent cookie", found, effect)


def _signals(decision: Decision) -> str:
    if not decision.signals.objects:
        return "none objects"
    if decision.consent.answered and decision.consent.gpc:
        return "the choice was made while it was on, and is newer"
    return f"switches off {', '.join(sorted(decision.policy.shared)) or 'nothing'}"


def of_category(decision: Decision, category: Category) -> str:
    """Whether it is on, and why, in words for the visitor and for who develops."""
    consent, name = decision.consent, category.id
    answered = consent.answered and not consent.restricted
    if name in decision.grants.categories:
        return "on: agreed to" if answered else f"on until it is refused (rule {decision.rule})"
    if consent.restricted:
        return "off: the record is frozen"
    if decision.policy.closed:
        return "off: the site has shut down"
    if consent.objected and name in decision.policy.shared:
        return "off: objected to"
    if name in consent.categories or (not answered and decision.rule is not Rule.OPT_IN):
        signals = " and ".join(f"{name} objects" for name in decision.signals.names)
        return f"off: {signals or 'a no may have got lost, so silence is no yes'}"
    if name in decision.delta.categories:
        return "off: it changed since the choice, and is asked for again"
    return "off: not agreed to" if answered else f"off until it is agreed to (rule {decision.rule})"
