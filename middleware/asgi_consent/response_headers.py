"""The headers of one response: without what is not granted, and with what a page of ours needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from asgi_consent import variants
from asgi_consent.banner.render import Banner
from asgi_consent.boundary import Boundary
from asgi_consent.decision import Decision, Page
from asgi_consent.findings import Findings
from asgi_consent.header_gates import GATES, Gates
from asgi_consent.html.memo import Memos
from asgi_consent.http import caching
from asgi_consent.http.cookies import default_path, parse_set_cookie, remove_cookie
from asgi_consent.http.csp import CSP, nonce_of
from asgi_consent.http.headers import (
    LARGEST_HEAD,
    breaks_out,
    get_header,
    size_of,
    without,
)
from asgi_consent.http.known_scopes import KnownScopes, is_worth_knowing
from asgi_consent.http.request import Request
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


_FOR_REMOVALS = 800  # bytes that a policy leaves for the removal of cookies


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
