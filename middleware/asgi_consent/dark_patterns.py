"""What would push visitors in an operator's texts and settings, for `asgi-consent check`.

Equal buttons, boxes that are off and a way back are not for settings to take away; words are. They
are found by what is commonly written, which is no proof that nothing is there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from asgi_consent.catalog.builtin import builtin_services
from asgi_consent.catalog.services import NECESSARY
from asgi_consent.errors import Problem
from asgi_consent.languages import every_language
from asgi_consent.policy import Rule
from asgi_consent.region_profiles import regional_rules
from asgi_consent.settings import Settings

_FILE = Path(__file__).with_name("dark_patterns.toml")
_SHORTEST = timedelta(days=30)


class Pattern(NamedTuple):
    why: str
    rule: str
    optional: bool
    words: tuple[str, ...]


@cache
def patterns() -> tuple[Pattern, ...]:
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))["pattern"]
    return tuple(Pattern(**{**one, "words": tuple(one["words"])}) for one in found)


def dark_patterns(settings: Settings) -> Iterator[Problem]:
    """Each with the rule that it breaks."""
    policy = settings.policy
    for category in policy.categories:
        where = f"categories.{category.id}"
        for key, text in (("label", category.label), ("description", category.description)):
            yield from _in_text(f"{where}.{key}", text, optional=not category.necessary)
    for service in policy.declared:
        optional = service.category != NECESSARY
        where = f"services.{service.id}"
        yield from _in_text(f"{where}.purpose", service.purpose, optional=optional)
        for cookie in service.cookies:
            yield from _in_text(f"{where}.cookies", cookie.purpose, optional=optional)
    for line in policy.revision.notice:
        yield from _in_text("policy.notice", line, optional=False)
    yield from _called_necessary(settings)
    yield from _unasked(settings)


def _in_text(key: str, text: str, *, optional: bool) -> Iterator[Problem]:
    for said in every_language(text):
        lower = " ".join(said.lower().split())
        for pattern in patterns():
            word = next((word for word in pattern.words if word in lower), None)
            if word and (optional or not pattern.optional):
                expected = f'expected {pattern.why}, without "{word}" ({pattern.rule})'
                yield Problem(key, f'"{said}"', expected)


def _called_necessary(settings: Settings) -> Iterator[Problem]:
    """What the catalogue knows as optional may be necessary on a site, if it says what for."""
    known = builtin_services()
    for service in settings.policy.declared:
        before = known.get(service.id)
        if before is None or service.category != NECESSARY or before.category == NECESSARY:
            continue
        if not service.purpose or service.purpose == before.purpose:
            yield Problem(
                f"services.{service.id}.category",
                f'"{NECESSARY}"',
                f'expected "{before.category}", or a purpose of your own that says why the site '
                "cannot do without it (EDPB, Cookie Banner Taskforce, 2023, I)",
            )


def _unasked(settings: Settings) -> Iterator[Problem]:
    strict = regional_rules()
    for region, rule in settings.policy.region.rules.items():
        needed = strict.get(region) or strict.get(region.partition("-")[0])
        if needed is Rule.OPT_IN and rule is not Rule.OPT_IN:
            expected = 'expected "opt-in": there silence is no consent (the law is in regions.toml)'
            yield Problem(f"region.rules.{region}", f'"{rule}"', expected)
    if settings.lifetime < _SHORTEST:
        yield Problem(
            "consent.lifetime",
            f"{settings.lifetime.days} days",
            "expected at least 30: who is asked again and again gives in (EDPB Guidelines "
            "03/2022, continuous prompting)",
        )
