"""Counting decisions: over time, by category, language, method and what was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from asgi_consent.ledger.chain import Row
from asgi_consent.ledger.records import Event, read_record

#: what visitors answer when they are asked
DECISIONS = frozenset((Event.GIVEN, Event.REFUSED, Event.CHANGED, Event.RENEWED, Event.WITHDRAWN))


@dataclass
class Statistics:
    """`days` counts events by day (UTC); `granted` tells in how many of `decisions` a category or
    service was granted."""

    records: int = 0
    erased: int = 0
    decisions: int = 0
    first: str = ""
    last: str = ""
    events: Counter[str] = field(default_factory=Counter[str])
    days: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    granted: Counter[str] = field(default_factory=Counter[str])
    languages: Counter[str] = field(default_factory=Counter[str])
    methods: Counter[str] = field(default_factory=Counter[str])
    shown: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    revisions: Counter[str] = field(default_factory=Counter[str])
    signals: Counter[str] = field(default_factory=Counter[str])

    def count(self, row: Row) -> None:
        if row.body is None:
            self.erased += 1
            return
        record = read_record(row.body)
        day = record.moment.date().isoformat()
        self.records += 1
        self.first = self.first or day
        self.last = day
        self.events[record.event] += 1
        self.days.setdefault(day, Counter())[record.event] += 1
        if record.event not in DECISIONS:
            return
        self.decisions += 1
        self.granted.update(record.after)
        self.languages[record.language or "unknown"] += 1
        self.methods[record.method] += 1
        self.revisions[str(record.revision)] += 1
        self.signals.update(record.signals)
        outcome = "accepted" if record.after else "refused"
        self.shown.setdefault(record.shown or "unknown", Counter())[outcome] += 1

    def share(self, name: str) -> float:
        """In which part of the decisions `name` was granted, from 0 to 1."""
        return self.granted[name] / self.decisions if self.decisions else 0.0

    def document(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def lines(self) -> list[str]:
        """The same as tables of text."""
        if not self.records:
            return ["no records yet" if not self.erased else f"{self.erased} records, all erased"]
        erased = f", {self.erased} erased" if self.erased else ""
        lines = [f"{self.records} records from {self.first} to {self.last}{erased}"]
        for title, table in self._tables():
            if table:
                lines += ["", title]
                lines += [f"  {name:<24} {value}" for name, value in table.items()]
        return lines

    def _tables(self) -> list[tuple[str, Mapping[str, object]]]:
        granted = {
            name: f"{count}  {self.share(name):.0%}" for name, count in self.granted.most_common(20)
        }
        shown = {
            name[:12]: f"{counts['accepted']}, {counts['refused']}"
            for name, counts in self.shown.items()
        }
        days = {day: counts.total() for day, counts in [*self.days.items()][-14:]}
        return [
            ("events", dict(self.events.most_common())),
            (f"granted in {self.decisions} decisions", granted),
            ("method", dict(self.methods.most_common())),
            ("language", dict(self.languages.most_common())),
            ("shown: accepted, refused", shown),
            ("the last days", days),
        ]


def statistics(rows: Iterable[Row], since: int = 0) -> Statistics:
    """Of the rows from `since` (milliseconds) on."""
    found = Statistics()
    for row in rows:
        if row.time is None or row.time >= since:
            found.count(row)
    return found
