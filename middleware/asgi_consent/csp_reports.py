"""What browsers report of the boundary: hosts that pages tried to reach and nobody declared.

Anybody can send a report, so one tells nothing but a host name, the same bounds hold as for
whatever visitors send, and what comes too fast is not even read.
https://w3c.github.io/webappsec-csp/#deprecated-serialize-violation
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.findings import Findings
from asgi_consent.policy import Policy

_BURST = 40  # reports at once
_PER_SECOND = 2.0  # and from then on, of all visitors together
_MOST_IN_ONE = 50
_is_directive = re.compile(r"[a-z-]{1,40}").fullmatch


class CspReports:
    def __init__(
        self, policy: Policy, findings: Findings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._findings = findings
        self._clock = clock
        self._left = float(_BURST)
        self._filled = clock()

    def may_come(self) -> bool:
        """Whether there is room for one more: a token bucket."""
        now = self._clock()
        self._left = min(_BURST, self._left + (now - self._filled) * _PER_SECOND)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def take(self, body: bytes, page_host: str) -> None:
        """Tell the operator of each undeclared host in it. Raises ValueError if it is no report."""
        for url, directive in _violations(json.loads(body)):
            target = resolve(url, Base(host=page_host))
            if target is None or not target.host or not _is_directive(directive):
                continue
            own, services = self._policy.look_up(target, page_host)
            if not own and not services:
                self._findings.reported(target.host, directive)


def _violations(value: Any) -> Iterator[tuple[str, str]]:
    """(blocked URL, directive), in the words of `report-uri` or of the Reporting API."""
    if isinstance(value, dict):
        value = [{"type": "csp-violation", "body": value.get("csp-report")}]
    if not isinstance(value, list):
        raise ValueError("no report")
    for report in value[:_MOST_IN_ONE]:
        body = report.get("body") if isinstance(report, dict) else None
        if not isinstance(body, dict) or report.get("type") != "csp-violation":
            continue
        url = body.get("blocked-uri", body.get("blockedURL"))
        directive = body.get("effective-directive") or body.get("violated-directive")
        directive = directive or body.get("effectiveDirective")
        if isinstance(url, str) and "://" in url and isinstance(directive, str):
            yield url, directive.partition(" ")[0]
