"""A forward proxy for browsers without resolver rules: *.localhost is here, the rest nowhere."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LONGEST_HEAD = 64 * 1024


@contextmanager
def proxying() -> Iterator[int]:
    """Serve on a free port of the loopback interface; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    running: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def run() -> None:
        done = asyncio.Event()
        server = await asyncio.start_server(_serve, sock=listener, limit=_LONGEST_HEAD)
        running.put((asyncio.get_running_loop(), done))
        await done.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    loop, done = running.get(timeout=10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    onward = None
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, rest = head.split(b" ", 2)
        authority = target if method == b"CONNECT" else target.split(b"/", 3)[2]
        host, _, port = authority.decode().partition(":")
        if host != "127.0.0.1" and not host.endswith("localhost"):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        upstream, onward = await asyncio.open_connection("127.0.0.1", int(port or 80))
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            path = b"/" + target.split(b"/", 3)[3]
            # One request a connection: the next may lead to somebody else.
            rest = rest.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            onward.write(b" ".join((method, path, rest)))
        await asyncio.gather(_copy(reader, onward), _copy(upstream, writer))
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        pass  # a browser that has gone, or speaks no HTTP
    finally:
        for end in (writer, onward):
            if end is not None:
                end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()
        writer.close()
