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


def new_id() -> str:
    """A random id of a visitor or a record, which says nothing about either: 128 bits, URL-safe."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Consent:
    """One visitor's consent.

    `answered` tells a visitor who answered the banner from one who only allowed a single service in
    a placeholder and must still be asked. `gpc` says whether the browser sent Sec-GPC when the
    choice was made. `time` is in seconds since the epoch. `subject_id` stays with the visitor;
    `record_id` names the record in the ledger that proves this consent. `restricted`: the visitor
    had processing stopped and the record frozen. `objected`: to direct marketing.
    `noticed` is the revision whose announcement was read.
    """

    status: Status = Status.UNKNOWN
    categories: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    subject_id: str = ""
    record_id: str = ""
    revision: int = 0
    time: int = 0
    answered: bool = False
    gpc: bool = False
    restricted: bool = False
    objected: bool = False
    noticed: int = 0

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


def make_choice(
    before: Consent,
    choice: Choice,
    *,
    revision: int,
    time: int,
    gpc: bool,
    restricted: bool = False,
    objected: bool = False,
) -> Consent:
    """The consent after `choice`, in a record of its own. The subject id stays with the visitor."""
    after = replace(
        before,
        categories=choice.categories,
        services=choice.services,
        subject_id=before.subject_id or new_id(),
        record_id=new_id(),
        revision=revision,
        time=time,
        answered=choice.answered,
        gpc=gpc,
        restricted=restricted,
        objected=objected,
    )
    if after.grants_anything():
        return replace(after, status=Status.GIVEN)
    gave_before = before.status in (Status.GIVEN, Status.WITHDRAWN)
    return replace(after, status=Status.WITHDRAWN if gave_before else Status.REFUSED)
