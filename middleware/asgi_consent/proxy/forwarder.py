"""An ASGI app that asks the site behind it; it stands where any other app would.

Both bodies stream: a piece is read when the one before it has been taken. A site that fails before
it has answered gets a page of ours; one that fails later breaks the answer off, so that nobody
takes a half page for a whole one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from asgi_consent.errors import ConsentError
from asgi_consent.proxy.client import Answer, Client, UpstreamError
from asgi_consent.proxy.framing import target_of
from asgi_consent.proxy.headers import Mapping
from asgi_consent.proxy.hops import Hops, read_hops
from asgi_consent.proxy.pages import Pages
from asgi_consent.proxy.sockets import forward_socket
from asgi_consent.types import Message, Receive, Scope, Send

_log = logging.getLogger("asgi_consent")


class BrokenOffError(ConsentError):
    """The site's answer ended before it was complete."""


class Forwarder:
    """`connect` makes the client when the first request comes; `patience` is how long, in seconds,
    the visitor may take for the next piece of a request or of an answer."""

    def __init__(
        self, connect: Callable[[], Client], mapping: Mapping, pages: Pages, patience: float = 60
    ) -> None:
        self._connect = connect
        self._mapping = mapping
        self._pages = pages
        self._patience = patience
        self._client: Client | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._client is None:
            self._client = self._connect()
        hops: Hops = scope.get("asgi_consent.hops") or read_hops(scope, ())
        if scope["type"] == "websocket":
            await forward_socket(self._client, self._mapping, hops, scope, receive, send)
        elif scope["type"] == "http":
            await self._forward(self._client, hops, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif kind == "lifespan.shutdown":
                if self._client is not None:
                    await self._client.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _forward(
        self, client: Client, hops: Hops, scope: Scope, receive: Receive, send: Send
    ) -> None:
        visitor = Visitor(receive, send, self._patience)
        asking = asyncio.ensure_future(self._ask(client, hops, scope, visitor))
        leaving = asyncio.ensure_future(visitor.leaves())
        try:
            await asyncio.wait((asking, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asking, leaving):
                if not task.done():
                    task.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        try:
            await asking
        except asyncio.CancelledError:
            if not visitor.has_left:
                raise

    async def _ask(self, client: Client, hops: Hops, scope: Scope, visitor: Visitor) -> None:
        headers = self._mapping.to_site(scope["headers"], hops)
        try:
            body = await visitor.body()
            async with client.request(scope["method"], target_of(scope), headers, body) as answer:
                await self._answer(answer, hops, visitor)
        except UpstreamError as error:
            if visitor.has_left:
                return
            if visitor.answered:
                raise BrokenOffError("the site broke off in the middle of an answer") from None
            status = 408 if visitor.is_late else 504 if error.late else 502
            _log.warning("asgi-consent: %s; answered %d", error, status)
            await self._pages.send(visitor.send, scope, status)

    async def _answer(self, answer: Answer, hops: Hops, visitor: Visitor) -> None:
        headers = self._mapping.to_visitor(answer.headers, hops)
        await visitor.send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )
        async for piece in answer.pieces:
            await visitor.send({"type": "http.response.body", "body": piece, "more_body": True})
        await visitor.send({"type": "http.response.body", "body": b""})


class Visitor:
    """The other side: its body is read by one task, and its leaving heard by another."""

    def __init__(self, receive: Receive, send: Send, patience: float) -> None:
        self._receive = receive
        self._send = send
        self._patience = patience
        self._read = asyncio.Event()
        self.answered = False
        self.has_left = False
        self.is_late = False

    async def send(self, message: Message) -> None:
        self.answered = True
        try:
            async with asyncio.timeout(self._patience):
                await self._send(message)
        except TimeoutError:
            self.has_left = True
            raise UpstreamError("the visitor takes no more of the answer") from None

    async def body(self) -> AsyncIterator[bytes] | None:
        """The pieces of the request's body; None where it has none."""
        first = await self._piece()
        if first.get("more_body") or first.get("body"):
            return self._pieces(first)
        self._read.set()
        return None

    async def leaves(self) -> None:
        """Until the visitor has left, which is heard only when the body has been read."""
        await self._read.wait()
        while not self.has_left:
            self.has_left = (await self._receive())["type"] == "http.disconnect"

    async def _pieces(self, message: Message) -> AsyncIterator[bytes]:
        while True:
            if piece := message.get("body"):
                yield bytes(piece)
            if not message.get("more_body"):
                self._read.set()
                return
            message = await self._piece()

    async def _piece(self) -> Message:
        try:
            async with asyncio.timeout(self._patience):
                message = await self._receive()
        except TimeoutError:
            self.is_late = True
            raise UpstreamError("the visitor took too long to send a request") from None
        if message["type"] == "http.disconnect":
            self.has_left = True
            self._read.set()
            raise UpstreamError("the visitor has left")
        return message
