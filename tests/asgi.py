"""Calling an ASGI app with raw messages, and reading what came back just as raw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import anyio

from asgi_consent.types import App, Header, Headers, Message, Receive, Scope, Send

SECRET = "test-key-1f8a3c5e7092b4d6f8a1c3e5"


@dataclass
class Answer:
    """Every message the app sent, in order."""

    messages: list[Message]

    @property
    def start(self) -> Message:
        return next(m for m in self.messages if m["type"] == "http.response.start")

    @property
    def status(self) -> int:
        return int(self.start["status"])

    @property
    def headers(self) -> Headers:
        return list(self.start["headers"])

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name.encode()]

    def first(self, name: str) -> bytes | None:
        return next(iter(self.all(name)), None)

    @property
    def pieces(self) -> list[bytes]:
        return [m.get("body", b"") for m in self.messages if m["type"] == "http.response.body"]

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def set_cookie_names(self) -> list[str]:
        return [value.partition(b"=")[0].decode() for value in self.all("set-cookie")]


def scope_of(
    path: str = "/",
    headers: Iterable[Header] = (),
    *,
    method: str = "GET",
    scheme: str = "http",
    **more: Any,
) -> Scope:
    address, _, query = path.partition("?")
    found = [*headers]
    if not any(name == b"host" for name, _ in found):
        found.insert(0, (b"host", b"shop.example"))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": address,
        "raw_path": address.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": found,
        "extensions": {},
        **more,
    }


def call(app: App, scope: Scope, body: bytes = b"") -> Answer:
    sent: list[Message] = []

    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await anyio.sleep_forever()  # the client stays until it has its answer
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    async def run() -> None:
        await app(scope, receive, send)

    anyio.run(run)
    return Answer(sent)


def get(app: App, path: str = "/", headers: Iterable[Header] = (), **more: Any) -> Answer:
    return call(app, scope_of(path, headers, **more))


def post(
    app: App,
    path: str,
    body: bytes,
    headers: Iterable[Header] = ((b"sec-fetch-site", b"same-origin"),),
    **more: Any,
) -> Answer:
    return call(app, scope_of(path, headers, method="POST", **more), body)


class SimpleApp:
    """Answers every request with the same messages, and keeps the scope it was called with."""

    def __init__(
        self,
        *pieces: bytes,
        headers: Iterable[Header] = ((b"content-type", b"text/html; charset=utf-8"),),
        status: int = 200,
    ) -> None:
        self.pieces = pieces or (b"",)
        self.headers = [*headers]
        self.status = status
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = dict(scope)
        await send(
            {"type": "http.response.start", "status": self.status, "headers": [*self.headers]}
        )
        *first, last = self.pieces
        for piece in first:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": last})

    @property
    def cookies(self) -> list[bytes]:
        return [value for name, value in self.scope["headers"] if name == b"cookie"]
