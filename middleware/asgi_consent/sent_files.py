"""Files that an app asks its server to send, read as the body messages they stand for.

Only pages are read; other files stay with the server. The two extensions of ASGI:
https://asgi.readthedocs.io/en/latest/extensions.html#path-send, #zero-copy-send
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import anyio
import anyio.to_thread

from asgi_consent.types import Message

_READ = 64 * 1024  # bytes of a file at a time


async def read_path(message: Message) -> AsyncIterator[Message]:
    """The file of an `http.response.pathsend` message: the whole body of its response."""
    async with await anyio.open_file(message["path"], "rb") as file:
        while piece := await file.read(_READ):
            yield _body(piece)
    yield {"type": "http.response.body", "body": b""}


async def read_descriptor(message: Message) -> AsyncIterator[Message]:
    """The part of a file that an `http.response.zerocopysend` message names by `offset` and
    `count`; without an offset the file is read on from where it stands."""
    number: int = (
        message["file"].fileno() if hasattr(message["file"], "fileno") else message["file"]
    )
    offset: int | None = message.get("offset")
    left: int | None = message.get("count")
    while left is None or left > 0:
        size = _READ if left is None else min(left, _READ)
        piece = await anyio.to_thread.run_sync(_read, number, offset, size)
        if not piece:
            break
        offset = None if offset is None else offset + len(piece)
        left = None if left is None else left - len(piece)
        yield _body(piece)
    yield {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}


def _read(number: int, offset: int | None, size: int) -> bytes:
    return os.read(number, size) if offset is None else os.pread(number, size, offset)


def _body(piece: bytes) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": True}
