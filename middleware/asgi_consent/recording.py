"""From a decision to its record in the ledger, and what holds if it cannot be recorded."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from asgi_consent.banner.render import Banner
from asgi_consent.consent import Consent, Status
from asgi_consent.decision import Decision
from asgi_consent.errors import LedgerError, RecordError
from asgi_consent.exchange import Fields
from asgi_consent.faults import note_fault
from asgi_consent.http.request import Request
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.records import Event, Method, Record, choices_of, event_of, milliseconds
from asgi_consent.ledger.store import Shown
from asgi_consent.metrics import Metrics
from asgi_consent.privacy.detector import Detector
from asgi_consent.settings import Settings
from asgi_consent.signals import Signals
from asgi_consent.version import SOFTWARE

_METHODS = {method.value: method for method in Method if method is not Method.NONE}


class Recorder:
    """Makes the records of visitors' decisions and appends them."""

    def __init__(
        self,
        settings: Settings,
        banner: Banner,
        ledger: Ledger,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keep = settings.ledger.keep
        self._revision = settings.policy.revision.number
        self._banner = banner
        self._ledger = ledger
        self._metrics = metrics
        self._detector = Detector()
        self._clock = clock

    async def record(
        self,
        request: Request,
        decision: Decision,
        after: Consent,
        fields: Fields,
        event: Event | None = None,
    ) -> bool:
        """Append what led from `decision` to `after`; it is durable when this returns. False if
        it could not be recorded. Then a no takes effect all the same, and is recorded as soon as
        the ledger is back; for a yes, see `denied`."""
        before = decision.consent
        try:
            event = event or event_of(before, after)
            shown = await self._shown(request, fields, decision)
            made = self._made(request, decision, after, fields, event, shown)
        except RecordError:
            return False
        except Exception as error:
            note_fault("making a record", error)
            return False
        records = [made]
        if before.status is Status.EXPIRED:
            records.insert(0, self._expired(before, made))
        begun = time.perf_counter()
        try:
            await self._ledger.append(records, [shown] if shown else [])
            self._metrics.recorded(made.event, made.method, time.perf_counter() - begun)
        except Exception as error:
            if not isinstance(error, LedgerError):
                note_fault("recording a choice", error)
            self._later(records if is_less(before, after) else [self._void(before, made)])
            return False
        return True

    def _later(self, records: list[Record]) -> None:
        """Recorded as soon as the ledger is back."""
        try:
            self._metrics.unrecorded()
            for record in records:
                self._ledger.append_later(record)
        except Exception as error:
            note_fault("keeping a record for later", error)

    def _made(
        self,
        request: Request,
        decision: Decision,
        after: Consent,
        fields: Fields,
        event: Event,
        shown: Shown | None,
    ) -> Record:
        method = _METHODS.get(fields.first("from"), Method.API)
        return Record(
            event=event,
            time=milliseconds(self._clock()),
            record_id=after.record_id,
            subject_id=after.subject_id,
            status=after.status,
            before=(
                *sorted(decision.grants.categories),
                *sorted(decision.grants.services & decision.consent.services),
            ),
            after=choices_of(after),
            revision=after.revision,
            shown=shown.hash if shown else "",
            language=shown.language if shown else "",
            method=method,
            signals=_signals(decision.signals),
            rule=decision.rule,
            software=SOFTWARE,
            extras=self._extras(request),
        )

    async def _shown(self, request: Request, fields: Fields, decision: Decision) -> Shown | None:
        """What the visitor was shown, where that can be known: a page may be older than this
        process, or of another machine, and then the ledger has it or nobody has."""
        hash_ = fields.first("shown")
        if len(hash_) != 64:
            return None
        language = self._banner.language(fields.first("lang"))
        shown = self._banner.find_shown(hash_, decision, language, secure=request.secure)
        if shown is None:
            try:
                shown = await self._ledger.shown(hash_)
            except LedgerError:
                return None
        return shown

    def _extras(self, request: Request) -> dict[str, str]:
        """What the operator has switched on beyond the decision, without personal data that is
        there by accident: an address may hold a name."""
        extras: dict[str, str] = {}
        if "ip" in self._keep and (client := request.scope.get("client")):
            extras["ip"] = str(client[0])
        if "user-agent" in self._keep:
            agent = request.header(b"user-agent") or b""
            extras["user-agent"] = agent.decode("latin-1")
        if "url" in self._keep:
            extras["url"] = request.referring_address().partition("?")[0]
        return {
            name: value
            for name, value in extras.items()
            if name == "ip" or not self._detector.find("", value)
        }

    def _expired(self, before: Consent, made: Record) -> Record:
        return Record(
            event=Event.EXPIRED,
            time=made.time,
            subject_id=before.subject_id,
            status=Status.EXPIRED,
            revision=before.revision,
            software=SOFTWARE,
        )

    def _void(self, before: Consent, made: Record) -> Record:
        """A yes that could not be recorded leaves nothing granted."""
        return replace(
            self._expired(before, made),
            event=Event.INVALIDATED,
            subject_id=made.subject_id,
            status=Status.UNKNOWN,
            before=made.before,
        )


def _signals(signals: Signals) -> tuple[str, ...]:
    """As a record names them: `gpc`, `do-not-track`, and the operator's own."""
    others = (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] for name in signals.others)
    return (*(("gpc",) if signals.gpc else ()), *(name or "signal" for name in others))


def is_less(before: Consent, after: Consent) -> bool:
    """Whether `after` grants nothing that `before` did not."""
    return after.categories <= before.categories and after.services <= before.services


def denied(after: Consent) -> Consent:
    """What holds in place of a yes that could not be recorded: nothing optional, and the visitor is
    asked again."""
    return replace(
        after,
        status=Status.REFUSED,
        categories=frozenset(),
        services=frozenset(),
        record_id="",
        answered=False,
    )
