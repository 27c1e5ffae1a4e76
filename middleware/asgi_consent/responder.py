"""One response on its way out: filter its headers, rewrite its HTML, send. The only one to `send`.

The start message of a possible page is held back until the first piece of its body is there, as in
starlette's GZipResponder; everything else passes at once, untouched but for its headers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from asgi_consent.banner.render import Banner, Placement
from asgi_consent.decision import Decision, Page
from asgi_consent.findings import Findings
from asgi_consent.html.gating import Gating
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.http import caching
from asgi_consent.http.coding import KNOWN
from asgi_consent.http.cookies import (
    SetCookie,
    default_path,
    parse_set_cookie,
    possible_scopes,
    remove_cookie,
)
from asgi_consent.http.csp import SCRIPTS, STYLES, keeps_us_out, nonce_of
from asgi_consent.http.headers import copy_headers, get_header, list_members, media_type, without
from asgi_consent.http.known_scopes import KnownScopes, is_worth_knowing
from asgi_consent.http.links import filter_links
from asgi_consent.http.request import Request
from asgi_consent.page_body import PageBody
from asgi_consent.types import Headers, Message, Send
from asgi_consent.visitor import OURS, VisitorCookies

_SLICE = 64 * 1024  # bytes of a body that are rewritten before other tasks get a turn
_BODILESS = frozenset((*range(100, 200), 204, 206, 304))


@dataclass(frozen=True, slots=True)
class Tools:
    """What every response needs, made once for the app. With `observe` nothing is changed."""

    banner: Banner
    visitor: VisitorCookies
    findings: Findings
    observe: bool


class Responder:
    """`lingering` are the names of cookies that came with the request and are not granted; `once`
    tells that a service was allowed for this page only."""

    def __init__(
        self,
        tools: Tools,
        request: Request,
        decision: Decision,
        send: Send,
        *,
        lingering: list[bytes],
        once: bool,
    ) -> None:
        self._tools = tools
        self._request = request
        self._decision = decision
        self._send = send
        self._lingering = lingering
        self._once = once
        self._page = Page(request.host, request.base)
        self._start: Message | None = None
        self._body: PageBody | None = None

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            await self._on_start(message)
        elif kind == "http.response.body":
            await self._on_body(message)
        elif kind == "http.response.pathsend" and self._start is not None:
            async for body in _file_as_body(message["path"]):
                await self._on_body(body)
        elif kind == "http.response.early_hint":
            links = [kept for link in message.get("links", ()) if (kept := self._link(link))]
            await self._send({**message, "links": links})
        elif kind in ("websocket.accept", "websocket.http.response.start"):
            headers = self._filtered(copy_headers(message.get("headers")))
            await self._send({**message, "headers": headers})
        else:
            await self._send(message)

    # ---- headers

    async def _on_start(self, message: Message) -> None:
        headers = self._filtered(copy_headers(message.get("headers")))
        if self._may_be_page(message["status"], headers):
            self._start = {**message, "headers": headers}
            return
        if message["status"] == 304 and self._request.wants_document and not self._tools.observe:
            headers = self._varied(headers)
        await self._send({**message, "headers": headers})

    def _filtered(self, headers: Headers) -> Headers:
        """The headers without the cookies and links that are not granted."""
        kept: Headers = []
        letting: KnownScopes = {}
        for name, value in headers:
            lower = name.lower()
            if lower == b"set-cookie":
                cookie = parse_set_cookie(value, default_path(self._request.path))
                if not self._may_set(cookie):
                    continue
                if is_worth_knowing(cookie):
                    letting[cookie.name, cookie.scope] = None
            elif lower == b"link":
                filtered = self._link(value)
                if filtered is None:
                    continue
                value = filtered
            kept.append((name, value))
        return kept + self._remembered(letting) if letting else kept

    def _may_set(self, cookie: SetCookie) -> bool:
        if cookie.name in OURS:
            return False
        verdict = self._decision.cookie(cookie.name.decode("latin-1"))
        if verdict.allowed or cookie.removes:
            return True
        self._tools.findings.cookie(cookie.name, verdict)
        return self._tools.observe

    def _remembered(self, letting: KnownScopes) -> Headers:
        """Where the cookies that are let through live, for a later withdrawal."""
        known = self._tools.visitor.scopes(self._request)
        if self._tools.observe or letting.keys() <= known.keys():
            return []
        return self._tools.visitor.set_scopes(self._request, known | letting)

    def _link(self, value: bytes) -> bytes | None:
        filtered = filter_links(
            value, lambda url: self._decision.url(url, self._page, passive=True).allowed
        )
        return value if self._tools.observe else filtered

    def _may_be_page(self, status: int, headers: Headers) -> bool:
        if status in _BODILESS:
            return False
        kind, _ = media_type(headers)
        sniffed = not kind and get_header(headers, b"x-content-type-options") != b"nosniff"
        if kind == b"application/xhtml+xml":
            self._tools.findings.unread("a page sent as application/xhtml+xml")
        if kind != b"text/html" and not sniffed:
            return False
        disposition = list_members(get_header(headers, b"content-disposition") or b"")
        cache = list_members(get_header(headers, b"cache-control") or b"")
        if b"attachment" in disposition or b"no-transform" in cache:
            return False
        coding = _coding(headers)
        if coding and coding not in KNOWN:
            self._tools.findings.unread(f"a page coded as {coding.decode('latin-1')}")
            return False
        return True

    def _varied(self, headers: Headers) -> Headers:
        variant = self._decision.fingerprint.encode()
        return caching.private(caching.tag_variant(headers, variant))

    def _page_headers(self, headers: Headers) -> Headers:
        headers = self._varied(without(headers, caching.STALE))
        request = self._request
        scopes = possible_scopes(request.host, request.root + request.path, secure=request.secure)
        for name in self._lingering:
            headers += remove_cookie(name, scopes, secure=request.secure)
        return headers + self._tools.visitor.remove_once(request) if self._once else headers

    # ---- body

    async def _on_body(self, message: Message) -> None:
        data = bytes(message.get("body", b""))
        if self._start is not None:
            await self._begin(self._start, data)
        if self._body is None:
            await self._send(message)
            return
        for at in range(0, len(data), _SLICE):
            await self._forward(self._body.feed(data[at : at + _SLICE]))
            if len(data) > _SLICE:
                await anyio.lowlevel.checkpoint()
        if not message.get("more_body"):
            await self._forward(self._body.close(), last=True)

    async def _forward(self, data: bytes, *, last: bool = False) -> None:
        if data or last:
            await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def _begin(self, start: Message, first: bytes) -> None:
        """Send the start message, now that the body tells whether this is a page."""
        self._start = None
        headers = start["headers"]
        kind, charset = media_type(headers)
        if not kind and not first.lstrip(b"\xef\xbb\xbf\t\n\f\r ").startswith(b"<"):
            await self._send(start)
            return
        observe = self._tools.observe
        if self._request.method != "HEAD":
            self._body = PageBody(
                self._rewriter(headers), coding=_coding(headers), charset=charset, observe=observe
            )
        await self._send(start if observe else {**start, "headers": self._page_headers(headers)})

    def _rewriter(self, headers: Headers) -> Rewriter:
        decision, request, banner = self._decision, self._request, self._tools.banner
        gating = Gating(
            decision,
            self._page,
            lambda service, host: banner.placeholder(service, host, request.root),
            self._tools.findings.gated,
        )
        if request.is_fragment:
            return Rewriter(gating)
        reloads = request.method in ("GET", "HEAD")
        place = Placement(
            root=request.root,
            address=request.address if reloads else request.root + "/",
            script_nonce=nonce_of(headers, SCRIPTS),
            style_nonce=nonce_of(headers, STYLES),
            reloads=reloads,
            just_chosen=self._tools.visitor.just_chose(decision.consent),
        )
        for sources in (SCRIPTS, STYLES):
            if keeps_us_out(headers, sources):
                self._tools.findings.kept_out(sources[-2])
        head = banner.head(decision, place)
        body = b"" if request.is_framed else banner.body(decision, place)
        return Rewriter(gating, head=head, body=body)


def _coding(headers: Headers) -> bytes:
    coding = (get_header(headers, b"content-encoding") or b"").strip().lower()
    return b"" if coding == b"identity" else coding


async def _file_as_body(path: str) -> AsyncIterator[Message]:
    """The file of a pathsend message, as the body messages it stands for."""
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(_SLICE):
            yield {"type": "http.response.body", "body": piece, "more_body": True}
    yield {"type": "http.response.body", "body": b""}
