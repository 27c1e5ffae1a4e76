"""The wall: a forward proxy that a browser under audit has to pass, and that logs who is reached.

It opens every connection itself, to an address that was looked up once and may be reached: neither
a redirect nor a name that changes its mind leads anywhere else (see addresses.py). Plain requests
are logged with their address, tunnels with host and port. It sees what a browser's own events miss,
among it whatever is sent while a page closes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from asgi_consent.audit.addresses import AddressError, pin, port_of

_LONGEST_HEAD = 64 * 1024  # bytes
_LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; an endless page ends here
_MOST_ENTRIES = 50_000
_PIECE = 64 * 1024
_PATIENCE = 20  # seconds for a connection, and for the head of an answer
_HOP_BY_HOP = (b"connection", b"proxy-connection", b"keep-alive", b"proxy-authorization")

#: answered by the wall itself and never written down: a request that marks a point in time
SENTINEL = "sentinel.asgi-consent.invalid"
_NOTHING = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Passage:
    """One time somebody was to be reached. `url` is empty for a tunnel, `refused` says why not."""

    at: float
    method: str
    host: str
    port: int
    url: str = ""
    refused: str = ""


class Wall:
    """The log of one running proxy. Written by its thread, read by others."""

    def __init__(
        self, *, allow_private: bool, ports: frozenset[int] = frozenset(), insecure: bool = False
    ) -> None:
        self.passages: list[Passage] = []
        self.insecure = insecure  # whoever goes through it takes any certificate
        self.port = 0
        self._allow_private = allow_private
        self._ports = ports
        self._open = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._last = time.monotonic()

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing has been asked for lately and nothing waits for its answer to begin."""
        return self._open == 0 and time.monotonic() - self._last > seconds

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._pass(reader, writer)
        except AddressError as error:
            writer.write(_refusal(str(error)))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # whoever is connected went away, or never spoke HTTP
        finally:
            self._close(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, head = await _head(reader)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        host, port = (parts.hostname or "").lower(), parts.port or port_of(parts)
        if host == SENTINEL:
            writer.write(_NOTHING)
            return
        upstream = await self._connect(method, host, port, "" if tunnel else target)
        self._writers.add(upstream[1])
        try:
            if tunnel:
                await self._tunnel((reader, writer), upstream)
            else:
                await self._forward((reader, writer), upstream, head, target)
        finally:
            self._close(upstream[1])

    def _close(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()

    async def end(self, server: asyncio.Server) -> None:
        """Stop listening and leave no connection open."""
        server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0)  # the transports close their sockets in the next turns

    async def _connect(self, method: str, host: str, port: int, url: str) -> Pair:
        at, refused = time.time(), ""
        self._open += 1
        try:
            address = await asyncio.to_thread(
                pin, host, port, allow_private=self._allow_private, ports=self._ports
            )
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.open_connection(address, port, limit=_LONGEST_HEAD)
        except AddressError as error:
            refused = str(error)
            raise
        except (OSError, TimeoutError):
            refused = f"{host}:{port} does not answer"
            raise AddressError(refused) from None
        finally:
            self._open -= 1
            self._last = time.monotonic()
            if len(self.passages) < _MOST_ENTRIES:
                self.passages.append(Passage(at, method, host, port, url, refused))

    async def _forward(self, browser: Pair, upstream: Pair, head: list[bytes], url: str) -> None:
        """One request and its answer, then the connection ends: nothing can follow it to a host
        that was not asked about."""
        reader, writer = browser
        parts = urlsplit(url)
        path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        upstream[1].write(
            b"%s %s HTTP/1.1\r\n" % (head[0].split(b" ", 1)[0], path.encode("latin-1"))
            + b"".join(line + b"\r\n" for line in head[1:] if not _is_hop_by_hop(line))
            + b"Connection: close\r\n\r\n"
        )
        body = asyncio.ensure_future(_copy(reader, upstream[1], _length(head)))
        self._open += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                await _answer_head(upstream[0], writer)
        except TimeoutError:
            writer.write(_refusal("no answer"))
        finally:
            self._open -= 1
            self._last = time.monotonic()
        await _copy(upstream[0], writer, _LARGEST_ANSWER)
        body.cancel()

    async def _tunnel(self, browser: Pair, upstream: Pair) -> None:
        browser[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(
            _copy(browser[0], upstream[1], _LARGEST_ANSWER, self._hears),
            _copy(upstream[0], browser[1], _LARGEST_ANSWER),
        )

    def _hears(self) -> None:
        self._last = time.monotonic()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, list[bytes]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, _ = lines[0].decode("latin-1").split(" ", 2)
    return method, target, lines


async def _answer_head(upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on the head of the answer, with those of information that may come before it."""
    while True:
        lines = (await upstream.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
        interim = lines[0].split(b" ", 2)[1:2] and lines[0].split(b" ", 2)[1].startswith(b"1")
        kept = [line for line in lines if not _is_hop_by_hop(line)]
        if not interim:
            kept.append(b"Connection: close")
        writer.write(b"\r\n".join(kept) + b"\r\n\r\n")
        await writer.drain()
        if not interim:
            return


async def _copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    most: int,
    each: Callable[[], None] = lambda: None,
) -> None:
    with suppress(OSError):
        while most > 0 and (piece := await reader.read(min(_PIECE, most))):
            each()
            most -= len(piece)
            writer.write(piece)
            await writer.drain()
    if most != 0:  # a body of known length that is through leaves the way back open
        with suppress(OSError, RuntimeError):
            writer.close()


def _is_hop_by_hop(line: bytes) -> bool:
    return line.partition(b":")[0].strip().lower() in _HOP_BY_HOP


def _length(head: list[bytes]) -> int:
    for line in head[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
        if name.strip().lower() == b"transfer-encoding":
            return _LARGEST_ANSWER
    return 0


def _refusal(why: str) -> bytes:
    text = f"asgi-consent: {why}\n".encode("ascii", "replace")
    return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        len(text),
        text,
    )


@contextmanager
def wall(
    *, allow_private: bool, ports: frozenset[int] = frozenset(), insecure: bool = False
) -> Iterator[Wall]:
    """A running wall on a free port of the loopback interface."""
    built = Wall(allow_private=allow_private, ports=ports, insecure=insecure)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    start = asyncio.start_server(built.answer, "127.0.0.1", 0, limit=_LONGEST_HEAD)
    server = asyncio.run_coroutine_threadsafe(start, loop).result(_PATIENCE)
    built.port = server.sockets[0].getsockname()[1]
    try:
        yield built
    finally:
        asyncio.run_coroutine_threadsafe(built.end(server), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()
