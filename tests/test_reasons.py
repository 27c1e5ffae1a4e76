"""Why a category is on or off: the one input that settles it is named."""

from __future__ import annotations

from itertools import product

import pytest

from asgi_consent.consent import UNKNOWN, Consent, Status
from asgi_consent.decision import Decision, decide
from asgi_consent.policy import Policy, Rule
from asgi_consent.reasons import inputs, of_category
from asgi_consent.signals import GPC, NO_SIGNALS, Signals

YES = Consent(
    Status.GIVEN, frozenset({"statistics", "marketing"}), revision=3, time=1, answered=True
)
NO = Consent(Status.REFUSED, revision=3, time=1, answered=True)
RESTRICTED = Consent(Status.WITHDRAWN, revision=3, time=1, restricted=True)
OBJECTED = Consent(YES.status, YES.categories, revision=3, time=1, answered=True, objected=True)
SIGNAL = Signals(gpc=True)


def why(decision: Decision, name: str = "marketing") -> str:
    category = next(one for one in decision.policy.categories if one.id == name)
    return of_category(decision, category)


@pytest.mark.parametrize(
    ("consent", "signals", "rule", "silent", "reason"),
    [
        (UNKNOWN, NO_SIGNALS, Rule.OPT_IN, True, "off until it is agreed to (rule opt-in)"),
        (UNKNOWN, NO_SIGNALS, Rule.OPT_OUT, True, "on until it is refused (rule opt-out)"),
        (
            UNKNOWN,
            NO_SIGNALS,
            Rule.OPT_OUT,
            False,
            "off: a no may have got lost, so silence is no yes",
        ),
        (UNKNOWN, SIGNAL, Rule.OPT_OUT, True, f"off: {GPC} objects"),
        (YES, NO_SIGNALS, Rule.OPT_IN, False, "on: agreed to"),
        (YES, SIGNAL, Rule.OPT_IN, False, f"off: {GPC} objects"),
        (NO, NO_SIGNALS, Rule.OPT_OUT, False, "off: not agreed to"),
        (RESTRICTED, NO_SIGNALS, Rule.OPT_OUT, False, "off: the record is frozen"),
        (OBJECTED, NO_SIGNALS, Rule.OPT_IN, False, "off: objected to"),
    ],
)
def test_reason_names_what_settles_it(
    policy: Policy, consent: Consent, signals: Signals, rule: Rule, silent: bool, reason: str
) -> None:
    assert why(decide(policy, consent, signals, rule, silent=silent)) == reason


def test_what_is_on_and_what_is_off_never_read_alike(policy: Policy) -> None:
    consents = (UNKNOWN, YES, NO, RESTRICTED, OBJECTED)
    for consent, signals, rule, silent in product(
        consents, (NO_SIGNALS, SIGNAL), Rule, (True, False)
    ):
        decision = decide(policy, consent, signals, rule, silent=silent)
        for name in policy.optional:
            says_on = why(decision, name).startswith("on")
            assert says_on is decision.allows(name), (decision, name)


def test_inputs_are_all_there_and_safe_to_show(policy: Policy) -> None:
    decision = decide(policy, YES, SIGNAL, Rule.OPT_IN)

    found = {reason.about: reason for reason in inputs(decision, "DE\n\x1b[31m", observe=True)}

    assert list(found) == ["mode", "consent cookie", "signals of the browser", "region", "policy"]
    assert found["consent cookie"].effect == "grants marketing, statistics"
    assert found["region"].found == "DE\\n\\x1b[31m"
