"""The [ledger] and [policy] of consent.toml: what is kept of decisions, and what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from asgi_consent.catalog.services import Lifetime
from asgi_consent.declarations import is_address
from asgi_consent.languages import every_language
from asgi_consent.ledger.address import DEFAULT_ADDRESS, EXPECTED, LedgerAddress
from asgi_consent.ledger.records import EXTRAS
from asgi_consent.policy import Revision
from asgi_consent.tables import Table
from asgi_consent.update import Severity


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where records are kept, for how long, and what they hold beyond the decision (`keep`: some of
    `ip`, `user-agent`, `url`). `location` is where that is, as visitors are told."""

    address: LedgerAddress = DEFAULT_ADDRESS
    retention: timedelta = timedelta(days=3 * 365)
    keep: tuple[str, ...] = ()
    location: str = ""


def read_ledger(table: Table, choice: timedelta) -> LedgerSettings:
    default = LedgerSettings()
    url = table.text("url", str(default.address))
    try:
        address = LedgerAddress.parse(url)
    except ValueError:
        if "@" in url:  # a password is not for logs
            table.refuse("url", f"expected {EXPECTED}")
        else:
            table.problem("url", EXPECTED)
        address = default.address
    retention = table.lifetime("retention", Lifetime("3y"))
    kept = retention.duration if retention else None
    if kept is None or kept < choice:
        table.problem("retention", "at least as long as a choice is kept: it is its proof")
        kept = default.retention
    keep = table.texts("keep")
    if not set(keep) <= {*EXTRAS}:
        table.problem("keep", f"some of {', '.join(EXTRAS)}")
    location = table.text("location")
    table.done()
    return LedgerSettings(address, kept, keep, location)


def read_revision(table: Table) -> Revision:
    revision = Revision(
        number=table.whole("revision", 1),
        published=table.day("published"),
        effective=table.day("effective"),
        url=table.said("url"),
        severity=table.choice("severity", Severity, Severity.MINOR),
        notice=table.texts("notice"),
    )
    table.texts("history")
    if revision.published and revision.effective and revision.effective < revision.published:
        table.problem("effective", f"a day not before published = {revision.published}")
    if revision.url and not all(map(is_address, every_language(revision.url))):
        table.problem("url", 'the address of the policy, such as "/privacy"')
    table.done()
    return revision
