"""Everything a scan found, once each: who it belongs to, in which states and where it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asgi_consent.audit.judging import UNCLASSIFIED, Judge, Ruling
from asgi_consent.audit.stores import COOKIE, Item, Look, Read
from asgi_consent.audit.traffic import Contact

STATES = ("fresh", "rejected", "accepted", "withdrawn")
HOST, HINT, DEVICE, INLINE = "host", "hint", "device", "inline code"

_MOST_PAGES = 10  # named of one find
_NOBODY = Ruling("", "", UNCLASSIFIED, declared=False, own=True)


@dataclass
class Find:
    """`kind` is a store, "host", "hint", "device" or "inline code". `seconds` is how long a cookie
    lasts, None until the browser closes. `cname` is whom a host of the site stands for."""

    kind: str
    name: str
    host: str
    ruling: Ruling
    states: list[str] = field(default_factory=list[str])
    pages: list[str] = field(default_factory=list[str])
    by: list[str] = field(default_factory=list[str])
    how: list[str] = field(default_factory=list[str])
    seconds: float | None = None
    http_only: bool = False
    partitioned: bool = False
    cname: str = ""

    @property
    def undeclared(self) -> bool:
        """Whether the operator's own declarations do not have it. Hosts of the site need none,
        unless somebody else is behind them; what a device tells belongs to nobody, and a service
        worker is judged by what it fetches."""
        if self.kind in (DEVICE, "serviceWorker"):
            return False
        if self.kind in (HOST, HINT) and self.ruling.own:
            return bool(self.cname)
        return not self.ruling.declared


@dataclass
class Inventory:
    site: str
    judge: Judge
    began: float
    pages: list[str] = field(default_factory=list[str])
    states: list[str] = field(default_factory=list[str])
    skipped: dict[str, str] = field(default_factory=dict[str, str])  # page or state → why
    interrupted: bool = False
    seconds: float = 0.0
    _finds: dict[tuple[str, str, str], Find] = field(
        default_factory=dict[tuple[str, str, str], Find]
    )

    @property
    def finds(self) -> list[Find]:
        """Sorted: what nobody knows first, then by category, service, kind and name."""
        return sorted(
            self._finds.values(),
            key=lambda one: (
                one.ruling.category != UNCLASSIFIED,
                one.ruling.category,
                one.ruling.service,
                one.kind,
                one.host,
                one.name,
            ),
        )

    @property
    def undeclared(self) -> list[Find]:
        return [find for find in self.finds if find.undeclared]

    def add_look(self, look: Look, state: str, page: str) -> None:
        for item in look.items:
            self._add_item(item, state, page)
        for hint in look.hints:
            ruling = self.judge.url(hint.url)
            if not ruling.own:
                host = Contact(0, hint.url, HINT).host
                self._add(HINT, host, host, ruling, state, page, how=hint.how)

    def _add_item(self, item: Item, state: str, page: str) -> None:
        find = self._add(
            item.kind, item.name, item.host, self.judge.item(item), state, page, by=item.by
        )
        find.http_only |= item.http_only
        find.partitioned |= item.partitioned
        if item.kind == COOKIE and item.expires is not None:
            lasts = item.expires - datetime.now(UTC).timestamp()
            find.seconds = max(find.seconds or 0.0, lasts)

    def add_contacts(self, contacts: Iterable[Contact], state: str, page: str) -> None:
        for contact in contacts:
            url = f"https:{contact.url}" if contact.url.startswith("//") else contact.url
            ruling = self.judge.url(url)
            how = contact.how or contact.kind
            by = contact.initiator
            self._add(HOST, contact.host, contact.host, ruling, state, page, by=by, how=how)

    def add_reads(self, reads: Iterable[Read], state: str, page: str) -> None:
        for read in reads:
            self._add(DEVICE, read.what, "", _NOBODY, state, page, by=read.by)

    def add_markup(self, kind: str, name: str, ruling: Ruling, page: str, how: str) -> None:
        """What the HTML names; it may load in a state that was not seen."""
        self._add(kind, name, name if kind == HOST else "", ruling, "", page, how=how)

    def cloak(self, hosts: dict[str, str]) -> None:
        for find in self._finds.values():
            if find.kind == HOST and find.host in hosts:
                find.cname = hosts[find.host]
                find.ruling = self.judge.url(f"https://{find.cname}/")

    def _add(
        self,
        kind: str,
        name: str,
        host: str,
        ruling: Ruling,
        state: str,
        page: str,
        *,
        by: str = "",
        how: str = "",
    ) -> Find:
        key = (kind, name, host)
        find = self._finds.get(key) or self._finds.setdefault(key, Find(kind, name, host, ruling))
        if ruling.category != UNCLASSIFIED and find.ruling.category == UNCLASSIFIED:
            find.ruling = ruling  # another path of the same host told whose it is
        for known, value in ((find.states, state), (find.by, by), (find.how, how)):
            if value and value not in known and len(known) < _MOST_PAGES:
                known.append(value)
        if page not in find.pages and len(find.pages) < _MOST_PAGES:
            find.pages.append(page)
        return find
