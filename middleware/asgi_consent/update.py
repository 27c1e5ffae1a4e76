"""From an earlier revision of the policy to this one: what changed, and what a choice still covers.

A change never turns a no into a yes; what is new is denied until it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from asgi_consent.consent import Consent


class Severity(StrEnum):
    """`major`: said where nobody misses it, and asked for where it needs consent."""

    MINOR = "minor"
    MAJOR = "major"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `kind` is what `banner.words.sentence_of` has a sentence for; `what` is what
    it is about, as visitors know it; `before` and `after` are what it was and is."""

    kind: str
    severity: Severity
    what: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What is new to one visitor and needs an answer: categories and services, by their ids, and
    the categories granted before that are whole again with a yes."""

    categories: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.categories or self.services)


NOTHING_NEW = Delta()


@dataclass(frozen=True, eq=False)
class Update:
    """`number` is the revision it leads to. `new` are categories that did not exist, `changed`
    those that mean something else now, `services` those that are new, moved or do something else,
    `unchanged` the other declared ones, by category. `everything`: all is asked for again, as
    somebody else is responsible."""

    number: int
    changes: tuple[Change, ...] = ()
    severity: Severity = Severity.MINOR
    new: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    services: Mapping[str, str] = field(default_factory=dict[str, str])  # id → category now
    unchanged: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    everything: bool = False

    def carry(self, consent: Consent) -> tuple[Consent, Delta]:
        """What is left of a consent under the new policy, and what to ask for."""
        granted, single = consent.categories, consent.services
        if self.everything:
            nothing = replace(consent, categories=frozenset(), services=frozenset())
            return nothing, Delta(granted | self.new, single)
        reduced = {
            category for category in granted - self.changed if category in self.services.values()
        }
        kept = granted - self.changed - reduced
        services = single - self.services.keys()
        for category in reduced:
            services |= self.unchanged.get(category, frozenset())
        asked = frozenset(
            id_
            for id_, category in self.services.items()
            if (category in granted and category not in self.changed) or id_ in single
        )
        return (
            replace(consent, categories=kept, services=services),
            Delta(self.new | (granted & self.changed), asked, frozenset(reduced)),
        )
