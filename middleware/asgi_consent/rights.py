"""The visitor's rights, without an account and without a script: see, take along, object, restrict,
withdraw, erase.

Whoever has the signed consent cookie is the visitor it was given to; nothing more is asked for, and
nothing else leads to anybody's records: no address names one.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from asgi_consent.banner.shown import ticked
from asgi_consent.choosing import FROZEN, Choosing, check_origin
from asgi_consent.consent import Choice, new_id
from asgi_consent.errors import LedgerError
from asgi_consent.exchange import Exchange, Refusal
from asgi_consent.languages import N_
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.proof import signed, signer_of
from asgi_consent.ledger.records import Event
from asgi_consent.limits import Limiter
from asgi_consent.ours import OURS
from asgi_consent.pages import Pages
from asgi_consent.reasons import of_category
from asgi_consent.receipts import Entry, Receipt, entries_of
from asgi_consent.settings import Settings
from asgi_consent.types import Header, Headers
from asgi_consent.visitor import VisitorCookies

_OUT_OF_REACH = (
    "The record of your decisions is out of reach just now. Please try again in a moment."
)
_LARGEST_RECEIPT = 512 * 1024  # bytes
_STATE_OF_SHOWN: Header = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A cookie that came with this request, and whose it is."""

    name: str
    service: str
    category: str


