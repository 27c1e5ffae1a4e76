"""The pure heart: policy + consent + signals → one Decision, which answers every later question.

The Decision is the only value that travels down the line; the app sees it as `scope["consent"]`.
Whatever is not known to be granted is denied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.catalog.urls import NOWHERE, Base, Target, resolve
from asgi_consent.consent import UNKNOWN, Consent, Status
from asgi_consent.policy import Policy, Rule, UnknownHosts
from asgi_consent.signals import NO_SIGNALS, Signals
from asgi_consent.update import NOTHING_NEW, Delta, Update


@dataclass(frozen=True, slots=True)
class Grants:
    """The categories and single services that may run. `necessary` always may."""

    categories: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()

    def allow(self, service: Service) -> bool:
        category = service.category
        return category == NECESSARY or category in self.categories or service.id in self.services

    def run(self, service: Service) -> bool:
        """Whether its code may be loaded. Its cookies are another question."""
        return service.runs_denied or self.allow(service)

    @property
    def key(self) -> str:
        """The same text for the same grants, for URLs and cache keys: `marketing,statistics`."""
        return ",".join((*sorted(self.categories), *sorted(self.services)))


class Verdict(NamedTuple):
    """Whether something may pass; and what it was taken for, None where it is undeclared."""

    allowed: bool
    service: Service | None = None
    category: str | None = None


_MOST_BASES = 8

_OWN = Verdict(allowed=True, category=NECESSARY)
_UNDECLARED = Verdict(allowed=False)
_UNDECLARED_ALLOWED = Verdict(allowed=True)


@dataclass(slots=True)
class Page:
    """The document being served: its host decides what is the site's own, its bases where relative
    URLs lead. A document that has more than one `<base href>`, or one in a place where it may not
    count, has several bases, and a URL must be allowed by each of them. `language`: as it says."""

    host: str
    bases: tuple[Base, ...]
    has_base: bool = False
    language: str = ""

    def add_base(self, base: Base, *, sure: bool) -> None:
        """`sure`: it counts if it is the first; one in a `noscript` does only without scripts."""
        if sure and not self.has_base:
            self.bases = (base,)
        elif base not in self.bases:
            full = len(self.bases) >= _MOST_BASES
            self.bases = (*self.bases[: _MOST_BASES - 1], Base(host=NOWHERE) if full else base)
        self.has_base = True

    def inner(self) -> Page:
        """A document inside of this one, with bases of its own from here on."""
        return Page(self.host, self.bases, self.has_base, self.language)


@dataclass(frozen=True, slots=True)
class Decision:
    """What this visitor has granted, and every answer that follows from it. `update` is what has
    changed, or will, since the visitor chose, until that was answered or read; `delta` is what of
    it needs an answer."""

    policy: Policy
    consent: Consent = UNKNOWN
    signals: Signals = NO_SIGNALS
    rule: Rule = Rule.OPT_IN
    grants: Grants = field(default_factory=Grants)
    delta: Delta = NOTHING_NEW
    update: Update | None = None

    @property
    def status(self) -> Status:
        return self.consent.status

    @property
    def asks(self) -> bool:
        """Whether the banner is due."""
        consent = self.consent
        due = self.rule is not Rule.OFF and not (consent.decided or consent.restricted)
        return due and bool(self.policy.optional)

    @property
    def gpc_honoured(self) -> bool:
        """Whether Global Privacy Control, or another signal, keeps something switched off right
        now."""
        return self.signals.objects and not any(
            category.gpc and category.id in self.grants.categories
            for category in self.policy.categories
        )

    @property
    def grants_everything(self) -> bool:
        """Whether no category is left to grant."""
        return self.policy.optional <= self.grants.categories

    @property
    def denies_nothing(self) -> bool:
        """Whether there is nothing that could be held back, whatever a page holds."""
        return self.grants_everything and self.policy.unknown_hosts is UnknownHosts.ALLOW

    @property
    def grants_advertising(self) -> bool:
        """Whether all that Global Privacy Control switches off is granted, if there is any."""
        shared = self.policy.shared
        return bool(shared) and shared <= self.grants.categories

    @property
    def meaning(self) -> Hashable:
        """All of it but whose it is and since when: alike for visitors who are treated alike under
        one policy."""
        consent = self.consent
        return (
            *(consent.status, consent.answered, consent.restricted, consent.objected, consent.gpc),
            *(consent.categories, consent.services, consent.revision, consent.noticed),
            *(self.signals, self.rule, self.grants, self.delta, self.update),
        )

    def allows(self, name: str) -> bool:
        """Whether a category or a service, by its id, is granted. An unknown name is not."""
        if name == NECESSARY or name in self.grants.categories:
            return True
        service = self.policy.services.get(name)
        return service is not None and self.grants.allow(service)

    def url(self, url: str, page: Page, *, passive: bool = False) -> Verdict:
        """The verdict on a URL in `page`. `passive` means that it can only be shown: an image, a
        style sheet, a font, media."""
        verdict = _OWN
        if page.has_base and url.lstrip("\t\n\f\r ").startswith("#"):
            url = "?"  # with a base it is no place in this document
        for base in page.bases:
            verdict = self._target(resolve(url, base), page, passive)
            if not verdict.allowed:
                break
        return verdict

    def _target(self, target: Target | None, page: Page, passive: bool) -> Verdict:
        if target is None:
            return _OWN
        own, services = self.policy.look_up(target, page.host)
        in_tail = bool(services) and services[0].in_tail
        if services and not in_tail:
            return _any_of(services, self.grants.run)
        if own:
            return _OWN
        unknown = self.policy.unknown_hosts
        if unknown is UnknownHosts.ALLOW or (unknown is UnknownHosts.GATE_ACTIVE and passive):
            granted = not in_tail or self.grants.allow(services[0])
            return _UNDECLARED_ALLOWED if granted else _UNDECLARED
        return _UNDECLARED

    def cookie(self, name: str) -> Verdict:
        return _any_of(self.policy.look_up_cookie(name), self.grants.allow)

    def storage(self, key: str) -> Verdict:
        return _any_of(self.policy.matcher.storage(key), self.grants.allow)

    def inline(self, code: bytes) -> Verdict:
        """The verdict on a piece of inline code. Code nobody claims is the site's own."""
        services = self.policy.matcher.inline(code)
        for service in services:
            if not self.grants.run(service):
                return Verdict(allowed=False, service=service, category=service.category)
        return _OWN

    def marked(self, names: str) -> Verdict:
        """The verdict on `data-consent="names"`: every name must be granted."""
        for name in names.split():
            service = self.policy.services.get(name)
            if not self.allows(name) and not (service and self.grants.run(service)):
                return Verdict(False, service, service.category if service else name)
        return _OWN if names.split() else _UNDECLARED

    def fingerprint(self, variant: str = "") -> str:
        """Eight hex digits that differ when what this visitor gets differs. `variant` is what of
        the request it depends on as well, such as its use and language."""
        parts = (
            variant,
            self.policy.version,
            self.grants.key,
            self.policy.revision.number,
            self.asks,
            self.rule,
            self.gpc_honoured,
            self.update and (self.update.number, sorted(self.delta.categories)),
            sorted(self.delta.services),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def _any_of(services: tuple[Service, ...], passes: Callable[[Service], bool]) -> Verdict:
    for service in services:
        if passes(service):
            return Verdict(True, service, service.category)
    if services:
        return Verdict(False, services[0], services[0].category)
    return _UNDECLARED


def decide(
    policy: Policy,
    consent: Consent,
    signals: Signals,
    rule: Rule = Rule.OPT_IN,
    once: Iterable[str] = (),
    *,
    silent: bool = True,
) -> Decision:
    """Work out what is granted. `once` are services allowed for this one page. `silent`: the
    visitor has surely not chosen yet; where a choice may only have got lost, nothing is granted by
    default, whatever the rule."""
    if consent.restricted:
        return Decision(policy, consent, signals, rule)
    consent, delta, update = _carried(policy, consent)
    if consent.answered:
        categories = consent.categories & policy.optional
    elif rule is Rule.OPT_IN or not silent:
        categories = frozenset()
    else:
        categories = policy.optional
    services = policy.services_among(consent.services)
    # A choice made while the signal was on is newer than the signal; an older one is not.
    signalled = signals.objects and not (consent.answered and consent.gpc)
    if signalled or consent.objected:
        off = policy.shared
        categories -= off
        if consent.objected or not consent.gpc:
            services = frozenset(s for s in services if policy.services[s].category not in off)
    services |= policy.services_among(once)
    return Decision(policy, consent, signals, rule, Grants(categories, services), delta, update)


def _carried(policy: Policy, consent: Consent) -> tuple[Consent, Delta, Update | None]:
    """What a consent is worth under today's policy, and what to tell or ask the visitor."""
    update = policy.updates.get(consent.revision)
    if update is None or consent.revision == policy.revision.number:
        coming = policy.upcoming if consent.answered else None
        if coming is not None and consent.noticed >= coming.number:
            coming = None
        return consent, NOTHING_NEW, coming
    consent, delta = update.carry(consent)
    if not consent.answered or not (update.changes or delta):
        return consent, NOTHING_NEW, None
    return consent, delta, update
