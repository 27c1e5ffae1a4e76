"""The line a request travels: scope → read consent → decide → filter request → app → responder.

    app = ConsentMiddleware(app, settings="consent.toml", secret_key=…)

One object per app. Nothing of a request is kept in it but pages that many get, as they were sent
(page_memo.py), and what a developer watches (developer/).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from os import PathLike
from typing import Any

import anyio
import anyio.to_thread

from asgi_consent.banner.render import Banner
from asgi_consent.boundary import Boundary
from asgi_consent.catalog.domains import load_suffixes
from asgi_consent.csp_reports import CspReports
from asgi_consent.current import consent_applies
from asgi_consent.decision import Decision, decide
from asgi_consent.developer.panel import Panel, traced
from asgi_consent.developer.trace import Trace
from asgi_consent.endpoints import Endpoints
from asgi_consent.environment import ledger_address, secret_keys
from asgi_consent.errors import Problem, SettingsError
from asgi_consent.faults import note_fault
from asgi_consent.findings import Findings
from asgi_consent.html.gaps import gaps
from asgi_consent.http.caching import untag_condition
from asgi_consent.http.coding import KNOWN
from asgi_consent.http.headers import get_header, without
from asgi_consent.http.request import Request
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from asgi_consent.operating import IsOperator
from asgi_consent.policy import Delivery, Mode
from asgi_consent.privacy.check import PersonalDataCheck
from asgi_consent.request_cookies import RequestCookies
from asgi_consent.responder import Responder
from asgi_consent.response_headers import HeaderFilter, Tools
from asgi_consent.revisions import in_force, starts_later
from asgi_consent.rollout import mode_of
from asgi_consent.settings import Settings, settings_of
from asgi_consent.signals import DNT, SignalReader, do_not_track, read_signals
from asgi_consent.signing import ConsentSigner, check_keys
from asgi_consent.types import App, Headers, Message, Receive, Scope, Send
from asgi_consent.visitor import VisitorCookies


class ConsentMiddleware:
    """Holds back what the visitor has not agreed to, on the server.

    `settings`: path of a consent.toml, what such a file holds, or `Settings`; without it the
    defaults and the built-in catalogue apply. `secret_key`: at least 32 characters, or several
    keys, oldest first, of which the last signs; without it the environment variable
    ASGI_CONSENT_SECRET_KEY, comma-separated. `is_operator` is asked with the scope of a request
    whether it may see the ledger's numbers; so is a token in ASGI_CONSENT_OPERATOR_TOKEN.

    `region`: names the region of a request, as `US` or `US-CA`, where the settings say `from_app`.
    `signals`: further signals that a browser may object by, by the names that visitors are shown.

    Raises SettingsError with every mistake in the settings, SecretKeyError without a good key.
    """

    def __init__(
        self,
        app: App,
        settings: str | PathLike[str] | Mapping[str, Any] | Settings | None = None,
        secret_key: str | Iterable[str] | None = None,
        *,
        region: Callable[[Scope], str] | None = None,
        signals: Mapping[str, SignalReader] | None = None,
        is_operator: IsOperator | None = None,
    ) -> None:
        self.app = app
        self._declared = settings_of(settings)
        if self._declared.policy.region.from_app and region is None:
            raise SettingsError(self._declared.source, [_NO_REGION])
        self._region = region
        self._signals = {
            **({DNT: do_not_track} if self._declared.dnt else {}),
            **(signals or {}),
        }
        self._is_operator = is_operator
        self._panel = Panel()
        # A tenth of a second each, which is the start's and not the first visitor's.
        load_suffixes()
        gaps()
        self._keys = check_keys(secret_keys(secret_key))
        self.ledger = Ledger(ledger_address(self._declared), LedgerKeys(self._keys))
        self._use(datetime.now(UTC).date())

    def _use(self, today: date) -> None:
        """Make everything that requests need, from the settings that bind today."""
        settings = self.settings = in_force(self._declared, today)
        self._policy = settings.policy
        self._next = starts_later(self._declared, today)
        numbers = {self._policy.revision.number, *self._policy.updates}
        signer = ConsentSigner(self._keys, revisions=numbers, lifetime=settings.lifetime)
        self._visitor = VisitorCookies(signer, settings.lifetime)
        banner = Banner(settings)
        boundary = Boundary(settings.policy, settings.prefix)
        findings = {mode: Findings(settings.policy, mode) for mode in Mode}
        told = findings[settings.mode]
        personal_data = PersonalDataCheck(
            settings.personal_data, told.personal_data, told.sent_personal_data
        )
        self.watch_email = personal_data.detector.watch
        self._tools = {
            mode: Tools(
                banner,
                boundary,
                self._visitor,
                findings[mode],
                observe=mode is Mode.OBSERVE,
                personal_data=personal_data,
                shares=settings.delivery is Delivery.SHARED,
                html_in=settings.html_in,
            )
            for mode in Mode
        }
        self._cookies = {
            mode: RequestCookies(self._policy, findings[mode], personal_data) for mode in Mode
        }
        self._endpoints = Endpoints(
            settings,
            banner,
            self._visitor,
            signer,
            CspReports(settings.policy, findings[settings.mode]),
            self.ledger,
            findings[settings.mode],
            self._panel,
            self._is_operator,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, self._with_ledger(scope, receive), send)
            return
        if time.time() >= self._next:
            self._use_what_binds_now()
        request = Request(scope)
        decision, once = self._decided(request)
        scope["consent"] = decision
        if scope["type"] == "http" and self._endpoints.owns(request):
            await self._endpoints.respond(request, decision, receive, send)
            return
        tools, headers, lingering = self._filtered(request, decision)
        scope["headers"] = list(headers)  # the app's own, to do with as it likes
        trace, tools = self._traced(request, decision, tools)
        filtering = HeaderFilter(
            tools, request, decision, lingering=lingering, once=once is not None
        )
        responder = Responder(tools, request, decision, filtering, send)
        with consent_applies(decision):
            await self.app(scope, receive, trace.hearing(responder) if trace else responder)

    # ---- whatever of it fails, nothing is granted and the page is served

    def _use_what_binds_now(self) -> None:
        before = dict(vars(self))
        try:
            self._use(datetime.now(UTC).date())
        except Exception as error:
            note_fault("going over to the new policy", error)
            vars(self).update(before)
            self._next = time.time() + _TRIED_AGAIN

    def _decided(self, request: Request) -> tuple[Decision, str | None]:
        """The decision, and the service that was allowed for this one page."""
        try:
            once = self._visitor.once(request) if request.wants_document else None
            return self._decide(request, once), once
        except Exception as error:
            note_fault("reading the consent of a request", error)
            return Decision(self._policy), None

    def _filtered(
        self, request: Request, decision: Decision
    ) -> tuple[Tools, Headers, Sequence[bytes]]:
        """What applies to this request; the headers the app may see, and the names of cookies that
        must not linger."""
        tools = self._tools[self.settings.mode]
        try:
            mode = mode_of(self.settings, request, decision)
            tools = self._tools[mode]
            return tools, *_filter_request(tools, self._cookies[mode], request, decision)
        except Exception as error:
            note_fault("filtering a request", error)
            if tools.observe:
                return tools, request.headers, []
            return tools, without(request.headers, _UNJUDGED), []

    def _traced(
        self, request: Request, decision: Decision, tools: Tools
    ) -> tuple[Trace | None, Tools]:
        """What a developer on this machine sees of this request, and tools that tell it."""
        if not self._panel.watches(request):
            return None, tools
        try:
            trace = self._panel.trace(
                request, decision, self._name_region(request), observe=tools.observe
            )
            return trace, traced(trace, tools, self.settings.prefix)
        except Exception as error:
            note_fault("tracing a request", error)
            return None, tools

    def _with_ledger(self, scope: Scope, receive: Receive) -> Receive:
        """The ledger opens and closes with the app, where the server tells."""
        if scope["type"] != "lifespan":
            return receive

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.ledger.start(self.settings.ledger.retention)
            elif message["type"] == "lifespan.shutdown":
                await anyio.to_thread.run_sync(self.ledger.close)
            return message

        return receiving

    def _decide(self, request: Request, once: str | None) -> Decision:
        return decide(
            self._policy,
            self._visitor.consent(request),
            read_signals(request.headers, self._signals),
            self._policy.region.rule_for(self._name_region(request)),
            once=[once] if once else [],
            silent=self._visitor.is_silent(request),
        )

    def _name_region(self, request: Request) -> str:
        region = self._policy.region
        if region.from_app and self._region:
            try:
                return self._region(request.scope)
            except Exception:  # then it is unknown, which is the strictest
                _log.exception("the region of a request could not be told")
                return ""
        found = request.header(region.header.encode()) if region.header else None
        return found.decode("latin-1") if found else ""


def _filter_request(
    tools: Tools, cookies: RequestCookies, request: Request, decision: Decision
) -> tuple[Headers, Sequence[bytes]]:
    """The headers the app may see, and the names of cookies that must not linger."""
    headers, lingering = cookies.filtered(request, decision.grants)
    if tools.observe:
        return request.headers, ()
    if not request.may_get_html:
        return headers, lingering
    document = request.wants_document
    if request.is_conditional:
        variant = tools.variant(request, decision)
        headers = untag_condition(headers, variant, document=document)
    if document:
        headers = without(headers, (b"range", b"if-range"))  # a page is rewritten whole
    return _readable_codings(headers), lingering


_log = logging.getLogger("asgi_consent")

_TRIED_AGAIN = 60  # seconds until a policy that could not be gone over to is tried again
#: headers of a request that pass only as they were filtered
_UNJUDGED = (b"cookie", b"accept-encoding", b"range", b"if-range", b"if-none-match")

_NO_REGION = Problem(
    "region.from_app", "true", "needs ConsentMiddleware(…, region=…), which names the region"
)


def _readable_codings(headers: Headers) -> Headers:
    """The headers asking only for codings that can be undone, so that HTML can be read."""
    accepted = get_header(headers, b"accept-encoding")
    if accepted is None or (readable := _readable(accepted)) == accepted:
        return headers
    return [*without(headers, (b"accept-encoding",)), (b"accept-encoding", readable)]


def _readable(accepted: bytes) -> bytes:
    members = [member.strip(b" \t") for member in accepted.split(b",")]
    readable = [member for member in members if member.partition(b";")[0].lower() in KNOWN]
    return b", ".join(readable) or b"identity"
