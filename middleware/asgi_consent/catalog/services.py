"""A service: what sets cookies or loads code, who runs it, and what it is recognised by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

NECESSARY = "necessary"

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "mo": timedelta(days=365) / 12,
    "y": timedelta(days=365),
}
_LIFETIME = re.compile(r"([1-9][0-9]{0,4})(s|m|h|d|w|mo|y)")

SESSION = "session"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a cookie is kept, as written in settings: `30m`, `24h`, `13mo`, `2y`, `session`."""

    text: str

    def __post_init__(self) -> None:
        if self.text != SESSION and not _LIFETIME.fullmatch(self.text):
            raise ValueError('a lifetime such as "30m", "24h", "180d", "13mo", "2y" or "session"')

    @classmethod
    def of(cls, duration: timedelta) -> Lifetime:
        """In the largest unit that says it exactly; days, as a year is not always as long."""
        unit = next(unit for unit in ("d", "h", "m", "s") if not duration % _UNITS[unit])
        return cls(f"{duration // _UNITS[unit]}{unit}")

    @property
    def duration(self) -> timedelta | None:
        """None for a session cookie, which ends with the browser."""
        match = _LIFETIME.fullmatch(self.text)
        return int(match[1]) * _UNITS[match[2]] if match else None

    @property
    def count(self) -> int | None:
        """How many of its `unit`; None for a session cookie."""
        match = _LIFETIME.fullmatch(self.text)
        return int(match[1]) if match else None

    @property
    def unit(self) -> str:
        return self.text.lstrip("0123456789")


@dataclass(frozen=True, slots=True)
class CookiePattern:
    """A cookie name, `*` standing for any run of characters, and what is said about it."""

    name: str
    lifetime: Lifetime | None = None
    purpose: str = ""


class Service(NamedTuple):
    """One service. `country` is the vendor's, as in ISO 3166; `consent_api` names what its code is
    told of the visitor's choice by; `sources` are
    marks of rebuild/sources.toml; `in_tail` is true where only hosts and cookie names are known,
    `declared` for those the operator's settings name, `runs_denied` where the operator lets the
    scripts load before they are granted, told by their consent API that they are not."""

    id: str
    name: str
    vendor: str
    category: str
    country: str = ""
    kind: str = ""
    purpose: str = ""
    privacy_url: str = ""
    hosts: tuple[str, ...] = ()
    cookies: tuple[CookiePattern, ...] = ()
    storage: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()
    consent_api: str = ""
    sources: str = ""
    in_tail: bool = False
    runs_denied: bool = False
    declared: bool = False
