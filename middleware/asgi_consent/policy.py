"""What the operator declares: categories, services, hosts of the site's own, the policy revision.

Built once at start. Answers, without knowing the visitor, what a URL, cookie or piece of code is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache

from asgi_consent.catalog.domains import is_same_site, is_within
from asgi_consent.catalog.matcher import Matcher
from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.catalog.tail import NO_TAIL, LongTail
from asgi_consent.catalog.urls import Target
from asgi_consent.languages import N_
from asgi_consent.update import Severity, Update


class Mode(StrEnum):
    ENFORCE = "enforce"
    OBSERVE = "observe"


class Delivery(StrEnum):
    """Whether shared caches may keep pages of ours."""

    VISITOR = "visitor"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Rollout:
    """What tells in front of us that a visitor belongs to those for whom observe becomes enforce:
    the names of a header, in lower case, and of a cookie; empty where there is none."""

    header: str = ""
    cookie: str = ""


class UnknownHosts(StrEnum):
    """What happens to undeclared hosts of other registrable domains."""

    GATE = "gate"
    GATE_ACTIVE = "gate-active"
    ALLOW = "allow"


class CspMode(StrEnum):
    """What the Content-Security-Policy derived from consent does."""

    ENFORCE = "enforce"
    REPORT_ONLY = "report-only"
    OFF = "off"


class Activation(StrEnum):
    """How what a visitor agrees to starts on the page that is open."""

    RELOAD = "reload"
    IN_PLACE = "in-place"


class Rule(StrEnum):
    """What counts before the visitor has chosen. Ordered: the first is the strictest."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"
    NOTICE = "notice"
    OFF = "off"  # everything is granted, and nobody is asked


@dataclass(frozen=True, slots=True)
class Category:
    """What a visitor switches. `necessary` is always on; `gpc` marks what Global Privacy Control
    switches off (selling and sharing of data)."""

    id: str
    label: str
    description: str
    gpc: bool = False

    @property
    def necessary(self) -> bool:
        return self.id == NECESSARY


