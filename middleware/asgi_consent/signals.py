"""What the visitor's browser says on its own: Global Privacy Control.

https://w3c.github.io/gpc/#the-sec-gpc-header-field-for-http-requests
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asgi_consent.types import Header


@dataclass(frozen=True, slots=True)
class Signals:
    """`gpc`: the browser asks not to have data sold or shared. No signal is ever a grant."""

    gpc: bool = False


NO_SIGNALS = Signals()


def read_signals(headers: Iterable[Header]) -> Signals:
    return Signals(gpc=any(name.lower() == b"sec-gpc" and value == b"1" for name, value in headers))
