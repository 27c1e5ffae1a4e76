"""The headers of one response: without what is not granted, and with what a page of ours needs."""

from __future__ import annotations

from dataclasses import dataclass

from asgi_consent.banner.render import Banner
from asgi_consent.decision import Decision, Page
from asgi_consent.findings import Findings
from asgi_consent.http import caching
from asgi_consent.http.cookies import default_path, parse_set_cookie, remove_cookie
from asgi_consent.http.headers import get_header, without
from asgi_consent.http.known_scopes import KnownScopes, is_worth_knowing
from asgi_consent.http.links import filter_links
from asgi_consent.http.request import Request
from asgi_consent.removals import removals
from asgi_consent.types import Headers
from asgi_consent.visitor import OURS, VisitorCookies


@dataclass(frozen=True, slots=True)
class Tools:
    """What every response needs, made once for the app. With `observe` nothing is changed."""

    banner: Banner
    visitor: VisitorCookies
    findings: Findings
    observe: bool


class HeaderFilter:
    """`lingering` are the names of cookies that came with the request and are not granted; `once`
    tells that a service was allowed for this page only."""

    def __init__(
        self,
        tools: Tools,
        request: Request,
        decision: Decision,
        *,
        lingering: list[bytes],
        once: bool,
    ) -> None:
        self._tools = tools
        self._request = request
        self._decision = decision
        self._page = Page(request.host, (request.base,))
        self._lingering = lingering
        self._once = once
        self._remembers = False  # whether this response already sets what is known of scopes

    def response(self, headers: Headers) -> Headers:
        """The headers of any response, without what is not granted."""
        headers = self.handshake(headers)
        # What sets a cookie is for one visitor; no cache in between may hand it to the next.
        private = get_header(headers, b"set-cookie") is not None and not self._tools.observe
        return caching.unshared(headers) if private else headers

    def handshake(self, headers: Headers) -> Headers:
        """The headers of a response that no cache keeps."""
        kept: Headers = []
        letting: KnownScopes = {}
        for name, value in headers:
            lower = name.lower()
            if lower == b"set-cookie":
                kept += self._set_cookie(name, value, letting)
            elif lower == b"link":
                filtered = self.link(value)
                if filtered is not None:
                    kept.append((name, filtered))
            else:
                kept.append((name, value))
        if self._tools.observe:
            return headers
        return kept + self._remembered(letting) if letting else kept

    def page(self, headers: Headers) -> Headers:
        """The same headers as those of a page, whose body is rewritten."""
        return self.varied(without(headers, caching.STALE))

    def varied(self, headers: Headers) -> Headers:
        """The same headers as those of a page, or of a 304 that confirms one."""
        request = self._request
        variant = self._decision.fingerprint(request.use).encode()
        headers = caching.private(caching.tag_variant(headers, variant))
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

    def link(self, value: bytes) -> bytes | None:
        filtered = filter_links(
            value, lambda url: self._decision.url(url, self._page, passive=True).allowed
        )
        return value if self._tools.observe else filtered

    def _set_cookie(self, name: bytes, value: bytes, letting: KnownScopes) -> Headers:
        cookie = parse_set_cookie(value, default_path(self._request.full_path))
        if cookie.name in OURS:
            return []
        verdict = self._decision.cookie(cookie.name.decode("latin-1"))
        if verdict.allowed:
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
