"""What the visitor's browser says on its own: that it objects to tracking, and by which signal.

No signal is ever a grant, and none is ever written down as the visitor's own choice.
https://w3c.github.io/gpc/#the-sec-gpc-header-field-for-http-requests
https://www.w3.org/TR/tracking-dnt/#dnt-header-field
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from asgi_consent.types import Headers

_log = logging.getLogger("asgi_consent")

#: tells from the headers of a request whether the browser objects
SignalReader = Callable[[Headers], bool]

GPC = "Global Privacy Control"
DNT = "Do Not Track"


@dataclass(frozen=True, slots=True)
class Signals:
    """`gpc`: the browser asks not to have data sold or shared. `others` names further signals by
    which it objects."""

    gpc: bool = False
    others: tuple[str, ...] = ()

    @property
    def objects(self) -> bool:
        return self.gpc or bool(self.others)

    @property
    def names(self) -> tuple[str, ...]:
        return (GPC, *self.others) if self.gpc else self.others


NO_SIGNALS = Signals()


def read_signals(headers: Headers, readers: Mapping[str, SignalReader] | None = None) -> Signals:
    """`headers` with names in lower case; `readers` by the name of the signal that each reads."""
    gpc = says_one(b"sec-gpc", headers)
    if not (gpc or readers):
        return NO_SIGNALS
    others = tuple(name for name, reads in (readers or {}).items() if _reads(reads, headers))
    return Signals(gpc, others)


def _reads(reader: SignalReader, headers: Headers) -> bool:
    """A reader that fails stops no page, and counts as a signal."""
    try:
        return bool(reader(headers))
    except Exception:
        _log.exception("a reader of signals failed; its signal counts as given")
        return True


def says_one(name: bytes, headers: Headers) -> bool:
    """Whether one of the headers of that name is exactly `1`."""
    return (name, b"1") in headers


def do_not_track(headers: Headers) -> bool:
    return says_one(b"dnt", headers)
