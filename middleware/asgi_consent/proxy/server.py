"""Serving with uvicorn, within limits: the head of a request is short and comes in time."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from asgi_consent.types import App

_LONGEST_HEAD = 64 * 1024  # bytes of request line and headers
_HEAD_TIME = 20  # seconds for them to arrive


@dataclass(frozen=True, slots=True)
class Serving:
    """`connections` of visitors at once; seconds that requests get to end when we are told to;
    whether answers get a Date, which those of a site behind us have already."""

    connections: int = 1000
    grace: int = 30
    dates: bool = False


def serve(app: App, listener: socket.socket, serving: Serving) -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(
        app,
        http=_BoundedHttp,
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=serving.dates,
        proxy_headers=False,  # front.py trusts those the operator names, uvicorn its own list
        limit_concurrency=serving.connections,
        timeout_graceful_shutdown=serving.grace,
        timeout_keep_alive=15,
    )
    uvicorn.Server(config).run(sockets=[listener])


class _BoundedHttp(HttpToolsProtocol):
    """The parser itself waits for the end of a head for ever, and takes any amount of it."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._head = 0  # bytes of the head that is arriving
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
            if self._head > _LONGEST_HEAD and not self._ends_in(data):
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head = True, 0
        self._wait()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head = True, 0

    def _ends_in(self, data: bytes) -> bool:
        """Whether the head was short and the rest of these bytes is a body."""
        return self._head - len(data) + data.find(b"\r\n\r\n") in range(_LONGEST_HEAD)

    def _wait(self) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(_HEAD_TIME, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
