"""Forgetting what was kept long enough, once a day while the app runs."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from asgi_consent.errors import LedgerError

_DAY = 24 * 3600.0  # seconds
_FIRST = 600.0

_log = logging.getLogger("asgi_consent")


class Purger:
    """Calls `purge` now and then in a thread of its own, which ends with `stop`. Each process has
    one: the second that comes finds nothing left to do."""

    def __init__(self, purge: Callable[[], int], first: float = _FIRST) -> None:
        self._purge = purge
        self._first = first
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="consent purge", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        # Not all processes at once, and none in the busy time after a start.
        wait = self._first * (1 + random.random())
        while not self._stopping.wait(wait):
            wait = _DAY
            try:
                if done := self._purge():
                    _log.info("asgi-consent: purged %d records that were kept long enough", done)
            except LedgerError as error:
                _log.warning("asgi-consent: nothing was purged today: %s", error)
