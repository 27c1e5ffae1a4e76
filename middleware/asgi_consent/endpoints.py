"""Our own addresses below the prefix: the choice, the preferences, the guard, the styles."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgi_consent.banner.declaration import declaration
from asgi_consent.banner.guard import guard_rules, parse_grants
from asgi_consent.banner.render import Banner
from asgi_consent.banner.static_files import FOREVER
from asgi_consent.banner.translations import language_of
from asgi_consent.choosing import Choosing, described
from asgi_consent.csp_reports import CspReports
from asgi_consent.decision import Decision
from asgi_consent.developer.panel import Panel
from asgi_consent.exchange import NOTHING_HERE, Exchange, Refusal
from asgi_consent.faults import note_fault
from asgi_consent.findings import Findings
from asgi_consent.http.request import Request, local_address
from asgi_consent.languages import N_
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.metrics import Metrics
from asgi_consent.operating import IsOperator, Operating
from asgi_consent.pages import Pages
from asgi_consent.policy import Mode, Policy
from asgi_consent.recording import Recorder
from asgi_consent.rights import Rights
from asgi_consent.settings import Settings
from asgi_consent.signing import ConsentSigner
from asgi_consent.types import Receive, Send
from asgi_consent.visitor import VisitorCookies

_FAILED = b"Something went wrong here, so nothing was changed. Please try again in a moment.\n"

GPC_FILE = "/.well-known/gpc.json"


class Endpoints:
    def __init__(
        self,
        settings: Settings,
        banner: Banner,
        visitor: VisitorCookies,
        signer: ConsentSigner,
        reports: CspReports,
        ledger: Ledger,
        findings: Findings,
        panel: Panel,
        is_operator: IsOperator | None = None,
    ) -> None:
        self._findings = findings
        self._panel = panel
        self._reports = reports
        self._settings = settings
        self._policy: Policy = settings.policy
        self._banner = banner
        self._visitor = visitor
        self._pages = Pages(banner)
        metrics = Metrics(lambda: ledger.failures)
        recorder = Recorder(settings, banner, ledger, metrics)
        operating = Operating(
            settings, visitor, ledger, findings, metrics, self._pages, is_operator
        )
        choosing = Choosing(settings, visitor, signer, recorder, self._pages)
        rights = Rights(settings, visitor, ledger, choosing, self._pages)
        self._routes: dict[tuple[str, str], _Handler] = {
            ("GET", "preferences"): self._preferences,
            ("GET", "declaration"): self._declaration,
            ("GET", "state"): self._state,
            ("GET", "kept"): self._kept,
            ("GET", "guard.js"): self._guard,
            ("GET", GPC_FILE): self._gpc_file,
            ("GET", "rules"): self._rules,
            ("POST", "choice"): choosing.choose,
            ("POST", "report"): self._report,
            ("GET", "rights"): rights.show,
            ("POST", "rights"): rights.do,
            ("GET", "receipt"): rights.receipt,
            ("GET", "shown"): rights.shown,
            ("GET", "keys"): rights.keys,
            ("GET", "check"): rights.check,
            ("POST", "check"): rights.check,
            ("GET", "operator"): operating.show,
            ("GET", "export"): operating.export,
            ("GET", "metrics"): operating.metrics,
            ("GET", "developer"): self._developer,
        }

    def owns(self, request: Request) -> bool:
        ours = request.path.startswith(self._settings.prefix + "/")
        return ours or (self._settings.gpc_file and request.path == GPC_FILE and not request.root)

    async def respond(
        self, request: Request, decision: Decision, receive: Receive, send: Send
    ) -> None:
        name = request.path.removeprefix(self._settings.prefix + "/")
        method = "GET" if request.method == "HEAD" else request.method
        exchange = Exchange(request, decision, receive, send)
        try:
            try:
                await self._answer(exchange, method, name)
            except Refusal as refusal:
                await self._pages.refuse(exchange, refusal)
        except Exception as error:
            known = (method, name) in self._routes
            note_fault(f"answering {method} {name if known else ''}", error)
            if exchange.has_begun:
                raise
            await exchange.answer(500, "text/plain; charset=utf-8", _FAILED)

    async def _answer(self, exchange: Exchange, method: str, name: str) -> None:
        if handler := self._routes.get((method, name)):
            await handler(exchange)
        elif method == "GET" and name in self._banner.files:
            await self._static(exchange, name)
        elif allowed := [way for way, known in self._routes if known == name]:
            raise Refusal(
                405,
                N_("Not this way"),
                N_("This address only takes what the forms of this site send it."),
                [(b"allow", ", ".join(allowed).encode())],
            )
        else:
            raise NOTHING_HERE

    # ---- reading

    async def _preferences(self, exchange: Exchange) -> None:
        request = exchange.request
        wanted = exchange.query("return") or request.referring_address()
        address = local_address(wanted, request.root + "/")
        reminds = self._visitor.reminds(request)
        await self._pages.send(exchange, 200, "preferences", address, reminds=reminds)

    async def _declaration(self, exchange: Exchange) -> None:
        """All that is declared: `?as=page`, `json`, or `part` for a page of the site to include."""
        form = exchange.query("as")
        if form == "json" or (not form and exchange.wants_json):
            language = language_of(self._pages.language(exchange))
            await exchange.answer_json(
                200, declaration(self._settings, language, secure=exchange.request.secure)
            )
            return
        name = "declaration_list" if form == "part" else "declaration"
        await self._pages.send(exchange, 200, name, exchange.request.root + "/")

    async def _state(self, exchange: Exchange) -> None:
        await exchange.answer_json(200, described(exchange.decision))

    async def _kept(self, exchange: Exchange) -> None:
        """Where a first choice without a script comes by: did the browser keep the cookie?"""
        address = local_address(exchange.query("return"), exchange.request.root + "/")
        if exchange.decision.consent.subject_id or self._visitor.once(exchange.request):
            await exchange.redirect(address, [])
        else:
            await self._pages.send(exchange, 200, "blocked", address)

    async def _developer(self, exchange: Exchange) -> None:
        await self._panel.show(exchange, self._pages, self._findings.told())

    async def _guard(self, exchange: Exchange) -> None:
        grants = parse_grants(exchange.query("grants"), self._policy)
        body = self._banner.guard(grants, exchange.request.host)
        # Only what this very version would name: an older node must not poison a new address.
        asked = exchange.query("v")
        cache = FOREVER if asked == self._banner.guard_version else "no-cache"
        await exchange.answer(200, self._banner.files["guard.js"].media_type, body, cache=cache)

    async def _gpc_file(self, exchange: Exchange) -> None:
        """Says that this site acts on the signal, https://w3c.github.io/gpc/#gpc-support-resource;
        which is only true if it does."""
        policy = self._policy
        acts = self._settings.mode is Mode.ENFORCE and any(c.gpc for c in policy.categories)
        said: dict[str, object] = {"gpc": acts}
        if day := policy.revision.published:
            said["lastUpdate"] = day.isoformat()
        await exchange.answer_json(200, said)

    async def _rules(self, exchange: Exchange) -> None:
        """What this visitor's guard goes by from now on, where the page is not loaded again."""
        grants, host = exchange.decision.grants, exchange.request.host
        await exchange.answer_json(200, guard_rules(self._policy, grants, host))

    async def _static(self, exchange: Exchange, name: str) -> None:
        file = self._banner.files[name]
        cache = FOREVER if exchange.query("v") == file.version else "no-cache"
        await exchange.answer(200, file.media_type, file.body, cache=cache)

    async def _report(self, exchange: Exchange) -> None:
        if self._reports.may_come():
            body = await exchange.body()
            try:
                self._reports.take(body, exchange.request.host)
            except (ValueError, RecursionError):
                raise Refusal(400, N_("Not understood"), "No report of a browser.") from None
        await exchange.answer(204, "", b"")


_Handler = Callable[[Exchange], Awaitable[None]]
