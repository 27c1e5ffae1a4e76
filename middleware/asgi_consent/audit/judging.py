"""What a contact or a stored thing belongs to, and whether it may be there without consent.

Declared services count, then those of the catalogue; what nobody declared needs consent. The site's
own hosts may be contacted; what is stored on them has to be known as necessary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from asgi_consent.audit.stores import COOKIE, Item
from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.policy import Policy

UNCLASSIFIED = "unclassified"

#: a cookie of the site with one of these in its name, set by both answers, keeps the choice
_CHOICE_WORDS = (
    "consent",
    "cookie",
    "gdpr",
    "ccpa",
    "privacy",
    "choice",
    "optout",
    "opt-out",
    "opt_out",
    "cmp",
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What something belongs to. `service` is "" where nobody knows it."""

    service: str
    vendor: str
    category: str
    declared: bool
    own: bool

    @property
    def necessary(self) -> bool:
        return self.category == NECESSARY


@dataclass
class Judge:
    """`site_host` is the host in the address bar; `choice_names` are what the choice is kept in,
    as known of the consent tool or found out during the run (`*` stands for anything)."""

    policy: Policy
    site_host: str
    choice_names: set[str] = field(default_factory=set[str])

    def url(self, url: str) -> Ruling:
        target = resolve(url, Base())
        if target is None:
            return Ruling("", "", UNCLASSIFIED, declared=False, own=False)
        own, services = self.policy.look_up(target, self.site_host)
        ruling = _ruling(services, own=own)
        if own and not services:
            return replace(ruling, category=NECESSARY)
        return ruling

    def service(self, id_: str) -> Ruling:
        return _ruling([self.policy.services[id_]], own=False)

    def item(self, item: Item) -> Ruling:
        own = self.policy.is_own(item.host, self.site_host)
        if any(fnmatchcase(item.name, pattern) for pattern in self.choice_names):
            return Ruling("the visitor's choice", "", NECESSARY, declared=True, own=own)
        if item.kind == "serviceWorker":  # a script of the site; what it fetches shows as traffic
            return Ruling("service worker", "", NECESSARY, declared=False, own=own)
        matcher = self.policy.matcher
        find = matcher.cookie if item.kind == COOKIE else matcher.storage
        services = find(item.name)
        if not services and not own:
            return replace(self.url(f"https://{item.host}/"), own=False)
        return _ruling(services, own=own)

    def learn_choice(self, refused: Iterable[Item], accepted: Iterable[Item]) -> None:
        """What appears on the site after either answer, under a telling name, keeps the answer."""
        both = {item.name for item in refused} & {item.name for item in accepted}
        own = {item.name for item in refused if self.policy.is_own(item.host, self.site_host)}
        for name in both & own:
            if any(word in name.lower() for word in _CHOICE_WORDS) and self._is_unknown(name):
                self.choice_names.add(name)

    def _is_unknown(self, name: str) -> bool:
        return not self.policy.matcher.cookie(name) and not self.policy.matcher.storage(name)


def _ruling(services: Sequence[Service], *, own: bool) -> Ruling:
    """Any of several services may explain it: a necessary one first, then a declared one."""
    if not services:
        return Ruling("", "", UNCLASSIFIED, declared=False, own=own)
    best = min(services, key=lambda one: (one.category != NECESSARY, not one.declared))
    return Ruling(best.id, best.vendor, best.category, best.declared, own)
