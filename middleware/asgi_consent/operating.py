"""For the operator: the ledger in pictures, as CSV and JSON Lines, and counters for Prometheus.

Off unless there is a token in the environment or a callable that knows the operator; whoever has
neither gets the same 404 as for an address that is none.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import isawaitable

from asgi_consent.banner.charts import days_chart, share_chart
from asgi_consent.errors import LedgerError, SecretKeyError
from asgi_consent.exchange import NOTHING_HERE, Exchange, Refusal
from asgi_consent.findings import Findings
from asgi_consent.http.request import Request
from asgi_consent.ledger.export import FORMATS
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.ledger.statistics import Statistics
from asgi_consent.limits import Limiter, whence
from asgi_consent.metrics import Metrics
from asgi_consent.pages import Pages
from asgi_consent.settings import Settings
from asgi_consent.types import Scope
from asgi_consent.visitor import VisitorCookies

TOKEN_VARIABLE = "ASGI_CONSENT_OPERATOR_TOKEN"
_SHORTEST = 32  # characters
_DAYS = 90
_FRESH = 60.0  # seconds that numbers are shown again
_DAY = 24 * 3600 * 1000

IsOperator = Callable[[Scope], bool | Awaitable[bool]]


class Operating:
    def __init__(
        self,
        settings: Settings,
        visitor: VisitorCookies,
        ledger: Ledger,
        findings: Findings,
        metrics: Metrics,
        pages: Pages,
        is_operator: IsOperator | None,
    ) -> None:
        self._settings = settings
        self._visitor = visitor
        self._ledger = ledger
        self._findings = findings
        self._metrics = metrics
        self._pages = pages
        self._is_operator = is_operator
        self._token = _token()
        self._tries = Limiter(20, 60)
        self._numbers: tuple[float, Statistics] | None = None

    async def show(self, exchange: Exchange) -> None:
        """The page. A browser comes in with `?token=`, once, and then has a cookie for the day."""
        request = exchange.request
        if (given := exchange.query("token")) and self._is_token(request, given):
            header = self._visitor.set_operator(request, self._token)
            await exchange.redirect(f"{request.root}{self._settings.prefix}/operator", [header])
            return
        await self._check(exchange)
        found = await self._statistics()
        labels = {category.id: category.label for category in self._settings.policy.categories}
        shares = [
            (labels.get(name, name), found.share(name), f"{found.share(name):.0%} ({count})")
            for name, count in found.granted.most_common(20)
        ]
        await self._pages.send(
            exchange,
            200,
            "operator",
            request.root + "/",
            found=found,
            days=days_chart(found.days),
            shares=share_chart(shares),
            told=self._findings.told(),
            span=_DAYS,
            failures=self._ledger.failures,
        )

    async def export(self, exchange: Exchange) -> None:
        """All records: `?format=jsonl` or `csv`, in pieces, whatever their number."""
        await self._check(exchange)
        form = exchange.query("format") or "jsonl"
        if form not in FORMATS:
            raise Refusal(400, "Not understood", f"The format must be {' or '.join(FORMATS)}.")
        kind = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}[form]
        name = f'attachment; filename="consent-ledger.{form}"'.encode()
        await exchange.stream(kind, self._pieces(form), [(b"content-disposition", name)])

    async def metrics(self, exchange: Exchange) -> None:
        await self._check(exchange)
        text = self._metrics.text()
        if text is None:
            raise Refusal(501, "Not installed", "Metrics need the extra asgi-consent[metrics].")
        await exchange.answer(200, text[0], text[1])

    async def _pieces(self, form: str) -> AsyncIterator[bytes]:
        first = True
        async for rows in self._ledger.pages():
            lines = FORMATS[form](rows)
            if not first and form == "csv":
                next(lines)  # its heading
            first = False
            yield "".join(lines).encode()

    async def _statistics(self) -> Statistics:
        now = time.monotonic()
        if self._numbers is None or now - self._numbers[0] > _FRESH:
            since = int(time.time() * 1000) - _DAYS * _DAY
            try:
                self._numbers = (now, await self._ledger.statistics(since))
            except LedgerError as error:
                raise Refusal(503, "Out of reach", f"The ledger cannot be read: {error}.") from None
        return self._numbers[1]

    # ---- who may

    async def _check(self, exchange: Exchange) -> None:
        """Raises Refusal, as if there were nothing here."""
        request = exchange.request
        if self._is_operator is not None:
            allowed = self._is_operator(request.scope)
            if (await allowed) if isawaitable(allowed) else allowed:
                return
        if self._token and (
            self._visitor.is_operator(request, self._token)
            or self._is_token(request, _bearer(request))
        ):
            return
        raise NOTHING_HERE

    def _is_token(self, request: Request, given: str) -> bool:
        if not (self._token and given):
            return False
        try:
            self._tries.check(whence(request.scope.get("client")))
        except Refusal:  # who guesses is not even told that there is something to guess
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())


def _bearer(request: Request) -> str:
    kind, _, given = (request.header(b"authorization") or b"").partition(b" ")
    return given.strip().decode("latin-1") if kind.lower() == b"bearer" else ""


def _token() -> str:
    token = os.environ.get(TOKEN_VARIABLE, "")
    if token and (len(token) < _SHORTEST or len(set(token)) < 8):
        raise SecretKeyError(
            f"{TOKEN_VARIABLE} has fewer than {_SHORTEST} characters, or too few different ones"
        )
    return token
