"""The visitor's copy: a consent receipt, as JSON in the words of ISO/IEC TS 27560, as JSON-LD with
the W3C Data Privacy Vocabulary (https://w3id.org/dpv), signed either way.

Both say the same: who is responsible, for what which recipients get data and for how long, and
every decision, with what proves that it stands in the ledger's chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asgi_consent.banner.words import purpose_of
from asgi_consent.catalog.services import Service
from asgi_consent.consent import Status
from asgi_consent.ledger.chain import Head, Row
from asgi_consent.ledger.records import Event, Record, read_record
from asgi_consent.policy import Category
from asgi_consent.settings import Settings

SCHEMA = "ISO/IEC TS 27560:2023"

_DPV_STATUS = {
    Status.UNKNOWN: "dpv:ConsentUnknown",
    Status.GIVEN: "dpv:ConsentGiven",
    Status.REFUSED: "dpv:ConsentRefused",
    Status.WITHDRAWN: "dpv:ConsentWithdrawn",
    Status.EXPIRED: "dpv:ConsentExpired",
}
_DPV_EVENT = {
    Event.RENEWED: "dpv:RenewedConsentGiven",
    Event.INVALIDATED: "dpv:ConsentInvalidated",
}
_CONTEXT: Mapping[str, Any] = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "ledger": "urn:asgi-consent:ledger#",
    "dct:issued": {"@type": "xsd:dateTime"},
    "dct:date": {"@type": "xsd:dateTime"},
    "dpv:hasConsentStatus": {"@type": "@id"},
    "dpv:hasNotice": {"@type": "@id"},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a visitor, and the row that proves it."""

    record: Record
    row: Row


def entries_of(rows: Sequence[Row]) -> list[Entry]:
    return [Entry(read_record(row.body), row) for row in rows if row.body is not None]


