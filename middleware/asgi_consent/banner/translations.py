"""What we say in one language: its gettext catalogue, dates, lifetimes and lists.

The catalogues are plain .po files, read when their language is first asked for and then kept: no
step between editing a text and seeing it, the same in a wheel and in a checkout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from asgi_consent.banner.words import SESSION_WORDS
from asgi_consent.catalog.services import Lifetime
from asgi_consent.languages import ENGLISH, LANGUAGES, RIGHT_TO_LEFT, in_language

DOMAIN = "asgi_consent"
LOCALES = Path(__file__).parents[1] / "locales"

_Unit = Literal["second", "minute", "hour", "day", "week", "month", "year"]
#: Babel's name of a unit, and what it takes for one
_UNITS: dict[str, tuple[_Unit, int]] = {
    "s": ("second", 1),
    "m": ("minute", 60),
    "h": ("hour", 3600),
    "d": ("day", 24 * 3600),
    "w": ("week", 7 * 24 * 3600),
    "mo": ("month", 30 * 24 * 3600),
    "y": ("year", 365 * 24 * 3600),
}


class Language:
    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.name = LANGUAGES[tag]
        self.direction = "rtl" if tag in RIGHT_TO_LEFT else "ltr"
        self.locale = Locale.parse(tag, sep="-")
        catalogue = NullTranslations() if tag == ENGLISH else _read(tag)
        self._gettext, self.ngettext = catalogue.gettext, catalogue.ngettext

    def say(self, text: str) -> str:
        """A text of ours, or of the operator's, who may have written it in several languages."""
        said = in_language(text, self.tag)
        return self._gettext(said) if said else ""

    def lifetime(self, lifetime: Lifetime) -> str:
        if lifetime.count is None:
            return self.say(SESSION_WORDS)
        unit, seconds = _UNITS[lifetime.unit]
        length = timedelta(seconds=lifetime.count * seconds)
        return format_timedelta(length, unit, threshold=math.inf, locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def country(self, code: str) -> str:
        """Its name, of a code as in ISO 3166; empty for none."""
        return str(self.locale.territories.get(code.upper(), code))

    def listing(self, items: Iterable[str]) -> str:
        return format_list([*items], "standard", locale=self.locale)


@cache
def language_of(tag: str) -> Language:
    return Language(tag)


def catalogue_path(tag: str) -> Path:
    return LOCALES / tag.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"


def _read(tag: str) -> GNUTranslations:
    compiled = BytesIO()
    with catalogue_path(tag).open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)


def speak(environment: Environment) -> None:
    """Let templates say what they say in the `language` they are rendered with."""
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["said"] = _gettext


@pass_context
def _gettext(context: Context, text: str) -> str:
    return _spoken(context).say(text)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _spoken(context).ngettext(one, many, count)


def _spoken(context: Context) -> Language:
    language = context["language"]
    assert isinstance(language, Language)
    return language
