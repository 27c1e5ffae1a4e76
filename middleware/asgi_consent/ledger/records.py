"""A consent record: one decision of one visitor, in the words of ISO/IEC TS 27560 and W3C DPV.

Once made, a record is only ever a text of JSON: what the chain commits to is that text, byte for
byte. It holds no address of the visitor's machine, no user agent and no URL, unless the operator
switches each of them on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from asgi_consent.consent import Consent, Status, new_id
from asgi_consent.errors import RecordError

#: what a record may hold beyond the decision, each only if the operator switches it on
EXTRAS = ("ip", "user-agent", "url")
_LONGEST_EXTRA = 400  # characters

_id = re.compile(r"[A-Za-z0-9_-]{16,32}").fullmatch
_name = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}").fullmatch
_hash = re.compile(r"[0-9a-f]{64}|").fullmatch
_language = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}|").fullmatch
_software = re.compile(r"asgi-consent/[0-9A-Za-z.+-]{1,32}").fullmatch


class Event(StrEnum):
    """What happened. The last two are the operator's own doing and belong to no visitor."""

    GIVEN = "given"
    REFUSED = "refused"
    CHANGED = "changed"
    RENEWED = "renewed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ALLOWED_ONCE = "allowed-once"  # a service, for one page
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    LIFTED = "lifted"  # a restriction
    NOTICED = "noticed"  # a change of the policy was read; no consent
    INVALIDATED = "invalidated"  # recorded, but it never took effect
    ERASED = "erased"
    PURGED = "purged"


class Method(StrEnum):
    """How the visitor decided."""

    BANNER = "banner"
    PREFERENCES = "preferences"
    PLACEHOLDER = "placeholder"
    RIGHTS = "rights"
    API = "api"
    SIGNAL = "signal"
    NONE = "none"  # nobody decided: it expired, or the ledger corrects itself


@dataclass(frozen=True, slots=True)
class Record:
    """One decision. `time` is in milliseconds since the epoch; `shown` is the SHA-256 of what was
    on the screen, in hex; `signals` are such as `gpc`; `numbers` are records that an erasure or a
    purge has emptied. Raises RecordError for a field that holds anything else."""

    event: Event
    time: int
    record_id: str = field(default_factory=new_id)
    subject_id: str = ""
    status: Status = Status.UNKNOWN
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    revision: int = 0
    shown: str = ""
    language: str = ""
    method: Method = Method.NONE
    signals: tuple[str, ...] = ()
    rule: str = ""
    software: str = ""
    extras: Mapping[str, str] = field(default_factory=dict[str, str])
    numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        names = (*self.before, *self.after, *self.signals, *([self.rule] if self.rule else ()))
        fits = (
            _id(self.record_id)
            and (not self.subject_id or _id(self.subject_id))
            and _hash(self.shown)
            and _language(self.language)
            and (not self.software or _software(self.software))
            and all(map(_name, names))
            and self.extras.keys() <= {*EXTRAS}
        )
        if not fits:
            raise RecordError("a field of the record holds what it must not")

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.time / 1000, UTC)

    def body(self) -> str:
        """The text that is kept: JSON with sorted keys, without what is empty."""
        return canonical({key: value for key, value in self._document().items() if value})

    def _document(self) -> dict[str, Any]:
        return {
            "event": self.event,
            "time": self.time,
            "record": self.record_id,
            "subject": self.subject_id,
            "status": self.status,
            "before": self.before,
            "after": self.after,
            "revision": self.revision,
            "shown": self.shown,
            "language": self.language,
            "method": self.method,
            "signals": self.signals,
            "rule": self.rule,
            "software": self.software,
            "extras": {key: value[:_LONGEST_EXTRA] for key, value in self.extras.items()},
            "numbers": self.numbers,
        }


def read_record(body: str) -> Record:
    """The record that `body` is the text of. Raises RecordError."""
    try:
        found = json.loads(body)
        return Record(
            event=Event(found["event"]),
            time=int(found["time"]),
            record_id=found["record"],
            subject_id=found.get("subject", ""),
            status=Status(found.get("status", Status.UNKNOWN)),
            before=tuple(found.get("before", ())),
            after=tuple(found.get("after", ())),
            revision=int(found.get("revision", 0)),
            shown=found.get("shown", ""),
            language=found.get("language", ""),
            method=Method(found.get("method", Method.NONE)),
            signals=tuple(found.get("signals", ())),
            rule=found.get("rule", ""),
            software=found.get("software", ""),
            extras=found.get("extras", {}),
            numbers=tuple(found.get("numbers", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise RecordError("not the text of a record") from None


def canonical(value: object) -> str:
    """JSON with one spelling for one value: RFC 8785 for what we write, which has no fractions and
    only ASCII keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def choices_of(consent: Consent) -> tuple[str, ...]:
    """The categories and services of a consent, in one order."""
    return (*sorted(consent.categories), *sorted(consent.services))


def event_of(before: Consent, after: Consent) -> Event:
    """What a choice that led from `before` to `after` was."""
    if not after.grants_anything():
        return Event.WITHDRAWN if before.grants_anything() else Event.REFUSED
    if before.status is not Status.GIVEN:
        return Event.GIVEN
    same = choices_of(before) == choices_of(after) and before.answered == after.answered
    return Event.RENEWED if same else Event.CHANGED


def milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
