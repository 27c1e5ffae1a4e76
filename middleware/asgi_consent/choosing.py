"""`POST choice`, the short line: check origin → read the choice → new consent → ledger → sign →
Set-Cookie → 303, or JSON for scripts.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from asgi_consent.consent import Choice, Consent, make_choice, new_id
from asgi_consent.decision import Decision, decide
from asgi_consent.errors import TokenTooLongError
from asgi_consent.exchange import Exchange, Fields, Refusal
from asgi_consent.http.request import Request, local_address
from asgi_consent.languages import N_
from asgi_consent.ledger.records import Event
from asgi_consent.limits import Limiter, whence
from asgi_consent.ours import OURS
from asgi_consent.pages import Pages
from asgi_consent.policy import Delivery, Policy
from asgi_consent.recording import Recorder, denied, is_less
from asgi_consent.removals import removals
from asgi_consent.settings import Settings
from asgi_consent.signing import ConsentSigner
from asgi_consent.types import Header, Headers
from asgi_consent.update import Update
from asgi_consent.visitor import VisitorCookies

_UNRECORDED = (
    "Your choice could not be recorded just now, so it does not count: only what is necessary is "
    "used. Please choose again in a moment."
)


FROZEN = (
    "You had your record frozen, so nothing is added to it. Lift the restriction on the page of "
    "your rights, and choose again."
)


def check_origin(request: Request) -> None:
    """Raises Refusal for what was not sent by a page of this site."""
    if not request.is_same_origin:
        raise Refusal(
            403,
            N_("Not from this site"),
            N_("A choice only counts when it is made on this site, by you."),
        )


class Choosing:
    def __init__(
        self,
        settings: Settings,
        visitor: VisitorCookies,
        signer: ConsentSigner,
        recorder: Recorder,
        pages: Pages,
    ) -> None:
        self._settings = settings
        self._policy: Policy = settings.policy
        self._visitor = visitor
        self._signer = signer
        self._recorder = recorder
        self._pages = pages
        self._again = Limiter(60, 60)
        # Many visitors may share an address, and all of them do where a proxy does not say whose.
        self._first = Limiter(1000, 10)

    async def choose(self, exchange: Exchange) -> None:
        check_origin(exchange.request)
        fields = await exchange.fields()
        kind = fields.first("choice")
        consent = exchange.decision.consent
        self._limit(exchange)
        if consent.restricted:
            raise Refusal(409, "Frozen", FROZEN)
        if self._policy.closed:
            raise Refusal(410, "Closed", "This site has stopped collecting, and takes no choices.")
        if kind == "once":
            await self._once(exchange, fields)
        elif kind == "noticed" and exchange.decision.update:
            await self._noticed(exchange, fields, exchange.decision.update)
        else:
            choice = self._read_choice(kind, fields, exchange.decision)
            # An objection holds until the visitor takes it back by a yes to the same.
            objected = consent.objected and not self._shares(choice)
            await self.carry_out(exchange, fields, choice, objected=objected)

    def _limit(self, exchange: Exchange) -> None:
        subject = exchange.decision.consent.subject_id
        if subject:
            self._again.check(subject)
        else:
            self._first.check(whence(exchange.request.scope.get("client")))

    async def carry_out(
        self,
        exchange: Exchange,
        fields: Fields,
        choice: Choice,
        event: Event | None = None,
        **flags: bool,
    ) -> None:
        """Record a choice, have it take effect, and answer. `flags` are those of `Consent`."""
        request, before = exchange.request, exchange.decision.consent
        after = self._made(exchange, choice, **flags)
        header = self._signed(request, after)
        recorded = await self._recorder.record(request, exchange.decision, after, fields, event)
        if recorded or is_less(before, after):
            await self._answer(exchange, fields, after, header)
        else:
            await self._not_recorded(exchange, fields, denied(after))

    def _made(self, exchange: Exchange, choice: Choice, **flags: bool) -> Consent:
        decision = exchange.decision
        after = make_choice(
            decision.consent,
            choice,
            revision=self._policy.revision.number,
            time=self._signer.now(),
            gpc=decision.signals.objects,
            **flags,
        )
        return after

    def _signed(self, request: Request, after: Consent) -> Header:
        """The cookie, made before the ledger is asked: one that does not fit is no decision."""
        try:
            return self._visitor.set_consent(request, after)
        except TokenTooLongError:
            raise Refusal(
                400, N_("Too many"), N_("So many single services fit no cookie: choose categories.")
            ) from None

    async def _answer(
        self, exchange: Exchange, fields: Fields, after: Consent, header: Header
    ) -> None:
        request = exchange.request
        address = self.return_address(request, fields)
        removed, decision = self._effect(exchange, after, address, header)
        headers = [header, *removed]
        reminds = self._visitor.reminds(request)
        if reminder := fields.all("reminder"):
            reminds = reminder[-1] == "on"
            headers += self._visitor.set_reminder(request, reminds)
        if self._settings.delivery is Delivery.SHARED:
            headers += self._visitor.set_variant(request, decision, reminds=reminds)
        if exchange.wants_json:
            names = {value.partition(b"=")[0].decode("latin-1") for _, value in removed}
            state = described(decision) | {"removed": sorted(names)}
            await exchange.answer_json(200, state, headers)
        else:
            await self._return(exchange, address, headers)

    async def _not_recorded(self, exchange: Exchange, fields: Fields, after: Consent) -> None:
        address = self.return_address(exchange.request, fields)
        header = self._signed(exchange.request, after)
        removed, _ = self._effect(exchange, after, address, header)
        await self._pages.refuse(exchange, _unrecorded([header, *removed]))

    def _effect(
        self, exchange: Exchange, after: Consent, address: str, header: Header
    ) -> tuple[Headers, Decision]:
        """Set-Cookie headers that remove what `after` does not grant, and what is decided then."""
        before = exchange.decision
        decision = decide(self._policy, after, before.signals, before.rule)
        return self._removals_for(exchange.request, decision, address, [header]), decision

    def return_address(self, request: Request, fields: Fields) -> str:
        """Only a path of this site is ever redirected to."""
        wanted = fields.first("return") or request.referring_address()
        return local_address(wanted, request.root + "/")

    async def _return(self, exchange: Exchange, address: str, headers: Headers) -> None:
        """Back to the page; the first time by an address that sees whether cookies are kept."""
        request = exchange.request
        if not exchange.decision.consent.subject_id:
            query = f"return={quote(address)}&lang={self._pages.language(exchange)}"
            address = f"{request.root}{self._settings.prefix}/kept?{query}"
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
            return _with_service(decision, self._switchable(fields.first("service")))
        if kind in ("keep", "accept-new") and decision.update:
            return self._updated(decision, with_new=kind == "accept-new")
        raise Refusal(400, N_("Not understood"), "It must be accept, reject, save or allow.")

    def _updated(self, decision: Decision, *, with_new: bool) -> Choice:
        """What is left of an earlier choice, with or without what is new."""
        policy, before = self._policy, decision.consent
        categories, services = before.categories, before.services
        if with_new:
            categories |= decision.delta.categories | decision.delta.whole
            services |= decision.delta.services
        return Choice(
            policy.categories_of(categories),
            frozenset(
                id_
                for id_ in policy.services_among(services)
                if policy.services[id_].category not in categories
            ),
        )

    def _saved(self, fields: Fields) -> Choice:
        policy = self._policy
        categories, services = fields.all("category"), fields.all("service")
        if fields.from_script:  # a form may be of a page from before the settings changed
            known = {category.id for category in policy.categories} | policy.services.keys()
            for name in (*categories, *services):
                if name not in known:
                    message = f"There is no category or service {name!r}."
                    raise Refusal(400, N_("Not understood"), message)
        granted = policy.categories_of(categories)
        # A category stands for all in it: its services are not kept beyond it.
        single = (
            id_
            for id_ in policy.services_among(services)
            if policy.services[id_].category not in granted
        )
        return Choice(granted, frozenset(single))

    async def _noticed(self, exchange: Exchange, fields: Fields, update: Update) -> None:
        """A change of the policy was read, which is no consent: what was chosen, and until when,
        stays as it is. What is upcoming is not agreed to before it takes effect."""
        before = exchange.decision.consent
        upcoming = update is self._policy.upcoming
        after = replace(
            before,
            record_id=new_id(),
            revision=before.revision if upcoming else update.number,
            noticed=update.number,
        )
        header = self._signed(exchange.request, after)
        await self._recorder.record(
            exchange.request, exchange.decision, after, fields, Event.NOTICED
        )
        await self._answer(exchange, fields, after, header)

    def _shares(self, choice: Choice) -> bool:
        """Whether a choice grants anything of what an objection switches off."""
        services, shared = self._policy.services, self._policy.shared
        return bool(choice.categories & shared) or any(
            services[id_].category in shared for id_ in choice.services
        )

    async def _once(self, exchange: Exchange, fields: Fields) -> None:
        """Allowed for one page: recorded as any other yes, and kept in a cookie of its own."""
        request = exchange.request
        service = self._switchable(fields.first("service"))
        after = self._made(exchange, _with_service(exchange.decision, service))
        self._signed(request, after)
        if not await self._recorder.record(
            request, exchange.decision, after, fields, Event.ALLOWED_ONCE
        ):
            raise _unrecorded([])
        header = self._visitor.set_once(request, service)
        if exchange.wants_json:
            await exchange.answer_json(200, {"once": service}, [header])
        else:
            await self._return(exchange, self.return_address(request, fields), [header])

    def _switchable(self, service: str) -> str:
        if not self._policy.services_among([service]):
            raise Refusal(400, N_("Not understood"), "There is no such service to allow.")
        return service

    def removals(self, request: Request, address: str, headers: Headers) -> Headers:
        """The same for somebody who is forgotten: of everything that is not necessary."""
        return self._removals_for(request, Decision(self._policy), address, headers)

    def _removals_for(
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


def _unrecorded(headers: Headers) -> Refusal:
    retry: Header = (b"retry-after", b"10")
    return Refusal(503, "Not recorded", _UNRECORDED, [retry, *headers])


def _with_service(decision: Decision, service: str) -> Choice:
    before, grants = decision.consent, decision.grants
    # What a signal has switched off since is not switched on again by the way.
    return Choice(
        before.categories & grants.categories,
        (before.services & grants.services) | {service},
        before.answered,
    )


def described(decision: Decision) -> dict[str, object]:
    """What scripts are told: the visitor's state, and what is granted in effect."""
    consent = decision.consent
    return {
        "status": consent.status,
        "answered": consent.answered,
        "categories": sorted(decision.grants.categories),
        "services": sorted(decision.grants.services),
        "gpc": decision.gpc_honoured,
        "subject": consent.subject_id or None,
        "record": consent.record_id or None,
        "revision": consent.revision or None,
        "time": consent.time or None,
    }
