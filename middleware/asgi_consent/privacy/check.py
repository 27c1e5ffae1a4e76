"""What the app puts into cookies, looked at on its way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from asgi_consent.privacy.detector import Detector, Finding

_ENOUGH = 200  # values of one cookie that are looked at where nothing is blocked
_MOST_NAMES = 2000


class PersonalData(StrEnum):
    """What happens to a cookie that holds personal data."""

    OFF = "off"
    REPORT = "report"
    BLOCK = "block"


class PersonalDataCheck:
    """`report` is told what was found, by the name of the cookie; never the value."""

    def __init__(self, mode: PersonalData, report: Callable[[bytes, Finding], None]) -> None:
        self._mode = mode
        self._report = report
        self._looked_at: Counter[bytes] = Counter()
        self.detector = Detector()

    def passes(self, name: bytes, value: bytes) -> bool:
        """Whether a cookie may be set."""
        if self._mode is PersonalData.OFF or not self._is_due(name):
            return True
        found = self.detector.find(
            name.decode("utf-8", "replace"), value.decode("utf-8", "replace")
        )
        for finding in found:
            self._report(name, finding)
        return not found or self._mode is PersonalData.REPORT

    def _is_due(self, name: bytes) -> bool:
        """To report, the first values of a cookie are enough: what it is made of does not change
        with every visitor. To block, each is looked at."""
        if self._mode is PersonalData.BLOCK:
            return True
        if len(self._looked_at) >= _MOST_NAMES and name not in self._looked_at:
            return False
        self._looked_at[name] += 1
        return self._looked_at[name] <= _ENOUGH
