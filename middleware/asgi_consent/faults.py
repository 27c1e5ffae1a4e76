"""Something of ours failed: said once a minute for each place, and nothing is granted.

Never the message of the error, which may hold what a visitor or a page sent.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from traceback import extract_tb

_QUIET = 60.0  # seconds
_MOST = 200  # places that are remembered

_log = logging.getLogger("asgi_consent")
_told: dict[str, float] = {}
_counted: Counter[str] = Counter()


def count_faults() -> int:
    """How many there were so far: who compares two counts knows whether one came in between."""
    return _counted["all"]


def note_fault(what: str, error: Exception) -> None:
    """`what` failed, in words for the operator."""
    _counted["all"] += 1
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    said = f"{what} failed: {type(error).__name__} at {where}"
    now = time.monotonic()
    if now - _told.get(said, -_QUIET) < _QUIET:
        return
    if len(_told) >= _MOST:
        _told.clear()
    _told[said] = now
    _log.error("asgi-consent: %s; nothing is granted by it", ascii(said)[1:-1])
