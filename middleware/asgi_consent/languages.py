"""Which languages we speak, which of them somebody asks for, and texts that are said in several.

A page's own language comes first, so that a visitor is not asked in one language about a page in
another; then what the browser asks for; then the operator's first. RFC 4647, section 3.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

ENGLISH = "en"

#: BCP 47 tag → the language's own name: those of the European Union, and some more
LANGUAGES: Mapping[str, str] = {
    "ar": "العربية",
    "bg": "Български",
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "et": "Eesti",
    "fi": "Suomi",
    "fr": "Français",
    "ga": "Gaeilge",
    "he": "עברית",
    "hr": "Hrvatski",
    "hu": "Magyar",
    "is": "Íslenska",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "lt": "Lietuvių",
    "lv": "Latviešu",
    "mt": "Malti",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "pt-BR": "Português (Brasil)",
    "ro": "Română",
    "sk": "Slovenčina",
    "sl": "Slovenščina",
    "sv": "Svenska",
    "tr": "Türkçe",
    "uk": "Українська",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
RIGHT_TO_LEFT = frozenset(("ar", "he"))

# Tags under which ours are asked for as well: macrolanguages, retired tags, and regions that tell
# the script. https://www.iana.org/assignments/language-subtag-registry
_ALIASES = {
    "no": "nb",
    "nn": "nb",
    "iw": "he",
    "zh": "zh-hans",
    "zh-tw": "zh-hant",
    "zh-hk": "zh-hant",
    "zh-mo": "zh-hant",
}
_LONGEST_TAG = 35  # characters: what RFC 5646 section 4.4.1 has everybody take
_LONGEST_HEADER = 1000
_MOST_RANGES = 20

_range = re.compile(
    r"[ \t]*+([A-Za-z0-9-]++)[ \t]*+(?:;[ \t]*+q=([01](?:\.[0-9]{0,3})?)[ \t]*+)?"
).fullmatch


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Marks a text of ours that is translated where it is shown."""
    return text


class Texts(str):
    """A text in several languages, by their tags; as a plain text it is the first of them."""

    __slots__ = ("by_language",)

    by_language: Mapping[str, str]

    def __new__(cls, by_language: Mapping[str, str]) -> Texts:
        texts = super().__new__(cls, next(iter(by_language.values()), ""))
        texts.by_language = by_language
        return texts


def in_language(text: str, tag: str) -> str:
    """`text` in the language with this tag, or in the nearest there is."""
    if not isinstance(text, Texts):
        return text
    found = look_up(tag, tuple(text.by_language))
    return text.by_language[found] if found else str(text)


def every_language(text: str) -> Iterable[str]:
    """The text in each language it has."""
    return text.by_language.values() if isinstance(text, Texts) else (text,)


def look_up(wanted: str, offered: Iterable[str]) -> str:
    """Which of `offered` somebody gets who wants this tag; empty where none fits."""
    return _look_up(wanted, tuple(offered)) if len(wanted) <= _LONGEST_TAG else ""


def choose(wanted: Iterable[str], offered: tuple[str, ...]) -> str:
    """The same for the first of `wanted` that fits; else English if it is offered, else the first
    of `offered`."""
    for tag in wanted:
        if found := look_up(tag, offered):
            return found
    return ENGLISH if offered == tuple(LANGUAGES) else offered[0]


@lru_cache(1024)  # bounded: pages and browsers write what they like
def _look_up(wanted: str, offered: tuple[str, ...]) -> str:
    by_lower = {tag.lower(): tag for tag in offered}
    subtags = wanted.lower().replace("_", "-").split("-")
    for length in range(len(subtags), 0, -1):
        tag = "-".join(subtags[:length])
        for name in (tag, _ALIASES.get(tag, tag)):
            if name in by_lower:
                return by_lower[name]
    primary = _ALIASES.get(subtags[0], subtags[0]).partition("-")[0]
    return next((tag for tag in offered if tag.partition("-")[0] == primary), "")


@lru_cache(256)
def accepted_languages(header: bytes) -> tuple[str, ...]:
    """The tags of an Accept-Language, the most wanted first (RFC 9110, section 12.5.4)."""
    ranges: list[tuple[float, str]] = []
    for member in header[:_LONGEST_HEADER].decode("latin-1").split(",")[:_MOST_RANGES]:
        match = _range(member)
        if match and (weight := float(match[2] or 1)) > 0:
            ranges.append((weight, match[1]))
    return tuple(tag for _, tag in sorted(ranges, key=lambda found: -found[0]))


def content_language(header: bytes) -> str:
    """The language of a document by its Content-Language; empty where it names several.
    https://html.spec.whatwg.org/multipage/dom.html#language"""
    tag = header.strip(b" \t").decode("latin-1")
    return "" if "," in tag else tag