class Rights:
    def __init__(
        self,
        settings: Settings,
        visitor: VisitorCookies,
        ledger: Ledger,
        choosing: Choosing,
        pages: Pages,
    ) -> None:
        self._settings = settings
        self._visitor = visitor
        self._ledger = ledger
        self._choosing = choosing
        self._pages = pages
        self._asking = Limiter(60, 60)
        self._anybody = Limiter(600, 60)

    # ---- seeing

    async def show(self, exchange: Exchange) -> None:
        """The page of a visitor's rights."""
        entries = await self._entries(exchange)
        stored = [self._stored(exchange, name) for name in _cookie_names(exchange)]
        await self._pages.send(
            exchange,
            200,
            "rights",
            exchange.request.root + "/",
            entries=entries[::-1],
            reason_of=partial(of_category, exchange.decision),
            stored=stored,
            done=exchange.query("done"),
            storage_patterns=self._storage_patterns(),
            scripts=True,
        )

    async def receipt(self, exchange: Exchange) -> None:
        """The visitor's copy: `?as=json`, `json-ld` or `page`."""
        entries = await self._entries(exchange)
        if not entries:
            raise Refusal(404, "Nothing recorded", "There is no decision of yours to copy.")
        request, now = exchange.request, time.time()
        scheme = "https" if request.secure else "http"
        site = f"{scheme}://{request.authority}{request.root}"
        head = await self._within_reach(self._ledger.head())
        receipt = Receipt(self._settings, entries, head, new_id(), now, site)
        form = exchange.query("as")
        if form == "page":
            document = signed(receipt.json(), self._ledger.keys, now)
            await self._pages.send(
                exchange, 200, "receipt", self._address(exchange), receipt=document
            )
            return
        made = receipt.json_ld() if form == "json-ld" else receipt.json()
        body = json.dumps(signed(made, self._ledger.keys, now), indent=2, ensure_ascii=False)
        kind, ending = ("ld+json", "jsonld") if form == "json-ld" else ("json", "json")
        disposition = f'attachment; filename="consent-receipt.{ending}"'.encode()
        await exchange.answer(
            200, f"application/{kind}", body.encode(), [(b"content-disposition", disposition)]
        )

    async def shown(self, exchange: Exchange) -> None:
        """What the visitor was shown when deciding: `?record=`, one of the visitor's own."""
        wanted = exchange.query("record")
        for entry in await self._entries(exchange):
            if entry.record.record_id == wanted and entry.record.shown:
                shown = await self._within_reach(self._ledger.shown(entry.record.shown))
                if shown is not None:
                    body = ticked(shown.document, entry.record.before).encode()
                    await exchange.answer(200, "text/html; charset=utf-8", body, [_STATE_OF_SHOWN])
                    return
        raise Refusal(404, N_("Nothing here"), "There is no such record of yours with a banner.")

    async def keys(self, exchange: Exchange) -> None:
        """The public keys that receipts and checkpoints are checked with."""
        await exchange.answer_json(200, {"keys": self._ledger.keys.public})

    async def check(self, exchange: Exchange) -> None:
        """Is a receipt genuine? Anybody may ask, about any."""
        said = ""
        if exchange.request.method == "POST":
            self._anybody.check("check")
            fields = await exchange.fields(_LARGEST_RECEIPT)
            said = self._verdict(fields.first("receipt"))
            if exchange.wants_json:
                await exchange.answer_json(200, {"verdict": said, "genuine": said == _GENUINE})
                return
        keys = self._ledger.keys.public
        await self._pages.send(
            exchange, 200, "check", self._address(exchange), said=said, keys=keys
        )

    def _verdict(self, text: str) -> str:
        try:
            key = signer_of(json.loads(text))
        except (ValueError, RecursionError):
            return "This is no receipt: it cannot be read."
        except LedgerError as error:
            return f"Not genuine: {error}."
        if key not in self._ledger.keys.public:
            return "Not genuine: it is signed, and not by this site."
        return _GENUINE

    # ---- doing

    async def do(self, exchange: Exchange) -> None:
        check_origin(exchange.request)
        self._limit(exchange)
        fields = await exchange.fields()
        action = fields.first("action")
        consent = exchange.decision.consent
        fields = fields.returning_to(f"{self._address(exchange)}?done={action}")
        if consent.restricted and action not in ("lift", "erase"):
            raise Refusal(409, "Frozen", FROZEN)
        if action == "erase":
            await self._erase(exchange)
        elif action == "withdraw":
            await self._choosing.carry_out(exchange, fields, Choice(), objected=consent.objected)
        elif action == "object":
            off = self._settings.policy.shared
            services = self._settings.policy.services
            kept = Choice(
                consent.categories & exchange.decision.grants.categories - off,
                frozenset(s for s in consent.services if services[s].category not in off),
                consent.answered,
            )
            await self._choosing.carry_out(exchange, fields, kept, Event.OBJECTED, objected=True)
        elif action == "restrict":
            await self._choosing.carry_out(
                exchange, fields, Choice(), Event.RESTRICTED, restricted=True
            )
        elif action == "lift" and consent.restricted:
            await self._choosing.carry_out(exchange, fields, Choice(answered=False), Event.LIFTED)
        else:
            raise Refusal(
                400,
                N_("Not understood"),
                "The action must be withdraw, object, restrict, lift or erase.",
            )

    async def _erase(self, exchange: Exchange) -> None:
        """Forget the records, the choice, and what the site has stored in this browser."""
        request = exchange.request
        await self._within_reach(self._ledger.erase(exchange.decision.consent.subject_id))
        headers: Headers = [(b"clear-site-data", b'"storage"')]
        headers += self._visitor.remove_all(request)
        headers += self._choosing.removals(request, request.root + "/", headers)
        if exchange.wants_json:
            await exchange.answer_json(200, {"erased": True}, headers)
        else:
            await exchange.redirect(f"{self._address(exchange)}?done=erase", headers)

    # ---- what several need

    async def _entries(self, exchange: Exchange) -> list[Entry]:
        """The visitor's own records, the oldest first."""
        self._limit(exchange)
        subject = exchange.decision.consent.subject_id
        if not subject:
            return []
        return entries_of(await self._within_reach(self._ledger.history(subject)))

    def _address(self, exchange: Exchange) -> str:
        return f"{exchange.request.root}{self._settings.prefix}/rights"

    def _limit(self, exchange: Exchange) -> None:
        subject = exchange.decision.consent.subject_id
        if subject:
            self._asking.check(subject)

    async def _within_reach(self, asked: Any) -> Any:
        try:
            return await asked
        except LedgerError:
            retry: Header = (b"retry-after", b"10")
            raise Refusal(503, "Out of reach", _OUT_OF_REACH, [retry]) from None

    def _stored(self, exchange: Exchange, name: bytes) -> Stored:
        shown = name.decode("latin-1")
        if name in OURS:
            return Stored(shown, "Your choice on this site", "necessary")
        verdict = exchange.decision.cookie(shown)
        service = verdict.service
        return Stored(shown, service.name if service else "", verdict.category or "")

    def _storage_patterns(self) -> list[dict[str, str]]:
        return [
            {"pattern": pattern, "service": service.name, "category": service.category}
            for service in self._settings.policy.declared
            for pattern in service.storage
        ]


_GENUINE = "Genuine: signed by this site, and unchanged since."


def _cookie_names(exchange: Exchange) -> list[bytes]:
    return list(dict.fromkeys(name for name, _ in exchange.request.cookies))
