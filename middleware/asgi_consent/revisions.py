"""Comparing two revisions of a policy: what changed, how much it matters, what to ask for again.

What counts as major: a new purpose, category, vendor, recipient or country; another controller,
contact or place; data kept longer; a rule that asks for less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from asgi_consent.banner.translations import language_of
from asgi_consent.banner.words import purpose_of
from asgi_consent.catalog.services import CookiePattern, Service
from asgi_consent.languages import ENGLISH
from asgi_consent.policy import Category, Policy, Rule, UnknownHosts
from asgi_consent.settings import Settings
from asgi_consent.update import Change, Severity, Update

MAJOR, MINOR = Severity.MAJOR, Severity.MINOR


def update_of(old: Settings, new: Settings) -> Update:
    """What leads from `old` to `new`, for visitors who chose under `old`."""
    before, now = old.policy, new.policy
    changes = tuple(changes_of(old, new))
    touched = {
        service.id: service.category
        for service in now.services.values()
        if service.category in now.optional and _is_touched(before, service)
    }
    unchanged = {
        category: frozenset(
            service.id
            for service in now.declared
            if service.category == category and service.id not in touched
        )
        for category in now.optional
    }
    return Update(
        number=now.revision.number,
        changes=changes,
        # An operator may find something more important than it looks, never less.
        severity=max(severity_of(changes) or MINOR, now.revision.severity, key=_weight),
        new=now.optional - before.optional,
        changed=frozenset(
            category.id
            for category in now.categories
            if category.id in before.optional and _differs(category, _in(before, category))
        ),
        services=touched,
        unchanged=unchanged,
        everything=_responsible(old) != _responsible(new),
    )


def in_force(settings: Settings, today: date) -> Settings:
    """The settings that bind today: those of the file, or, before they take effect, the newest of
    the earlier ones, which then announce them."""
    declared = settings.policy.revision
    earlier = [s for s in settings.history if s.policy.revision.number < declared.number]
    if declared.effective is None or declared.effective <= today or not earlier:
        return _with_updates(settings)
    binding = max(earlier, key=lambda s: s.policy.revision.number)
    others = tuple(s for s in settings.history if s is not binding)
    # Where things are, and how they look, is not a matter of revisions.
    binding = replace(
        binding,
        history=others,
        mode=settings.mode,
        prefix=settings.prefix,
        theme=settings.theme,
        ledger=settings.ledger,
        policy=replace(binding.policy, closed=settings.policy.closed),
    )
    found = _with_updates(binding)
    policy = replace(found.policy, upcoming=update_of(binding, settings))
    return replace(found, policy=policy, announced=declared)


def starts_later(settings: Settings, today: date) -> float:
    """When the settings of the file take effect (UTC, in seconds since the epoch); never, if they
    do already."""
    effective = settings.policy.revision.effective
    if effective is None or effective <= today or not settings.history:
        return math.inf
    return datetime.combine(effective, datetime.min.time(), UTC).timestamp()


def _with_updates(settings: Settings) -> Settings:
    updates = {
        old.policy.revision.number: update_of(old, settings)
        for old in settings.history
        if old.policy.revision.number != settings.policy.revision.number
    }
    policy = replace(settings.policy, updates=updates)
    return replace(settings, policy=policy, announced=policy.revision)


# ---- the differences, as visitors are told


def changes_of(old: Settings, new: Settings) -> Iterator[Change]:
    yield from _responsibility(old, new)
    yield from _categories(old.policy, new.policy)
    yield from _services(old.policy, new.policy)
    yield from _rules(old, new)


def _responsibility(old: Settings, new: Settings) -> Iterator[Change]:
    for kind in ("name", "country", "contact"):
        before, after = getattr(old.controller, kind), getattr(new.controller, kind)
        if before != after:
            yield Change(f"controller-{kind}", MAJOR, "", before, after)


def _categories(old: Policy, new: Policy) -> Iterator[Change]:
    known = {category.id: category for category in old.categories}
    for category in new.categories:
        before = known.pop(category.id, None)
        if before is None:
            yield Change("category-added", MAJOR, category.label, "", category.description)
            continue
        if before.label != category.label:
            yield Change("category-renamed", MAJOR, category.label, before.label, category.label)
        if before.description != category.description:
            yield Change(
                "category-purpose", MAJOR, category.label, before.description, category.description
            )
        if before.gpc and not category.gpc:
            yield Change("category-signal", MAJOR, category.label)
    for gone in known.values():
        yield Change("category-removed", MINOR, gone.label)


def _services(old: Policy, new: Policy) -> Iterator[Change]:
    known = {service.id: service for service in old.declared}
    for service in new.declared:
        before = known.pop(service.id, None)
        if before is None:
            severity = MAJOR if service.category in new.optional or service.hosts else MINOR
            yield Change("service-added", severity, service.name, "", _about(service, new))
        else:
            yield from _service(before, service, old, new)
    for gone in known.values():
        yield Change("service-removed", MINOR, gone.name)


def _service(old: Service, new: Service, before: Policy, now: Policy) -> Iterator[Change]:
    if old.category != new.category:
        yield Change(
            "service-moved",
            MAJOR,
            new.name,
            _label(old.category, before),
            _label(new.category, now),
        )
    for kind, was, is_ in (
        ("service-vendor", old.vendor, new.vendor),
        ("service-country", old.country, new.country),
        ("service-purpose", purpose_of(old), purpose_of(new)),
    ):
        if was != is_:
            yield Change(kind, MAJOR, new.name, was, is_)
    if added := [host for host in new.hosts if host not in old.hosts]:
        yield Change("service-hosts", MAJOR, new.name, "", ", ".join(added))
    yield from _cookies(old, new)
    if added := [key for key in new.storage if key not in old.storage]:
        yield Change("service-storage", MINOR, new.name, "", ", ".join(added))


def _cookies(old: Service, new: Service) -> Iterator[Change]:
    known = {cookie.name: cookie for cookie in old.cookies}
    for cookie in new.cookies:
        before = known.get(cookie.name)
        if before is None:
            yield Change("cookie-added", MINOR, new.name, "", cookie.name)
        elif before.lifetime != cookie.lifetime:
            severity = MAJOR if _seconds(cookie) > _seconds(before) else MINOR
            yield Change(
                "cookie-lifetime",
                severity,
                f"{new.name}, {cookie.name}",
                _words(before),
                _words(cookie),
            )


def _rules(old: Settings, new: Settings) -> Iterator[Change]:
    order = list(Rule)
    before, now = old.policy, new.policy
    if before.region.rule is not now.region.rule or before.region.rules != now.region.rules:
        looser = order.index(now.region.rule) > order.index(before.region.rule) or any(
            order.index(rule) > order.index(before.region.rule_for(region))
            for region, rule in now.region.rules.items()
        )
        yield Change("rule", MAJOR if looser else MINOR, "", before.region.rule, now.region.rule)
    hosts = list(UnknownHosts)
    if hosts.index(now.unknown_hosts) > hosts.index(before.unknown_hosts):
        yield Change("unknown-hosts", MAJOR)
    if old.lifetime != new.lifetime:
        severity = MAJOR if new.lifetime > old.lifetime else MINOR
        yield Change(
            "choice-lifetime", severity, "", _days(old.lifetime.days), _days(new.lifetime.days)
        )
    was, is_ = old.ledger, new.ledger
    if was.location != is_.location:
        yield Change("records-place", MAJOR, "", was.location, is_.location)
    if was.retention != is_.retention:
        severity = MAJOR if is_.retention > was.retention else MINOR
        days = _days(was.retention.days), _days(is_.retention.days)
        yield Change("records-lifetime", severity, "", *days)
    if added := [name for name in is_.keep if name not in was.keep]:
        yield Change("records-data", MAJOR, "", "", ", ".join(added))


# ---- what a change touches


def _is_touched(before: Policy, service: Service) -> bool:
    """Whether a yes to the old one does not cover the new one."""
    old = before.services.get(service.id)
    if old is None:
        return True
    if not set(service.hosts) <= set(old.hosts) or _kept_longer(old, service):
        return True
    return _nature(old) != _nature(service)


def _nature(service: Service) -> tuple[str, ...]:
    return (service.category, service.vendor, service.country, purpose_of(service))


def _kept_longer(old: Service, new: Service) -> bool:
    known = {cookie.name: cookie for cookie in old.cookies}
    return any(
        cookie.name in known and _seconds(cookie) > _seconds(known[cookie.name])
        for cookie in new.cookies
    )


def _differs(new: Category, old: Category | None) -> bool:
    return old is None or (new.label, new.description) != (old.label, old.description)


def _in(policy: Policy, category: Category) -> Category | None:
    return next((known for known in policy.categories if known.id == category.id), None)


def _responsible(settings: Settings) -> tuple[str, str]:
    return settings.controller.name, settings.controller.country


# ---- in words


def _label(category: str, policy: Policy) -> str:
    return next((known.label for known in policy.categories if known.id == category), category)


def _about(service: Service, policy: Policy) -> str:
    parts = (service.vendor, service.country, _label(service.category, policy), purpose_of(service))
    return "; ".join(part for part in parts if part)


def _seconds(cookie: CookiePattern) -> float:
    duration = cookie.lifetime.duration if cookie.lifetime else None
    return duration.total_seconds() if duration else 0.0


def _words(cookie: CookiePattern) -> str:
    return language_of(ENGLISH).lifetime(cookie.lifetime) if cookie.lifetime else ""


def _days(count: int) -> str:
    return f"{count} days"


def _weight(severity: Severity) -> int:
    return list(Severity).index(severity)


def severity_of(changes: Iterable[Change]) -> Severity | None:
    """Of the gravest of `changes`; None where there is none."""
    return max((change.severity for change in changes), default=None, key=_weight)