@dataclass(frozen=True)
class Receipt:
    """`site` is the address of the site, such as `https://www.example.com`."""

    settings: Settings
    entries: Sequence[Entry]
    head: Head | None
    receipt_id: str
    now: float
    site: str

    def json(self) -> dict[str, Any]:
        settings, newest = self.settings, self.entries[-1].record
        return {
            "schema_version": SCHEMA,
            "receipt_id": self.receipt_id,
            "issued": _moment(self.now),
            "pii_principal_id": newest.subject_id,
            "status": newest.status.value,
            "pii_controllers": [self._controller()],
            "privacy_notice": self._notice(),
            "policy_revision": settings.policy.revision.number,
            "withdrawal_method": self._rights,
            "storage_locations": [settings.ledger.location] if settings.ledger.location else [],
            "jurisdiction": settings.controller.country,
            "retention_period": f"P{settings.ledger.retention.days}D",
            "consent_validity": f"P{settings.lifetime.days}D",
            "purposes": [self._purpose(category) for category in self._optional()],
            "events": [self._event(entry) for entry in self.entries],
            "ledger": {"checkpoint": self.head.checkpoint() if self.head else None},
        }

    def json_ld(self) -> dict[str, Any]:
        settings, newest = self.settings, self.entries[-1].record
        return {
            "@context": _CONTEXT,
            "@id": f"urn:asgi-consent:receipt:{self.receipt_id}",
            "@type": "dpv:ConsentReceipt",
            "dct:conformsTo": SCHEMA,
            "dct:identifier": self.receipt_id,
            "dct:issued": _moment(self.now),
            "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": newest.subject_id},
            "dpv:hasConsentStatus": _DPV_STATUS[newest.status],
            "dpv:hasDataController": {
                "@type": "dpv:DataController",
                "dpv:hasName": settings.controller.name or settings.site.name or self.site,
                "dpv:hasContact": settings.controller.contact,
                "dpv:hasCountry": settings.controller.country,
            },
            "dpv:hasNotice": self._notice(),
            "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "@id": self._rights},
            "dpv:hasStorageCondition": {
                "dpv:hasLocation": settings.ledger.location,
                "dpv:hasDuration": f"P{settings.ledger.retention.days}D",
            },
            "dpv:hasPurpose": [self._dpv_purpose(category) for category in self._optional()],
            "dct:hasPart": [self._dpv_record(entry) for entry in self.entries],
            "ledger:checkpoint": self.head.checkpoint() if self.head else None,
        }

    # ---- the parts

    def _optional(self) -> list[Category]:
        return [category for category in self.settings.policy.categories if not category.necessary]

    def _services(self, category: Category) -> list[Service]:
        return [s for s in self.settings.policy.declared if s.category == category.id]

    def _controller(self) -> dict[str, str]:
        controller = self.settings.controller
        return {
            "party_name": controller.name or self.settings.site.name or self.site,
            "party_contact": controller.contact,
            "party_country": controller.country,
            "party_type": "controller",
        }

    def _notice(self) -> str:
        url = self.settings.policy.revision.url
        return self.site + url if url.startswith("/") else url

    @property
    def _rights(self) -> str:
        return f"{self.site}{self.settings.prefix}/rights"

    def _purpose(self, category: Category) -> dict[str, Any]:
        return {
            "purpose": category.label,
            "category": category.id,
            "description": category.description,
            "lawful_basis": "consent",
            "recipients": [self._recipient(service) for service in self._services(category)],
        }

    def _recipient(self, service: Service) -> dict[str, Any]:
        return {
            "service": service.name,
            "vendor": service.vendor,
            "purpose": purpose_of(service),
            "privacy_notice": service.privacy_url,
            "cookies": [
                {"name": cookie.name, "lifetime": cookie.lifetime.text if cookie.lifetime else ""}
                for cookie in service.cookies
            ],
        }

    def _event(self, entry: Entry) -> dict[str, Any]:
        record = entry.record
        return {
            "record_id": record.record_id,
            "event_time": record.moment.isoformat(timespec="milliseconds"),
            "event_type": record.event.value,
            "event_state": record.status.value,
            "granted_before": list(record.before),
            "granted": list(record.after),
            "policy_revision": record.revision,
            "notice_hash": record.shown,
            "language": record.language,
            "method": record.method.value,
            "signals": list(record.signals),
            "rule": record.rule,
            "further": dict(record.extras),
            "ledger": _evidence(entry.row),
        }

    def _dpv_purpose(self, category: Category) -> dict[str, Any]:
        return {
            "@type": "dpv:Purpose",
            "dct:title": category.label,
            "dct:description": category.description,
            "dpv:hasLegalBasis": {"@id": "dpv:Consent"},
            "dpv:hasRecipient": [
                {
                    "@type": "dpv:Recipient",
                    "dpv:hasName": service.vendor or service.name,
                    "dct:title": service.name,
                    "dct:description": purpose_of(service),
                }
                for service in self._services(category)
            ],
        }

    def _dpv_record(self, entry: Entry) -> dict[str, Any]:
        record = entry.record
        status = _DPV_EVENT.get(record.event) or _DPV_STATUS[record.status]
        return {
            "@type": "dpv:ConsentRecord",
            "@id": f"urn:asgi-consent:record:{record.record_id}",
            "dct:identifier": record.record_id,
            "dct:date": record.moment.isoformat(timespec="milliseconds"),
            "dpv:hasConsentStatus": status,
            "dct:language": record.language,
            "ledger:event": record.event.value,
            "ledger:granted": list(record.after),
            "ledger:revision": record.revision,
            "ledger:noticeHash": record.shown,
            "ledger:method": record.method.value,
            "ledger:evidence": _evidence(entry.row),
        }


def _evidence(row: Row) -> dict[str, Any]:
    """What shows that the record stands in the chain: SHA-256(0x00, salt, body) is the commitment,
    and the hash links it to the row before."""
    return {
        "number": row.number,
        "body": row.body,
        "salt": row.salt.hex() if row.salt else "",
        "commitment": row.commitment.hex(),
        "hash": row.hash.hex(),
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
