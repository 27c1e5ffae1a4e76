"""The visitor's state: what was chosen, when, and under which policy revision."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    """W3C DPV consent statuses, https://w3id.org/dpv/#vocab-consent-status"""

    UNKNOWN = "unknown"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


def new_record_id() -> str:
    """Random, so it says nothing about the visitor: 128 bits, URL-safe."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Consent:
    """One visitor's consent.

    `answered` tells a visitor who answered the banner from one who only allowed a single service in
    a placeholder and must still be asked. `gpc` says whether the browser sent Sec-GPC when the
    choice was made. `time` is in seconds since the epoch.
    """

    status: Status = Status.UNKNOWN
    categories: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    record_id: str = ""
    revision: int = 0
    time: int = 0
    answered: bool = False
    gpc: bool = False

    @property
    def decided(self) -> bool:
        return self.status in (Status.GIVEN, Status.REFUSED, Status.WITHDRAWN) and self.answered

    def grants_anything(self) -> bool:
        return bool(self.categories or self.services)


UNKNOWN = Consent()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a visitor asks for. `categories` and `services` are ids; unknown ones are dropped by
    whoever knows the policy."""

    categories: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    answered: bool = True

    @classmethod
    def of(cls, categories: Iterable[str] = (), services: Iterable[str] = ()) -> Choice:
        return cls(frozenset(categories), frozenset(services))


def make_choice(before: Consent, choice: Choice, *, revision: int, time: int, gpc: bool) -> Consent:
    """The consent after `choice`. The record id stays with the visitor."""
    after = replace(
        before,
        categories=choice.categories,
        services=choice.services,
        record_id=before.record_id or new_record_id(),
        revision=revision,
        time=time,
        answered=choice.answered,
        gpc=gpc,
    )
    if after.grants_anything():
        return replace(after, status=Status.GIVEN)
    gave_before = before.status in (Status.GIVEN, Status.WITHDRAWN)
    return replace(after, status=Status.WITHDRAWN if gave_before else Status.REFUSED)
