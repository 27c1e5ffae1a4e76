"""One response on its way out: filter its headers, rewrite its HTML, send. The only one to `send`.

The start message of a possible page is held back until the first bytes of its body tell what it is,
as in starlette's GZipResponder; everything else passes at once, untouched but for its headers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import anyio.lowlevel

from asgi_consent.banner.render import Placement
from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.faults import note_fault
from asgi_consent.html.gating import Gating
from asgi_consent.html.in_events import EventRewriter
from asgi_consent.html.in_json import JsonRewriter
from asgi_consent.html.plain import PlainRewriter
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.http import caching
from asgi_consent.http.coding import accepts, is_known, missing_extras, recoded
from asgi_consent.http.csp import admit
from asgi_consent.http.headers import copy_headers, get_header, without
from asgi_consent.http.page_type import (
    PageType,
    carries_text,
    content_coding,
    declared_charset,
    is_bodiless,
    is_markup,
    page_type,
)
from asgi_consent.http.request import Request
from asgi_consent.languages import content_language
from asgi_consent.page_body import Opening, PageBody, Rewriting, read_opening
from asgi_consent.response_headers import HeaderFilter, Tools, unjudged
from asgi_consent.sent_files import read_descriptor, read_path
from asgi_consent.types import Headers, Message, Send

#: messages that stand for a body; of a page the file is read
_SENT_FILES: Mapping[str, Callable[[Message], AsyncIterator[Message]]] = {
    "http.response.pathsend": read_path,
    "http.response.zerocopysend": read_descriptor,
}


_Carrier = Callable[[Callable[[], Rewriter]], Rewriting]
#: HTML in something else, by what `carries_text` calls it
_CARRIERS: Mapping[bytes, _Carrier] = {b"json": JsonRewriter, b"event-stream": EventRewriter}


class Responder:
    def __init__(
        self, tools: Tools, request: Request, decision: Decision, headers: HeaderFilter, send: Send
    ) -> None:
        self._tools = tools
        self._request = request
        self._decision = decision
        self._send = send
        self._filter = headers
        self._start: Message | None = None  # held back, with filtered headers
        self._sniff = False
        self._opening = b""
        self._body: PageBody | None = None
        self._languages: tuple[str, ...] = ()  # of a page, the most wanted first

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            await self._on_start(message)
        elif kind == "http.response.body":
            await self._on_body(message)
        elif kind in _SENT_FILES and (self._start is not None or self._body is not None):
            async for body in _SENT_FILES[kind](message):
                await self._on_body(body)
        elif kind == "http.response.trailers" and self._body is not None:
            await self._send(self._trailers(message))
        elif kind == "http.response.early_hint":
            await self._send({**message, "links": self._hints(message.get("links", ()))})
        elif kind in ("websocket.accept", "websocket.http.response.start"):
            headers = self._headers(self._filter.handshake, message)
            await self._send({**message, "headers": headers})
        else:
            await self._send(message)

    async def _on_start(self, message: Message) -> None:
        headers = self._headers(self._filter.response, message)
        message = {**message, "headers": headers}
        try:
            if self._may_be_page(message["status"], headers):
                self._start = message
                return
            if carrier := self._carrier(message["status"], headers):
                message["headers"] = self._begin_carried(carrier, headers)
            elif not self._tools.observe:
                message["headers"] = self._unread(message["status"], headers)
        except Exception as error:
            note_fault("telling whether a response is a page", error)
            self._start = message
            return
        await self._send(message)

    def _headers(self, filtered: Callable[[Headers], Headers], message: Message) -> Headers:
        """The headers of a response, filtered; where that fails, without all that it is for."""
        headers = copy_headers(message.get("headers"))
        try:
            return filtered(headers)
        except Exception as error:
            note_fault("filtering the headers of a response", error)
            return headers if self._tools.observe else unjudged(headers)

    def _hints(self, links: Iterable[bytes]) -> list[bytes]:
        try:
            return [kept for link in links if (kept := self._filter.link(link))]
        except Exception as error:
            note_fault("filtering early hints", error)
            return []

    def _carrier(self, status: int, headers: Headers) -> _Carrier | None:
        """What rewrites HTML in something else, where the settings say that there is some."""
        if (
            not self._tools.may_carry(self._request.path)
            or is_bodiless(status)
            or self._is_unknown(content_coding(headers))
        ):
            return None
        return _CARRIERS.get(carries_text(headers))

    def _begin_carried(self, carrier: _Carrier, headers: Headers) -> Headers:
        self._languages = self._tools.languages(self._request)
        coding = content_coding(headers)
        sent = coding if accepts(self._request.headers, coding) else b""
        if self._request.method != "HEAD":
            self._body = PageBody(
                carrier(lambda: Rewriter(self._gating(), fragment=True)),
                coding=coding,
                sent=sent,
                charset="",
                observe=self._tools.observe,
            )
        if self._tools.observe:
            return headers
        return self._filter.page(recoded(headers, coding, sent))[0]

    def _unread(self, status: int, headers: Headers) -> Headers:
        """The headers of what is not rewritten."""
        request = self._request
        if request.wants_worker or (request.wants_document and is_markup(headers)):
            return self._filter.unread(headers)
        if status == 304 and (request.wants_document or caching.is_tagged(request.headers)):
            return self._filter.varied(headers)
        return headers

    def _may_be_page(self, status: int, headers: Headers) -> bool:
        # For a document the Range of the request never reached the app.
        request = self._request
        ranged = request.header(b"range") is not None and not request.wants_document
        kind = page_type(status, headers, ranged=ranged)
        self._sniff = kind is PageType.SNIFF
        if kind is PageType.XHTML:
            self._tools.findings.unread("a page sent as application/xhtml+xml")
        if kind not in (PageType.PAGE, PageType.SNIFF):
            return False
        return not self._is_unknown(content_coding(headers))

    def _is_unknown(self, coding: bytes) -> bool:
        if is_known(coding):
            return False
        self._tools.findings.unread(
            f"a page coded as {coding.decode('ascii')}", missing_extras(coding)
        )
        return True

    # ---- body

    async def _on_body(self, message: Message) -> None:
        data = bytes(message.get("body", b""))
        more = bool(message.get("more_body"))
        if self._start is not None:
            self._opening += data
            if not await self._begin(self._start, complete=not more):
                return
            data, self._opening = self._opening, b""
            message = {**message, "body": data}
        if self._body is None:
            await self._send(message)
            return
        for number, piece in enumerate(self._body.feed(data)):
            if number:
                await anyio.lowlevel.checkpoint()  # other tasks get a turn
            await self._forward(piece)
        if not more:
            await self._forward(self._body.close(), last=True)
            self._count(self._body.held)

    def _count(self, held: int) -> None:
        try:
            self._tools.findings.tally.page(held)
        except Exception as error:
            note_fault("counting a page", error)

    async def _forward(self, data: bytes, *, last: bool = False) -> None:
        if data or last:
            await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    def _trailers(self, message: Message) -> Message:
        """Without what described the bytes before they were rewritten (RFC 9530)."""
        if self._tools.observe:
            return message
        headers = without(copy_headers(message.get("headers")), caching.STALE)
        return {**message, "headers": headers}

    async def _begin(self, start: Message, *, complete: bool) -> bool:
        """Send the start message as soon as the opening tells what it must say."""
        headers = start["headers"]
        coding = content_coding(headers)
        try:
            opening = read_opening(
                self._opening,
                coding=coding,
                declared=declared_charset(headers),
                sniff=self._sniff,
                complete=complete,
            )
        except Exception as error:
            note_fault("reading the beginning of a page", error)
            opening = Opening(is_page=True, charset="")
        if opening is None:
            return False
        self._start = None
        if opening.is_page:
            headers, sent = self._coded(headers, coding)
            headers, rewriter = self._rewritten(headers)
            if self._request.method != "HEAD" and rewriter:
                self._body = PageBody(
                    rewriter,
                    coding=coding,
                    sent=sent,
                    charset=opening.charset,
                    observe=self._tools.observe,
                )
        await self._send({**start, "headers": headers})
        return True

    def _coded(self, headers: Headers, coding: bytes) -> tuple[Headers, bytes]:
        """The headers of a page in the coding that the client gets, and that coding."""
        if self._tools.observe:
            return headers, coding
        try:
            sent = coding if accepts(self._request.headers, coding) else b""
            return recoded(headers, coding, sent), sent
        except Exception as error:
            note_fault("choosing the coding of a page", error)
            return [pair for pair in headers if pair[0].lower() != b"content-encoding"], b""

    def _rewritten(self, headers: Headers) -> tuple[Headers, Rewriter | PlainRewriter | None]:
        """The headers of a page, and what rewrites its body: the first of three ways that does not
        fail."""
        if self._tools.observe:
            return headers, self._observing()
        for way in (self._as_page, self._without_banner):
            try:
                return way(headers)
            except Exception as error:
                note_fault("making a page", error)
        return unjudged(headers), PlainRewriter()

    def _observing(self) -> Rewriter | None:
        try:
            return Rewriter(self._gating(), fragment=self._request.is_fragment)
        except Exception as error:
            note_fault("looking at a page", error)
            return None

    def _without_banner(self, headers: Headers) -> tuple[Headers, Rewriter]:
        return self._filter.page(headers)[0], Rewriter(self._gating(), fragment=True)

    def _as_page(self, headers: Headers) -> tuple[Headers, Rewriter]:
        """The headers of a page, and what rewrites its body."""
        decision, request, banner = self._decision, self._request, self._tools.banner
        named = content_language(get_header(headers, b"content-language") or b"")
        self._languages = (named, *self._tools.languages(request))
        if request.is_fragment:
            return self._filter.page(headers)[0], Rewriter(self._gating(), fragment=True)
        admission = admit(headers, banner.own_files(decision, request))
        headers, meta = self._filter.page(admission.headers)
        reloads = request.method in ("GET", "HEAD")
        place = Placement(
            root=request.root,
            address=request.address if reloads else request.root + "/",
            nonce=admission.nonce,
            with_integrity=admission.with_integrity,
            reloads=reloads,
            just_chosen=self._tools.visitor.just_chose(decision.consent),
            reminds=self._tools.visitor.reminds(request),
            bounded=self._tools.boundary.enforces,
            secure=request.secure,
        )
        head = meta + banner.head(decision, request.host, place)

        def body(language: str) -> bytes:
            try:
                return banner.body(decision, place, banner.language(language, *self._languages))
            except Exception as error:
                note_fault("rendering the banner", error)
                return b""

        return headers, Rewriter(
            self._gating(), head=head, body=None if request.is_framed else body
        )

    def _gating(self) -> Gating:
        decision, request, banner = self._decision, self._request, self._tools.banner
        # In a frame of somebody else's page a press may not be the visitor's own doing.
        lured = request.is_framed and not request.is_from_here
        languages = self._languages

        def placeholder(verdict: Verdict, host: str, language: str) -> str:
            tag = banner.language(language, *languages)
            return banner.placeholder(
                verdict.service, verdict.category, host, request.root, tag, not lured
            )

        return Gating(
            decision,
            Page(request.host, (request.base,)),
            placeholder,
            self._tools.findings.element,
            memos=self._tools.memos,
            variant=(request.root, lured, banner.language(*languages)),
        )
