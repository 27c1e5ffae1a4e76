"""The cookies of a request that the app may see.

A browser sends the same Cookie header with every request of a page, so what was worked out for one
is remembered by its bytes and by what is granted: nothing else decides.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from asgi_consent.decision import Decision, Grants
from asgi_consent.findings import Findings
from asgi_consent.http.cookies import cookie_pairs, filter_cookies
from asgi_consent.http.request import Request
from asgi_consent.ours import OURS
from asgi_consent.policy import Policy
from asgi_consent.privacy.check import PersonalDataCheck
from asgi_consent.types import Headers

_REMEMBERED = 1024
_LONGEST = 4096  # bytes; a longer header is worked out each time, so that memory is bounded


class _Filtered(NamedTuple):
    kept: tuple[bytes, ...]  # one header or none
    lingering: tuple[bytes, ...]


class RequestCookies:
    """One for each mode, as each has its findings."""

    def __init__(self, policy: Policy, findings: Findings, data: PersonalDataCheck) -> None:
        self._policy = policy
        self._findings = findings
        self._personal_data = data
        self._remembered = lru_cache(_REMEMBERED)(self._filter)

    def filtered(self, request: Request, grants: Grants) -> tuple[Headers, tuple[bytes, ...]]:
        """The headers with only the allowed cookies, joined into one header; and the names of those
        that must not linger in the browser."""
        values = request.cookie_headers
        if not values:
            return request.headers, ()
        short = sum(map(len, values)) <= _LONGEST
        found = self._remembered(values, grants) if short else self._filter(values, grants)
        self._findings.tally.held("cookies of requests", len(found.lingering))
        if found.kept == values:
            return request.headers, found.lingering
        rest = [header for header in request.headers if header[0] != b"cookie"]
        return [*rest, *((b"cookie", value) for value in found.kept)], found.lingering

    def _filter(self, values: tuple[bytes, ...], grants: Grants) -> _Filtered:
        decision = Decision(self._policy, grants=grants)

        def allowed(name: bytes) -> bool:
            return name not in OURS and decision.cookie(name.decode("latin-1")).allowed

        for name, value in cookie_pairs((b"cookie", value) for value in values):
            if name not in OURS:
                self._personal_data.sent(name, value)
        headers, removed = filter_cookies([(b"cookie", value) for value in values], allowed)
        closed = self._policy.closed
        lingering = tuple(name for name in dict.fromkeys(removed) if closed or name not in OURS)
        for name in lingering:
            self._findings.sent_cookie(name, decision.cookie(name.decode("latin-1")))
        return _Filtered(tuple(value for _, value in headers), lingering)
