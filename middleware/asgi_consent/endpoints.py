"""Our own addresses below the prefix: the choice, the preferences, the guard, the styles.

`POST choice` is its own short line: check origin → read the choice → new consent → sign →
Set-Cookie → 303, or JSON for scripts. Everything else only reads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from asgi_consent.banner.guard import guard_rules, parse_grants
from asgi_consent.banner.render import Banner
from asgi_consent.banner.static_files import FOREVER, STATIC_FILES
from asgi_consent.consent import Choice, Consent, make_choice
from asgi_consent.csp_reports import CspReports
from asgi_consent.decision import Decision, decide
from asgi_consent.errors import TokenTooLongError
from asgi_consent.exchange import Exchange, Fields, Refusal
from asgi_consent.http.request import Request, local_address
from asgi_consent.policy import Delivery, Mode, Policy
from asgi_consent.removals import removals
from asgi_consent.settings import Settings
from asgi_consent.signing import ConsentSigner
from asgi_consent.types import Header, Headers, Receive, Send
from asgi_consent.visitor import OURS, VisitorCookies

GPC_FILE = "/.well-known/gpc.json"
_HTML = "text/html; charset=utf-8"
# Our pages need nothing but their style sheet and their form.
_PAGE_POLICY = (
    b"default-src 'none'; style-src 'self'; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)


class Endpoints:
    def __init__(
        self,
        settings: Settings,
        banner: Banner,
        visitor: VisitorCookies,
        signer: ConsentSigner,
        reports: CspReports,
    ) -> None:
        self._reports = reports
        self._settings = settings
        self._policy: Policy = settings.policy
        self._banner = banner
        self._visitor = visitor
        self._signer = signer
        self._routes: dict[tuple[str, str], _Handler] = {
            ("GET", "preferences"): self._preferences,
            ("GET", "state"): self._state,
            ("GET", "kept"): self._kept,
            ("GET", "guard.js"): self._guard,
            ("GET", GPC_FILE): self._gpc_file,
            ("GET", "rules"): self._rules,
            ("POST", "choice"): self._choice,
            ("POST", "report"): self._report,
        }

    def owns(self, request: Request) -> bool:
        ours = request.path.startswith(self._settings.prefix + "/")
        return ours or (self._settings.gpc_file and request.path == GPC_FILE and not request.root)

    async def respond(
        self, request: Request, decision: Decision, receive: Receive, send: Send
    ) -> None:
        name = request.path.removeprefix(self._settings.prefix + "/")
        method = "GET" if request.method == "HEAD" else request.method
        handler = self._routes.get((method, name))
        exchange = Exchange(request, decision, receive, send)
        try:
            if handler:
                await handler(exchange)
            elif method == "GET" and name in STATIC_FILES:
                await self._static(exchange, name)
            elif allowed := [way for way, known in self._routes if known == name]:
                raise Refusal(
                    405,
                    "Not this way",
                    "This address only takes what the forms of this site send it.",
                    [(b"allow", ", ".join(allowed).encode())],
                )
            else:
                raise Refusal(404, "Nothing here", "There is no page at this address.")
        except Refusal as refusal:
            await self._refuse(exchange, refusal)

    # ---- reading

    async def _preferences(self, exchange: Exchange) -> None:
        request = exchange.request
        wanted = exchange.query("return") or request.referring_address()
        address = local_address(wanted, request.root + "/")
        reminds = self._visitor.reminds(request)
        await self._page(exchange, 200, "preferences", address, reminds=reminds)

    async def _state(self, exchange: Exchange) -> None:
        await exchange.answer_json(200, _described(exchange.decision.consent, exchange.decision))

    async def _kept(self, exchange: Exchange) -> None:
        """Where a first choice without a script comes by: did the browser keep the cookie?"""
        address = local_address(exchange.query("return"), exchange.request.root + "/")
        if exchange.decision.consent.record_id or self._visitor.once(exchange.request):
            await exchange.redirect(address, [])
        else:
            await self._page(exchange, 200, "blocked", address)

    async def _guard(self, exchange: Exchange) -> None:
        grants = parse_grants(exchange.query("grants"), self._policy)
        body = self._banner.guard(grants, exchange.request.host)
        # Only what this very version would name: an older node must not poison a new address.
        asked = exchange.query("v")
        cache = FOREVER if asked == self._banner.guard_version else "no-cache"
        await exchange.answer(200, STATIC_FILES["guard.js"].media_type, body, cache=cache)

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
        file = STATIC_FILES[name]
        cache = FOREVER if exchange.query("v") == file.version else "no-cache"
        await exchange.answer(200, file.media_type, file.body, cache=cache)

    async def _report(self, exchange: Exchange) -> None:
        if self._reports.may_come():
            body = await exchange.body()
            try:
                self._reports.take(body, exchange.request.host)
            except (ValueError, RecursionError):
                raise Refusal(400, "Not understood", "That is no report of a browser.") from None
        await exchange.answer(204, "", b"")

    # ---- the choice

    async def _choice(self, exchange: Exchange) -> None:
        request = exchange.request
        if not request.is_same_origin:
            raise Refusal(
                403,
                "Not from this site",
                "A choice only counts when it is made on this site, by you.",
            )
        fields = await exchange.fields()
        before = exchange.decision.consent
        # Only a path of this site is ever redirected to.
        address = local_address(
            fields.first("return") or request.referring_address(), request.root + "/"
        )
        kind = fields.first("choice")
        if kind == "once":
            await self._once(exchange, fields.first("service"), address)
            return
        after = make_choice(
            before,
            self._read_choice(kind, fields, exchange.decision),
            revision=self._policy.revision.number,
            time=self._signer.now(),
            gpc=exchange.decision.signals.objects,
        )
        decision = decide(self._policy, after, exchange.decision.signals, exchange.decision.rule)
        try:
            headers = [self._visitor.set_consent(request, after)]
        except TokenTooLongError:
            raise Refusal(
                400, "Too many", "So many single services fit no cookie: choose categories."
            ) from None
        reminds = self._visitor.reminds(request)
        if reminder := fields.all("reminder"):
            reminds = reminder[-1] == "on"
            headers += self._visitor.set_reminder(request, reminds)
        if self._settings.delivery is Delivery.SHARED:
            headers += self._visitor.set_variant(request, decision, reminds=reminds)
        removed = self._removals(request, decision, address, headers)
        headers += removed
        if exchange.wants_json:
            names = {value.partition(b"=")[0].decode("latin-1") for _, value in removed}
            state = _described(after, decision) | {"removed": sorted(names)}
            await exchange.answer_json(200, state, headers)
        else:
            await self._return(exchange, address, headers)

    async def _return(self, exchange: Exchange, address: str, headers: Headers) -> None:
        """Back to the page; the first time by an address that sees whether cookies are kept."""
        request = exchange.request
        if not exchange.decision.consent.record_id:
            address = f"{request.root}{self._settings.prefix}/kept?return={quote(address)}"
        await exchange.redirect(address, headers)

    def _read_choice(self, kind: str, fields: Fields, decision: Decision) -> Choice:
        policy = self._policy
        if kind == "accept":
            return Choice(categories=policy.optional)
        if kind in ("reject", "withdraw"):
            return Choice()
        if kind == "save":
            return self._saved(fields)
        if kind == "allow":
            service = self._switchable(fields.first("service"))
            before, grants = decision.consent, decision.grants
            # What a signal has switched off since is not switched on again by the way.
            return Choice(
                before.categories & grants.categories,
                (before.services & grants.services) | {service},
                before.answered,
            )
        raise Refusal(400, "Not understood", "The choice must be accept, reject, save or allow.")

    def _saved(self, fields: Fields) -> Choice:
        policy = self._policy
        categories, services = fields.all("category"), fields.all("service")
        if fields.from_script:  # a form may be of a page from before the settings changed
            known = {category.id for category in policy.categories} | policy.services.keys()
            for name in (*categories, *services):
                if name not in known:
                    message = f"There is no category or service {name!r}."
                    raise Refusal(400, "Not understood", message)
        granted = policy.categories_of(categories)
        # A category stands for all in it: its services are not kept beyond it.
        single = (
            id_
            for id_ in policy.services_among(services)
            if policy.services[id_].category not in granted
        )
        return Choice(granted, frozenset(single))

    async def _once(self, exchange: Exchange, service: str, address: str) -> None:
        header = self._visitor.set_once(exchange.request, self._switchable(service))
        if exchange.wants_json:
            await exchange.answer_json(200, {"once": service}, [header])
        else:
            await self._return(exchange, address, [header])

    def _switchable(self, service: str) -> str:
        if not self._policy.services_among([service]):
            raise Refusal(400, "Not understood", "There is no such service to allow.")
        return service

    def _removals(
        self, request: Request, decision: Decision, address: str, headers: Headers
    ) -> Headers:
        """Set-Cookie headers that remove every cookie that is not granted any more."""
        names = [
            name
            for name in dict.fromkeys(name for name, _ in request.cookies)
            if name not in OURS and not decision.cookie(name.decode("latin-1")).allowed
        ]
        path = address.partition("?")[0]
        known = self._visitor.scopes(request)
        return removals(self._visitor, request, decision, known, names, path, headers)

    # ---- answering

    async def _page(
        self,
        exchange: Exchange,
        status: int,
        name: str,
        address: str,
        headers: Headers | None = None,
        **more: Any,
    ) -> None:
        body = self._banner.page(name, exchange.decision, exchange.request.root, address, **more)
        policy: Header = (b"content-security-policy", _PAGE_POLICY)
        await exchange.answer(status, _HTML, body, [policy, *(headers or [])])

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        if exchange.wants_json:
            error = {"error": refusal.message}
            await exchange.answer_json(refusal.status, error, refusal.headers)
            return
        root = exchange.request.root
        await self._page(
            exchange,
            refusal.status,
            "error",
            root + "/",
            refusal.headers,
            title=refusal.title,
            message=refusal.message,
        )


_Handler = Callable[[Exchange], Awaitable[None]]


def _described(consent: Consent, decision: Decision) -> dict[str, object]:
    """What scripts are told: the visitor's state, and what is granted in effect."""
    return {
        "status": consent.status,
        "answered": consent.answered,
        "categories": sorted(decision.grants.categories),
        "services": sorted(decision.grants.services),
        "gpc": decision.gpc_honoured,
        "record": consent.record_id or None,
        "revision": consent.revision or None,
        "time": consent.time or None,
    }
