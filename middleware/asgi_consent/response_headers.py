"""The headers of one response: without what is not granted, and with what a page of ours needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from asgi_consent import variants
from asgi_consent.banner.render import Banner
from asgi_consent.boundary import Boundary
from asgi_consent.catalog.services import NECESSARY
from asgi_consent.decision import Decision, Page
from asgi_consent.findings import Findings
from asgi_consent.html.memo import Memos
from asgi_consent.http import caching, reporting
from asgi_consent.http.ad_headers import AD_HEADERS
from asgi_consent.http.client_hints import kept_hints
from asgi_consent.http.cookies import default_path, parse_set_cookie, remove_cookie
from asgi_consent.http.csp import CSP, nonce_of
from asgi_consent.http.headers import (
    LARGEST_HEAD,
    breaks_out,
    get_all,
    get_header,
    size_of,
    without,
)
from asgi_consent.http.known_scopes import KnownScopes, is_worth_knowing
from asgi_consent.http.links import filter_links
from asgi_consent.http.refresh import refresh_url
from asgi_consent.http.request import Request
from asgi_consent.http.structured import filter_dictionary, filter_list
from asgi_consent.ours import OURS
from asgi_consent.page_memo import HeadMemo, PageMemo
from asgi_consent.privacy.check import PersonalDataCheck
from asgi_consent.removals import removals
from asgi_consent.types import Headers
from asgi_consent.visitor import VisitorCookies


@dataclass(frozen=True, slots=True)
class Tools:
    """What every response needs, made once for the app. With `observe` nothing is changed."""

    banner: Banner
    boundary: Boundary
    visitor: VisitorCookies
    findings: Findings
    observe: bool
    personal_data: PersonalDataCheck
    shares: bool = False
    html_in: tuple[str, ...] = ()
    memos: Memos = field(default_factory=Memos)
    pages: PageMemo = field(default_factory=PageMemo)
    heads: HeadMemo = field(default_factory=HeadMemo)
    note: bytes = b""  # what every page gets besides its banner

    def may_carry(self, path: str) -> bool:
        """Whether the settings say that there is HTML in what is no page."""
        return any(
            path.startswith(named) if named.endswith("/") else path == named
            for named in self.html_in
        )

    def languages(self, request: Request) -> tuple[str, ...]:
        """Those that a page may be in because the browser asks for them: none where one page is
        kept for all."""
        return () if self.shares else request.languages

    def variant(self, request: Request, decision: Decision) -> bytes:
        """Names in entity tags what this visitor gets."""
        looks = (self.visitor.use(request), *self.languages(request))
        return decision.fingerprint(" ".join(looks)).encode()


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


_FOR_REMOVALS = 800  # bytes that a policy leaves for the removal of cookies

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


def unjudged(headers: Headers) -> Headers:
    """The headers of a response where nothing of it could be judged: none that could set, fetch,
    report or tell something is left, and no cache in between keeps it. A policy of the app's stays,
    and reports to nobody. Calls nothing that may have failed."""
    kept = []
    for name, value in headers:
        lower = name.lower()
        if lower == CSP:
            kept.append((name, _reports.sub(b"", value)))
        elif lower not in GATES and lower not in _UNJUDGED and not breaks_out(name + value):
            kept.append((name, value))
    return [*kept, (b"cache-control", b"no-store")]


_UNJUDGED = frozenset((b"set-cookie", b"cache-control", *caching.STALE))
_reports = re.compile(rb"report-uri[^;,]*+", re.IGNORECASE)


class HeaderFilter:
    """`lingering` are the names of cookies that came with the request and are not granted; `once`
    tells that a service was allowed for this page only."""

    def __init__(
        self,
        tools: Tools,
        request: Request,
        decision: Decision,
        *,
        lingering: Sequence[bytes],
        once: bool,
    ) -> None:
        self._tools = tools
        self._request = request
        self._decision = decision
        self._lingering = lingering
        self._once = once
        self._personal = False  # whether it carries what only this visitor has granted
        self._remembers = False  # whether this response already sets what is known of scopes

    @property
    def is_for_once(self) -> bool:
        """Whether the response has to do something that the next one will not."""
        return self._once or bool(self._lingering)

    def response(self, headers: Headers) -> Headers:
        """The headers of any response, without what is not granted."""
        headers = self.handshake(headers)
        if self._tools.observe:
            return headers
        # What is for one visitor, no cache in between may hand to the next.
        private = self._personal or get_header(headers, b"set-cookie") is not None
        return caching.unshared(headers) if private else headers

    def handshake(self, headers: Headers) -> Headers:
        """The headers of a response that no cache keeps."""
        kept: Headers = []
        letting: KnownScopes = {}
        gates: Gates | None = None
        for name, value in headers:
            lower = name.lower()
            if breaks_out(value) or breaks_out(name):
                self._tools.findings.withheld(ascii(name)[2:-1], "it holds a line break")
            elif lower == b"set-cookie":
                kept += self._set_cookie(name, value, letting)
            elif lower not in GATES:
                kept.append((name, value))
            else:
                gates = gates or self._gates(headers)
                if (passing := gates(lower, value)) is not None:
                    kept.append((name, passing))
        self._personal = gates is not None and gates.personal
        if self._tools.observe:
            return headers
        return kept + self._remembered(letting) if letting else kept

    def page(self, headers: Headers) -> tuple[Headers, bytes]:
        """The same headers as those of a page whose body is rewritten; and what must come first in
        its head, where the policy for it is too long for a header."""
        headers = without(headers, caching.STALE)
        boundary, request, grants = self._tools.boundary, self._request, self._decision.grants
        meta = b""
        if boundary.is_on:
            room = LARGEST_HEAD - size_of(headers) - _FOR_REMOVALS
            if policy := boundary.header(request, grants, room):
                headers.append(policy)
            else:
                meta = boundary.meta(request, grants)
        return self.varied(headers), meta

    def unread(self, headers: Headers) -> Headers:
        """The same headers as those of what can run scripts and is not rewritten: a worker, or a
        document that we do not read. The boundary holds there too."""
        boundary, request = self._tools.boundary, self._request
        if not boundary.is_on:
            return headers
        room = LARGEST_HEAD - size_of(headers) - _FOR_REMOVALS
        headers = [*headers, boundary.short_header(request, self._decision.grants, room)]
        return caching.private(headers) if request.wants_worker else self.varied(headers)

    def varied(self, headers: Headers) -> Headers:
        """The same headers as those of a page, or of a 304 that confirms one."""
        request = self._request
        headers = caching.tag_variant(headers, self._tools.variant(request, self._decision))
        if self._is_for_all_alike(headers):
            return caching.shared(headers, variants.HEADER)
        headers = caching.private(headers)
        if self._tools.shares and request.use == "page":
            reminds = self._tools.visitor.reminds(request)
            headers += self._tools.visitor.set_variant(request, self._decision, reminds=reminds)
        if self._once:
            headers += self._tools.visitor.remove_once(request)
        return headers + removals(
            self._tools.visitor,
            request,
            self._decision,
            {} if self._remembers else self._tools.visitor.scopes(request),
            self._lingering,
            request.full_path,
            headers,
        )

    def _is_for_all_alike(self, headers: Headers) -> bool:
        """Whether everybody in this state of consent may get this very page."""
        request, decision = self._request, self._decision
        return (
            self._tools.shares
            and self._tools.visitor.use(request) == "page"
            and request.method in ("GET", "HEAD")
            and not (self._once or self._personal)
            and request.header(b"authorization") is None
            and not self._tools.visitor.just_chose(decision.consent)
            and caching.is_shareable(headers)
            and not nonce_of(headers)
            and variants.is_claimed(request, decision)
        )

    def link(self, value: bytes) -> bytes | None:
        """A Link header sent ahead of its response."""
        filtered = None if breaks_out(value) else self._gates([])(b"link", value)
        return value if self._tools.observe else filtered

    def _gates(self, headers: Headers) -> Gates:
        page = Page(self._request.host, (self._request.base,))
        return Gates(self._decision, page, self._tools.findings, headers)

    def _set_cookie(self, name: bytes, value: bytes, letting: KnownScopes) -> Headers:
        cookie = parse_set_cookie(value, default_path(self._request.full_path))
        if cookie.name in OURS:
            return []
        verdict = self._decision.cookie(cookie.name.decode("latin-1"))
        if verdict.allowed:
            written = value.partition(b";")[0].partition(b"=")[2].strip(b' \t"')
            if not self._tools.personal_data.passes(cookie.name, written):
                return []
            if is_worth_knowing(cookie):
                letting[cookie.name, cookie.scope] = None
            return [(name, value)]
        if cookie.removes:
            # In our own words: browsers read dates that we don't, and might keep it.
            return remove_cookie(cookie.name, cookie.scope, secure=self._request.secure)
        self._tools.findings.cookie(cookie.name, verdict)
        return []

    def _remembered(self, letting: KnownScopes) -> Headers:
        """Where the cookies that are let through live, for a later withdrawal."""
        known = self._tools.visitor.scopes(self._request)
        if letting.keys() <= known.keys():
            return []
        self._remembers = True
        return self._tools.visitor.set_scopes(self._request, known | letting)
