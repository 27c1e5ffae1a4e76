"""What is put into cookies: by the app, looked at on its way out; by scripts, on its way back."""

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
    """`report` is told what was found, by the name of the cookie; never the value. So is
    `report_sent` of cookies that browsers send and the app has not set."""

    def __init__(
        self,
        mode: PersonalData,
        report: Callable[[bytes, Finding], None],
        report_sent: Callable[[bytes, Finding], None],
    ) -> None:
        self._mode = mode
        self._report = report
        self._report_sent = report_sent
        self._looked_at: Counter[bytes] = Counter()
        self._sent: Counter[bytes] = Counter()
        self.detector = Detector()

    def passes(self, name: bytes, value: bytes) -> bool:
        """Whether a cookie may be set."""
        if self._mode is PersonalData.OFF:
            return True
        # To block, each is looked at.
        if not _is_due(self._looked_at, name) and self._mode is PersonalData.REPORT:
            return True
        found = self._find(name, value)
        for finding in found:
            self._report(name, finding)
        return not found or self._mode is PersonalData.REPORT

    def sent(self, name: bytes, value: bytes) -> None:
        """A cookie of a request. It is there already: there is nothing left to block."""
        if self._mode is PersonalData.OFF or name in self._looked_at:
            return
        if _is_due(self._sent, name):
            for finding in self._find(name, value):
                self._report_sent(name, finding)

    def _find(self, name: bytes, value: bytes) -> list[Finding]:
        return self.detector.find(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))


def _is_due(looked_at: Counter[bytes], name: bytes) -> bool:
    """The first values of a cookie are enough: what it is made of does not change with every
    visitor."""
    if len(looked_at) >= _MOST_NAMES and name not in looked_at:
        return False
    looked_at[name] += 1
    return looked_at[name] <= _ENOUGH
