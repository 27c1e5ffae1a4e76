"""What a page costs in memory and time that is far larger than any page ought to be.

    python benchmarks/memory.py
    python benchmarks/memory.py --case comment

Each case streams through the whole middleware in a process of its own, first small, then at its
full size: `grew` is how much the process's peak (VmHWM) rose by the second, `per MB` how much
longer a megabyte took than in the first. Exits 1 where a limit is passed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

from asgi_consent import ConsentMiddleware
from asgi_consent.types import Message, Receive, Scope, Send

_MB = 1_000_000
_CHUNK = 64 * 1024
_ROW = (
    b'<article><h2>Camera</h2><p>Made to be repaired, by whoever inherits it.</p><a href="/c">More'
    b'</a><img src="/i.avif" alt=""><img src="https://tracker.example/p.gif"></article>\n'
)


class Case(NamedTuple):
    """`body` gives pieces for a number of bytes, `least` and `most` are bytes; `grows` is how many
    MB more memory the larger may take."""

    about: str
    body: Callable[[int], Iterator[bytes]]
    least: int
    most: int
    grows: float


def _repeated(row: bytes, size: int) -> Iterator[bytes]:
    chunk = row * (_CHUNK // len(row) + 1)
    return islice(repeat(chunk), size // len(chunk))


def _within(opening: bytes, row: bytes, end: bytes) -> Callable[[int], Iterator[bytes]]:
    def body(size: int) -> Iterator[bytes]:
        yield opening
        yield from _repeated(row, size)
        yield end

    return body


def _single_bytes(size: int) -> Iterator[bytes]:
    for at in range(size):
        yield _ROW[at % len(_ROW) :][:1]


CASES = {
    "page": Case("200 MB of a page", _within(b"<body>", _ROW, b""), 20 * _MB, 200 * _MB, 1),
    "comment": Case(
        "a comment of 50 MB", _within(b"<body><!--", b"-> x ", b"-->"), 5 * _MB, 50 * _MB, 1
    ),
    "script": Case(
        "a script of 50 MB",
        _within(b"<body><script>", b"x = 'https://tracker.example/';\n", b"</script>"),
        10 * _MB,  # more than the 8 MB that are read before it counts as unknown
        50 * _MB,
        1,
    ),
    "attributes": Case(
        "a tag with a million attributes",
        _within(b"<body><img ", b"data-a=b ", b">"),
        1 * _MB,
        9 * _MB,
        64,  # up to 4 MB of a tag are read whole, as pictures come in attributes
    ),
    "single bytes": Case("1 MB, byte by byte", _single_bytes, _MB // 10, _MB, 1),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", choices=CASES, help="only this one")
    parser.add_argument("--within", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.within:
        print(json.dumps(asyncio.run(_measure(CASES[options.case]))))
        return 0
    wrong = 0
    print(f"{'':<34}{'MB/s':>8}{'per MB':>9}{'grew':>10}{'allowed':>10}")
    for name, case in CASES.items():
        if options.case not in (None, name):
            continue
        command = [sys.executable, __file__, "--within", "--case", name]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        rate, slower, grew = json.loads(told.stdout)
        bad = grew > case.grows or slower > 1.5
        wrong += bad
        print(
            f"{case.about:<34}{rate:8.1f}{slower:8.2f}×{grew:7.2f} MB{case.grows:7.2f} MB"
            f"{'   TOO MUCH' if bad else ''}"
        )
    return 1 if wrong else 0


async def _measure(case: Case) -> tuple[float, float, float]:
    """MB a second, how much slower than the smaller size, MB of peak memory more than that took."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASGI_CONSENT_LEDGER"] = f"sqlite:///{Path(folder) / 'ledger.db'}"
        passes = _Passes(case)
        small = await passes(case.least)
        peak = _peak()
        large = await passes(case.most)
        return case.most / _MB / large, large / case.most * case.least / small, _peak() - peak


class _Passes:
    """Lets a body through, and tells how many seconds of CPU time that took."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._size = self._sent = 0
        self._protected = ConsentMiddleware(
            self._app, secret_key="of-a-benchmark-0123456789abcdefghij"
        )

    async def __call__(self, size: int) -> float:
        self._size, self._sent = size, 0
        scope = {
            **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1"},
            **{"scheme": "https", "method": "GET", "path": "/", "raw_path": b"/"},
            **{"root_path": "", "query_string": b"", "headers": [(b"host", b"shop.example")]},
        }
        started = time.process_time()
        await self._protected(scope, self._receive, self._send)
        if self._sent < size * 0.9:
            raise RuntimeError(f"only {self._sent} of {size} bytes came out")
        return time.process_time() - started

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in self._case.body(self._size):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        self._sent += len(message.get("body", b""))


def _peak() -> float:
    """MB that the process has held at most so far."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", told)
    if found is None:
        raise RuntimeError("this kernel does not tell the peak of a process's memory")
    return int(found[1]) * 1024 / _MB


if __name__ == "__main__":
    sys.exit(main())
