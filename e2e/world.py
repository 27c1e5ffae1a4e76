"""A hermetic world: the site and its third parties on one free port, and a log of all that arrives.

The log is the truth that tests assert on: what reached a server, not what a browser says it sent.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from asgi_consent.demo.app import SETTINGS, Demo
from asgi_consent.settings import Settings, read_settings
from asgi_consent.types import App, Receive, Scope, Send

SITE = "127.0.0.1"
PATIENCE = 30  # seconds
#: of all that writes to the ledger of these tests
SECRET_KEY = secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that reached a server of this world."""

    host: str
    path: str
    method: str


@dataclass
class Recorder:
    """Passes everything on to `app` and writes it down first."""

    app: App
    arrivals: list[Arrival] = field(default_factory=list[Arrival])
    test: str = ""
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def begin(self) -> str:
        """Forget what arrived. Gives what browsers add to their User-Agent from now on: a page of
        the test before may still send its last words."""
        self.arrivals.clear()
        self.test = f"test/{secrets.token_hex(4)}"
        return self.test

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        of_another_test = "test/" in agent and self.test not in agent
        if scope["type"] in ("http", "websocket") and not of_another_test:
            host = headers.get(b"host", b"").decode().rpartition(":")[0]
            with self._arrived:
                self.arrivals.append(Arrival(host, scope["path"], scope.get("method", "WS")))
                self._arrived.notify_all()
        await self.app(scope, receive, send)

    def at_third_parties(self) -> list[Arrival]:
        own = (SITE, "localhost", "lab.localhost")
        return [arrival for arrival in self.arrivals if arrival.host not in own]

    def wait_for(self, host: str, path: str) -> bool:
        """Until a request for something like `path` has reached `host`; False if none does."""

        def arrived() -> bool:
            return any(path in arrival.path for arrival in self.at(host))

        with self._arrived:
            return self._arrived.wait_for(arrived, PATIENCE)

    def at(self, host: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.host == host]


@contextmanager
def serving(app: App, **how: Any) -> Iterator[int]:
    """Serve on a free port of the loopback interface; gives the port. `how` goes to uvicorn."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", timeout_graceful_shutdown=1, **how
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(_serve(server, listener)), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until told to stop, and leave no connection open: a browser may hold on to some, and
    one that arrives during the shutdown is never told."""
    await server.serve(sockets=[listener])
    for connection in list(server.server_state.connections):
        if connection.transport is not None:
            connection.transport.abort()
    await asyncio.sleep(0)  # the transports close their sockets in the next turn


class Listener:
    """A TCP port that counts connections and answers nothing: what a preconnect reaches."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0
        self._arrived = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._arrived.set()
            connection.close()

    def wait(self) -> bool:
        return self._arrived.wait(PATIENCE)

    def close(self) -> None:
        self._socket.close()


def demo_settings(**changes: Any) -> Settings:
    """The demo's settings, with some keys or tables changed."""
    document = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    for key, value in changes.items():
        document[key] = {**document.get(key, {}), **value} if isinstance(value, dict) else value
    return read_settings(document)


def unprotected() -> Demo:
    """The demo as it would be without us: in observe mode nothing is changed."""
    return Demo(demo_settings(mode="observe"), SECRET_KEY)
