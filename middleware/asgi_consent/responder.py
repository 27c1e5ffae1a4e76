"""One response on its way out: filter its headers, rewrite its HTML, send. The only one to `send`.

The start message of a possible page is held back until the first bytes of its body tell what it is,
as in starlette's GZipResponder; everything else passes at once, untouched but for its headers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping

import anyio.lowlevel

from asgi_consent.decision import Decision
from asgi_consent.faults import note_fault
from asgi_consent.html.in_events import EventRewriter
from asgi_consent.html.in_json import JsonRewriter
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.http import caching
from asgi_consent.http.coding import accepts, is_known, missing_extras, recoded
from asgi_consent.http.headers import copy_headers, without
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
from asgi_consent.page_body import Opening, PageBody, Rewriting, read_opening
from asgi_consent.page_making import PageMaking
from asgi_consent.page_memo import LONGEST, RewrittenPage
from asgi_consent.page_recall import PageRecall
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
        self._send = send
        self._filter = headers
        self._start: Message | None = None  # held back, with filtered headers
        self._sniff = False
        self._opening = b""
        self._body: PageBody | None = None
        self._decision = decision
        self._recall = PageRecall(tools)

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if self._recall.start is not None and await self._sends_again(self._recall.start, message):
            return
        if kind == "http.response.start":
            if not self._recall.knows(message, self._key_of):
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

    async def _sends_again(self, start: Message, message: Message) -> bool:
        """Whether that was a page as it went out before; if not, it begins like any other."""
        known = self._recall.take(message)
        if known is None:
            await self._on_start(start)
            return False
        headers, page = known
        await self._send({**start, "headers": headers})
        await self._forward(page.sent, last=True)
        self._count(page.held)
        return True

    def _key_of(self, start: Message) -> Hashable:
        if not self._request.wants_document:
            return None
        return self._making().key(copy_headers(start.get("headers")))

    # ---- headers

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
        coding = content_coding(headers)
        sent = coding if accepts(self._request.headers, coding) else b""
        if self._request.method != "HEAD":
            self._body = PageBody(
                carrier(self._making().fragment),
                coding=coding,
                sent=sent,
                charset="",
                observe=self._tools.observe,
            )
        if self._tools.observe:
            return headers
        return self._filter.page(recoded(headers, coding, sent))[0]

    def _making(self) -> PageMaking:
        return PageMaking(self._tools, self._request, self._decision, self._filter)

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
        whole = self._start is not None and not more
        if self._start is not None:
            self._opening += data
            if not await self._begin(self._start, complete=not more):
                return
            data, self._opening = self._opening, b""
            message = {**message, "body": data}
        if self._body is None:
            await self._send(message)
            return
        if whole and self._recall.is_possible:
            await self._send_whole(self._body, data)
            return
        async for piece in _rewritten(self._body, data):
            await self._forward(piece)
        if not more:
            await self._forward(self._body.close(), last=True)
            self._count(self._body.held)

    async def _send_whole(self, body: PageBody, page: bytes) -> None:
        """A page that came in one piece: as it went out before, or to be remembered."""
        if seen := self._recall.seen(page):
            await self._forward(seen.sent, last=True)
            self._count(seen.held)
            self._recall.remember(seen)
            return
        sent = b""
        async for piece in _rewritten(body, page):
            await self._forward(piece)
            if len(sent) <= LONGEST:  # a few bytes may decode to gigabytes
                sent += piece
        end = body.close()
        await self._forward(end, last=True)
        self._count(body.held)
        self._recall.remember(RewrittenPage(page, sent + end, body.held))

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
        coding, declared = content_coding(headers), declared_charset(headers)
        try:
            opening = read_opening(
                self._opening,
                coding=coding,
                declared=declared,
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
            made = self._making().page(headers)
            headers = made.headers
            if made.context:
                how = (coding, sent, declared, self._sniff, opening.charset)
                self._recall.begins(headers, (made.context, how))
            if self._request.method != "HEAD" and made.rewriter:
                self._body = PageBody(
                    made.rewriter,
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


async def _rewritten(body: PageBody, data: bytes) -> AsyncIterator[bytes]:
    """Piece by piece, and between two of them other tasks get a turn."""
    for number, piece in enumerate(body.feed(data)):
        if number:
            await anyio.lowlevel.checkpoint()
        yield piece
