"""The headers of a response that make a browser load, report or tell something: what of each may
pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from asgi_consent.catalog.services import NECESSARY
from asgi_consent.decision import Decision, Page
from asgi_consent.findings import Findings
from asgi_consent.http import reporting
from asgi_consent.http.ad_headers import AD_HEADERS
from asgi_consent.http.client_hints import kept_hints
from asgi_consent.http.headers import get_all
from asgi_consent.http.links import filter_links
from asgi_consent.http.refresh import refresh_url
from asgi_consent.http.structured import filter_dictionary, filter_list
from asgi_consent.types import Headers


class Gates:
    """Lets headers pass that make a browser load, report or tell something, or holds them back.
    `headers` are all of the response; `personal` tells that some pass for this visitor only."""

    def __init__(
        self, decision: Decision, page: Page, findings: Findings, headers: Headers
    ) -> None:
        self._decision = decision
        self._page = page
        self._findings = findings
        self._headers = headers
        self.personal = False

    def __call__(self, name: bytes, value: bytes) -> bytes | None:
        """What may pass of a header in `GATES`."""
        shown = name.decode("ascii")
        try:
            return GATES[name](self, shown, value)
        except ValueError:
            self._findings.withheld(shown, "it cannot be read")
            return None

    def leading(self, name: str) -> Callable[..., bool]:
        """Tells of each URL whether the header may lead to it, and whether to see it only."""

        def allowed(url: str, passive: bool = False) -> bool:
            verdict = self._decision.url(url, self._page, passive=passive)
            self._findings.header(name, verdict, url)
            if verdict.allowed and verdict.category not in (None, NECESSARY):
                self.personal = True
            return verdict.allowed

        return allowed

    def refresh(self, name: str, value: bytes) -> bytes | None:
        return value if self._may_refresh else None

    def speculation_rules(self, name: str, value: bytes) -> bytes | None:
        why = "what its rules load cannot be seen, so it waits for every category"
        if not self._granted(name, self._decision.grants_everything, why):
            return None
        return filter_list(value, self.leading(name))

    def client_hints(self, name: str, value: bytes) -> bytes | None:
        kept = kept_hints(value)
        why = "it asks for what tells devices apart, so it waits for every category"
        if kept == value or self._granted(name, self._decision.grants_everything, why):
            return value
        # An empty list rather than none, or browsers go on telling what an earlier list asked for.
        return kept

    def nel(self, name: str, value: bytes) -> bytes | None:
        if reporting.may_log_errors(value, self._report_groups):
            return value
        self._findings.withheld(name, "its report_to names no group of a Report-To that is sent")
        return None

    def advertising(self, name: str, value: bytes) -> bytes | None:
        why = "it is for advertising, so it waits for every category with gpc = true"
        return value if self._granted(name, self._decision.grants_advertising, why) else None

    @cached_property
    def _may_refresh(self) -> bool:
        """Whether every reading of the Refresh headers is allowed: browsers take several as one."""
        values = get_all(self._headers, b"refresh")
        urls = {refresh_url(text.decode("latin-1")) for text in (*values, b", ".join(values))}
        return all(map(self.leading("refresh"), filter(None, urls)))

    @cached_property
    def _report_groups(self) -> frozenset[str]:
        values = get_all(self._headers, b"report-to")
        return reporting.group_names(values, self.leading("report-to"))

    def _granted(self, name: str, granted: bool, why: str) -> bool:
        if not granted:
            self._findings.withheld(name, why)
        elif self._decision.policy.optional:
            self.personal = True
        return granted


#: gives what may pass of a header, by its name and its value
_Gate = Callable[[Gates, str, bytes], bytes | None]


def _by_url(filtered: Callable[[bytes, Callable[..., bool]], bytes | None]) -> _Gate:
    """Lets pass what leads to allowed URLs."""
    return lambda gates, name, value: filtered(value, gates.leading(name))


#: every header that is held back until it is granted, but for cookies
GATES: Mapping[bytes, _Gate] = {
    b"link": _by_url(filter_links),
    b"refresh": Gates.refresh,
    b"speculation-rules": Gates.speculation_rules,
    b"accept-ch": Gates.client_hints,
    b"critical-ch": Gates.client_hints,
    b"reporting-endpoints": _by_url(filter_dictionary),
    b"report-to": _by_url(reporting.filter_groups),
    b"nel": Gates.nel,
    b"content-security-policy": _by_url(reporting.filter_report_uri),
    b"content-security-policy-report-only": _by_url(reporting.filter_report_uri),
    **dict.fromkeys(AD_HEADERS, Gates.advertising),
}
