"""All that the banner depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from asgi_consent.consent import Status
from asgi_consent.decision import Decision
from asgi_consent.languages import ENGLISH, N_
from asgi_consent.policy import Rule
from asgi_consent.update import NOTHING_NEW, Delta, Update

_SAID = {
    Status.GIVEN: N_("Saved. You can change it any time."),
    Status.REFUSED: N_("Saved. Only what is necessary is used."),
    Status.WITHDRAWN: N_("Withdrawn. Only what is necessary is used."),
}


@dataclass(frozen=True, slots=True)
class State:
    """All that the banner depends on, so that equal states share one rendering."""

    root: str
    secure: bool
    language: str
    asks: bool
    opt_in: bool
    signals: tuple[str, ...]
    withdrawable: bool
    reminds: bool
    categories: frozenset[str]
    services: frozenset[str]
    said: str
    update: Update | None = None
    delta: Delta = NOTHING_NEW

    @classmethod
    def of(
        cls,
        decision: Decision,
        root: str,
        language: str,
        *,
        secure: bool = False,
        just_chosen: bool = False,
        reminds: bool = False,
    ) -> State:
        return cls(
            root,
            secure,
            language,
            decision.asks,
            decision.rule is Rule.OPT_IN,
            decision.signals.names if decision.gpc_honoured else (),
            decision.status is Status.GIVEN,
            reminds,
            decision.grants.categories,
            decision.grants.services,
            _SAID.get(decision.status, "") if just_chosen else "",
            None if decision.asks else decision.update,
            NOTHING_NEW if decision.asks else decision.delta,
        )

    def bare(self) -> State:
        """The same without what is the visitor's own."""
        nothing: frozenset[str] = frozenset()
        return replace(self, root="", categories=nothing, services=nothing, said="", reminds=False)


BARE = State("", False, ENGLISH, True, True, (), False, False, frozenset(), frozenset(), "")
