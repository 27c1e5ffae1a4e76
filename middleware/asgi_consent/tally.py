"""How much is held back, or would be: counts for the log, to judge a rollout by numbers."""

from __future__ import annotations

import logging
from collections import Counter

_EVERY = 1000  # pages between two lines

_log = logging.getLogger("asgi_consent")


class Tally:
    """Since the start, and in one mode. `counts` has pages, changed pages, and what was held back:
    elements, headers, cookies (set by the app), cookies of requests."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self.counts: Counter[str] = Counter()

    def held(self, kind: str, number: int = 1) -> None:
        if number:
            self.counts[kind] += number

    def page(self, elements: int) -> None:
        """A page has ended. Every now and then the log hears how many there were."""
        self.counts["pages"] += 1
        self.counts["changed pages"] += elements > 0
        self.counts["elements"] += elements
        if self.counts["pages"] % _EVERY == 0:
            _log.info("asgi-consent: %s", self)

    def __str__(self) -> str:
        numbers = ", ".join(f"{number:,} {kind}" for kind, number in sorted(self.counts.items()))
        verb = "would hold back" if self._mode == "observe" else "held back"
        return f"mode {self._mode}, {verb} so far: {numbers or 'nothing'}"
