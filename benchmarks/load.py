"""Mixed traffic at the highest rate that one core sustains, next to the app without us.

    python benchmarks/load.py --minutes 30
    python benchmarks/load.py --minutes 1        a look at whether all is well

The server, uvicorn, has one core for itself, the visitors another. First the app alone, for a tenth
of the time, then with us: pages, assets, choices, withdrawals, slow readers, visitors who leave in
the middle, WebSockets. Told are errors, latency by kind, and memory and open files over time: the
slope is that of the straight line closest to the samples of the second half, when what is bounded
is full. Exits 1 where there was an error that the app alone had not.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import multiprocessing
import os
import random
import secrets
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from asgi_consent import ConsentMiddleware
from asgi_consent.types import App, Receive, Scope, Send

_VISITORS = 24
_EVERY = 2.0  # seconds between two samples
_LONGEST = 30.0  # seconds that anything may take
_PIECE = (
    b"<article><h2>Camera</h2><p>Made to be repaired, by whoever inherits it.</p>"
    b'<img src="/i.avif"><img src="https://www.google-analytics.com/collect?c=%d"></article>'
)
_ASSET = b"x" * 8000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Pages of 30 kB, no two alike in a row; an asset; a socket that says the same again."""
    if scope["type"] == "websocket":
        await _echo(receive, send)
        return
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    is_page = scope["path"].startswith("/page")
    kind = b"text/html; charset=utf-8" if is_page else b"application/octet-stream"
    headers = [(b"content-type", kind), (b"set-cookie", b"visits=1; Max-Age=3600")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if not is_page:
        await send({"type": "http.response.body", "body": _ASSET})
        return
    await send({"type": "http.response.body", "body": b"<!doctype html>", "more_body": True})
    number = random.randrange(1000)
    for _ in range(8):
        rows = b"".join(_PIECE % (number + at) for at in range(24))
        await send({"type": "http.response.body", "body": rows, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _echo(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text") or ""})


def _serve(listener: socket.socket, protects: bool, folder: str) -> None:
    os.sched_setaffinity(0, {0})
    os.environ["ASGI_CONSENT_LEDGER"] = f"sqlite:///{folder}/ledger.db"
    served: App = ConsentMiddleware(app, secret_key=secrets.token_urlsafe(32)) if protects else app
    config = uvicorn.Config(served, log_level="critical", access_log=False, ws_max_size=65536)
    uvicorn.Server(config).run(sockets=[listener])


# ---- visitors


@dataclass
class Seen:
    """Seconds by kind of traffic; what went wrong, by kind and error."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)


@dataclass
class Visitor:
    port: int
    protected: bool
    seen: Seen
    cookies: dict[str, str] = field(default_factory=dict)
    _line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def goes_on_until(self, end: float) -> None:
        kinds: list[tuple[str, int, Callable[[], Awaitable[None]]]] = [
            ("page", 50, self.page),
            ("asset", 30, self.asset),
            ("choice", 4, self.choose),
            ("withdrawal", 2, self.withdraw),
            ("preferences", 2, self.preferences),
            ("slow reader", 1, self.read_slowly),
            ("leaver", 5, self.leave),
            ("socket", 6, self.talk),
        ]
        while time.monotonic() < end:
            ((name, _, work),) = random.choices(kinds, [weight for _, weight, _ in kinds])
            began = time.perf_counter()
            try:
                async with asyncio.timeout(_LONGEST):
                    await work()
            except (OSError, EOFError, TimeoutError, ValueError, AssertionError) as error:
                self.seen.errors[f"{name}: {type(error).__name__} {error}"[:90]] += 1
                self._hang_up()
            else:
                self.seen.took[name].append(time.perf_counter() - began)
        self._hang_up()

    async def page(self) -> None:
        body = await self._get(f"/page/{random.randrange(50)}", "document")
        assert body.count(b"<article>") == 192, "a page is not complete"
        assert not self.protected or b"data-consent-src" in body or self.cookies, "not gated"

    async def asset(self) -> None:
        assert await self._get("/asset", "image") == _ASSET, "an asset is not as it was"

    async def choose(self) -> None:
        await self._post("accept")

    async def withdraw(self) -> None:
        if self.cookies:
            await self._post("reject")
            self.cookies.clear()  # and somebody else comes

    async def preferences(self) -> None:
        if self.protected:
            assert b"<form" in await self._get("/_consent/preferences", "document"), "no form"

    async def read_slowly(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1024)
        try:
            writer.write(self._head("GET", "/page/1", "document", close=True))
            sip = b"x"
            while sip:
                sip = await reader.read(2048)
                await asyncio.sleep(0.02)
        finally:
            writer.close()

    async def leave(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self._head("GET", "/page/2", "document", close=True))
        await writer.drain()
        if random.random() < 0.5:
            await reader.read(1000)
        writer.transport.abort()

    async def talk(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            key = base64.b64encode(secrets.token_bytes(16)).decode()
            more = (
                f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            )
            head = self._head("GET", "/socket", "websocket")
            head = head.replace(b"Connection: keep-alive\r\n", b"Connection: Upgrade\r\n")
            writer.write(head.removesuffix(b"\r\n") + more.encode() + b"\r\n")
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101"), "no socket"
            writer.write(b"\x81\x85\0\0\0\0hello")
            assert await reader.readexactly(7) == b"\x81\x05hello", "no echo"
            writer.write(b"\x88\x82\0\0\0\0\x03\xe8")
            await reader.read(100)
        finally:
            writer.close()

    # ---- HTTP

    async def _get(self, path: str, destination: str) -> bytes:
        return await self._ask(self._head("GET", path, destination), 200)

    async def _post(self, choice: str) -> None:
        if not self.protected:
            return
        body = f"choice={choice}&from=banner".encode()
        head = self._head("POST", "/_consent/choice", "document", length=len(body))
        await self._ask(head + body, 303)

    async def _ask(self, request: bytes, status: int) -> bytes:
        if self._line is None:
            self._line = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._line
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        assert head.startswith(f"HTTP/1.1 {status}"), head.partition("\r\n")[0]
        headers = [line.partition(": ")[::2] for line in head.split("\r\n")[1:] if line]
        for name, value in headers:
            if name.lower() == "set-cookie":
                key, _, said = value.partition(";")[0].partition("=")
                if key.startswith("asgi_consent"):
                    self.cookies[key] = said
        named = {name.lower(): value for name, value in headers}
        if "content-length" in named:
            return await reader.readexactly(int(named["content-length"]))
        return await _chunks(reader)

    def _head(
        self, method: str, path: str, destination: str, *, length: int = 0, close: bool = False
    ) -> bytes:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Connection: {'close' if close else 'keep-alive'}",
            "Accept: text/html",
            "Sec-Fetch-Site: same-origin",
            f"Sec-Fetch-Mode: {'navigate' if destination == 'document' else 'no-cors'}",
            f"Sec-Fetch-Dest: {destination}",
            *([f"Cookie: {cookies}"] if cookies else []),
            *(
                [f"Content-Length: {length}", "Content-Type: application/x-www-form-urlencoded"]
                if length
                else []
            ),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _hang_up(self) -> None:
        if self._line:
            self._line[1].close()
            self._line = None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body


# ---- a run


@dataclass
class Run:
    seen: Seen
    seconds: float
    memory: list[tuple[float, float]]  # seconds, MB
    files: list[int]

    @property
    def rate(self) -> float:
        return sum(map(len, self.seen.took.values())) / self.seconds

    @property
    def slope(self) -> float:
        """MB an hour."""
        late = self.memory[len(self.memory) // 2 :]
        if len(late) < 3:
            return 0.0
        times, sizes = zip(*late, strict=True)
        return statistics.linear_regression(times, sizes).slope * 3600


def run(seconds: float, *, protects: bool) -> Run:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        port = listener.getsockname()[1]
        server = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(listener, protects, folder)
        )
        server.start()
        try:
            return asyncio.run(_visits(port, server.pid or 0, seconds, protects=protects))
        finally:
            server.terminate()
            server.join(20)


async def _visits(port: int, pid: int, seconds: float, *, protects: bool) -> Run:
    os.sched_setaffinity(0, {1})
    while True:
        with suppress(OSError):
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    seen, memory, files = Seen(), list[tuple[float, float]](), list[int]()
    began = time.monotonic()

    async def watch() -> None:
        while (passed := time.monotonic() - began) < seconds:
            size, opened = _of_process(pid)
            memory.append((passed, size))
            files.append(opened)
            left = max(0.0, seconds - passed)
            if sys.stderr.isatty():
                print(f"\r{left:5.0f} s left, {memory[-1][1]:.0f} MB ", end="", file=sys.stderr)
            await asyncio.sleep(_EVERY)

    visitors = [Visitor(port, protects, seen) for _ in range(_VISITORS)]
    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        for visitor in visitors:
            group.create_task(visitor.goes_on_until(began + seconds))
    return Run(seen, seconds, memory, files)


def _of_process(pid: int) -> tuple[float, int]:
    """MB of memory, and open files."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len([*(process / "fd").iterdir()])


def _told(name: str, found: Run) -> None:
    late = found.files[len(found.files) // 2 :]
    sizes = [size for _, size in found.memory]
    print(
        f"{name}: {found.rate:,.0f} a second; memory {sizes[0]:.0f} to {sizes[-1]:.0f} MB, slope "
        f"{found.slope:+.1f} MB an hour; open files {min(late)} to {max(late)}; "
        f"{sum(found.seen.errors.values())} errors"
    )
    for error, count in found.seen.errors.most_common(10):
        print(f"  {count} × {error}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="with us (default: 30)")
    seconds = parser.parse_args().minutes * 60
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("needs two cores: one for the server, one for its visitors")
    alone, ours = run(max(seconds / 10, 20), protects=False), run(seconds, protects=True)
    print(f"{'ms':<14}{'alone p50':>10}{'p99':>9}{'ours p50':>11}{'p99':>9}")
    for kind, took in sorted(ours.seen.took.items()):
        cells = [
            *_percentiles(alone.seen.took.get(kind, [])),
            *_percentiles(took),
        ]
        print(f"{kind:<14}{cells[0]:>10}{cells[1]:>9}{cells[2]:>11}{cells[3]:>9}")
    _told("alone", alone)
    _told("ours", ours)
    return 1 if ours.seen.errors.keys() - alone.seen.errors.keys() else 0


def _percentiles(took: list[float]) -> tuple[str, str]:
    if len(took) < 2:
        return "-", "-"
    cuts = statistics.quantiles(took, n=100)
    return f"{cuts[49] * 1000:.1f}", f"{cuts[98] * 1000:.1f}"


if __name__ == "__main__":
    sys.exit(main())