DEFAULT_CATEGORIES = (
    Category(
        NECESSARY,
        N_("Necessary"),
        N_("Keeps the site working and secure: signing in, forms, this choice. Always on."),
    ),
    Category(
        "preferences",
        N_("Preferences"),
        N_("Remembers settings you make, and shows maps, chats and fonts from other providers."),
    ),
    Category(
        "statistics",
        N_("Statistics"),
        N_("Counts visits and clicks, so that we see which pages help and which don't."),
    ),
    Category(
        "marketing",
        N_("Marketing"),
        N_("Shows videos and ads from other providers, and measures what the ads lead to."),
        gpc=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the policy that visitors agree to. A new `number` asks for what is new since
    the one that a visitor agreed to, or again for all where that one is not in the history. It is
    at least as grave as `severity`; `notice` says what changed in the operator's own words."""

    number: int = 1
    published: date | None = None
    effective: date | None = None
    url: str = ""
    severity: Severity = Severity.MINOR
    notice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentMode:
    """How Google's tags are told. Basic: they load once their category is granted. `advanced`: they
    load at once, told that it is denied, and send pings without cookies, which a data protection
    authority may well take for access to the device. Only the operator can decide that."""

    advanced: bool = False
    ads_data_redaction: bool = True
    url_passthrough: bool = False


_UNKNOWN_REGIONS = frozenset(("XX", "T1", "ZZ", "AP", "EU"))  # how CDNs say they don't know
_region = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?").fullmatch


def is_region(text: str) -> bool:
    """Whether `text` is a country or one of its parts, as ISO 3166 writes them."""
    return _region(text) is not None


@dataclass(frozen=True, slots=True)
class Region:
    """Which rule applies where. The region, `US` or `US-CA`, is in `header`, set by the operator's
    CDN, or the app names it itself (`from_app`)."""

    rule: Rule = Rule.OPT_IN
    header: str = ""
    from_app: bool = False
    rules: Mapping[str, Rule] = field(default_factory=dict[str, Rule])

    def rule_for(self, region: str) -> Rule:
        """The rule for a region as the header or the app names it; an unknown one gets the
        strictest."""
        if not self.header and not self.from_app:
            return self.rule
        region = region.strip().upper().replace("_", "-")
        if not is_region(region) or region in _UNKNOWN_REGIONS:
            return min((self.rule, *self.rules.values()), key=list(Rule).index)
        country = region.partition("-")[0]
        return self.rules.get(region) or self.rules.get(country) or self.rule


@dataclass(frozen=True)
class Policy:
    """`services` are the declared ones and, unless switched off, those of the catalogue. `tail`
    only tells what something undeclared is: it passes where undeclared hosts may and its category
    is granted, nowhere else, as no visitor was ever told of it. `updates` lead here from earlier
    revisions, by their numbers; `upcoming` is announced. `closed`: nothing optional is granted to
    anybody any more."""

    services: Mapping[str, Service]
    tail: LongTail = NO_TAIL
    categories: tuple[Category, ...] = DEFAULT_CATEGORIES
    revision: Revision = Revision()
    region: Region = Region()
    unknown_hosts: UnknownHosts = UnknownHosts.GATE
    own_hosts: tuple[str, ...] = ()
    consent_mode: ConsentMode = ConsentMode()
    gpp: str = ""  # the section that scripts can ask for, such as usnat
    csp: CspMode = CspMode.ENFORCE
    updates: Mapping[int, Update] = field(default_factory=dict[int, Update])
    upcoming: Update | None = None
    closed: bool = False

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self.services.values(), self.tail)

    @cached_property
    def optional(self) -> frozenset[str]:
        """The ids of the categories a visitor can switch."""
        if self.closed:
            return frozenset()
        return frozenset(category.id for category in self.categories if not category.necessary)

    @cached_property
    def shared(self) -> frozenset[str]:
        """The ids of the categories in which data is sold or shared: what Global Privacy Control
        and an objection switch off."""
        return frozenset(category.id for category in self.categories if category.gpc)

    @cached_property
    def declared(self) -> tuple[Service, ...]:
        return tuple(service for service in self.services.values() if service.declared)

    @cached_property
    def has_own_paths(self) -> bool:
        """Whether on the site's own hosts the path decides what something belongs to."""
        return any("/" in host for service in self.declared for host in service.hosts)

    @cached_property
    def version(self) -> str:
        """Changes whenever what is declared does."""
        services = list(self.services.values())
        parts = (
            services,
            self.tail.version,
            self.categories,
            self.unknown_hosts,
            self.own_hosts,
            self.consent_mode,
            self.gpp,
            self.csp,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]

    def is_own(self, host: str, page_host: str) -> bool:
        """Whether `host` is the site's: of the page's registrable domain, or declared as ours."""
        if is_same_site(host, page_host):
            return True
        return any(is_within(host, own) for own in self.own_hosts)

    def look_up(self, target: Target, page_host: str) -> tuple[bool, tuple[Service, ...]]:
        """Whether a URL leads to the site itself, and the services it belongs to. On the site's own
        hosts only declared services count: a vendor's own site is not its own third party."""
        own, services = self._look_up_host(target.host, page_host)
        if services is None:
            services = self.matcher.url(target, own=own)
        if own:
            services = tuple(service for service in services if service.declared)
        return own, services

    @cached_property
    def _look_up_host(self) -> Callable[[str, str], tuple[bool, tuple[Service, ...] | None]]:
        """The same for a host, with None where its services depend on the path. Bounded: pages name
        hosts as they like."""

        @lru_cache(4096)
        def look_up(host: str, page_host: str) -> tuple[bool, tuple[Service, ...] | None]:
            own = self.is_own(host, page_host)
            return own, self.matcher.host(host, own=own)

        return look_up

    def look_up_cookie(self, name: str) -> tuple[Service, ...]:
        services = self.matcher.cookie(name)
        return () if services and services[0].in_tail else services

    def categories_of(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of `ids` that a visitor can switch."""
        return self.optional.intersection(ids)

    def services_among(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of `ids` that are services a visitor can switch."""
        return frozenset(
            id_
            for id_ in ids
            if id_ in self.services and self.services[id_].category in self.optional
        )
