"""What durable recording adds to a choice, for SQLite and PostgreSQL, next to no ledger.

python -m benchmarks.ledger [--folder DIR]

`POST choice` goes through the whole middleware in one process, without a socket: what is measured
is our work and the disk's. The time of one fdatasync on the same disk stands beside, as that is
what a durable commit waits for. At the end, eight processes that share one SQLite file.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from tests.asgi import SECRET, SimpleApp, scope_of
from tests.ledger.postgresql import serving

from asgi_consent import ConsentMiddleware
from asgi_consent.types import Message

CALLERS = (1, 16, 64)
SECONDS = 3.0
BODY = b"choice=save&category=statistics&from=banner"


def fdatasync(folder: Path) -> float:
    """Milliseconds, the median of 200."""
    with (folder / "probe").open("wb", buffering=0) as file:
        times: list[float] = []
        for _ in range(200):
            os.pwrite(file.fileno(), b"x" * 4096, 0)
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


@contextmanager
def places(folder: Path) -> Iterator[dict[str, str]]:
    with serving() as server:
        yield {
            "no ledger": "off",
            "SQLite": f"sqlite:///{folder}/ledger.db",
            "PostgreSQL": server.fresh_url(),
        }


async def choose(app: ConsentMiddleware, number: int) -> int:
    """One first choice, from an address of its own."""
    status: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Message) -> None:
        if "status" in message:
            status.append(message["status"])

    headers = [(b"sec-fetch-site", b"same-origin")]
    scope = scope_of("/_consent/choice", headers, method="POST", client=(str(number), 1))
    await app(scope, receive, send)
    return status[0]


async def measure(app: ConsentMiddleware, callers: int) -> tuple[float, float, float]:
    """Median milliseconds, choices a second, microseconds of CPU a choice."""
    assert await choose(app, -1) == 303
    waits: list[float] = []
    end = time.perf_counter() + SECONDS

    async def call() -> None:
        while (begun := time.perf_counter()) < end:
            assert await choose(app, len(waits)) == 303
            waits.append(time.perf_counter() - begun)

    begun, cpu = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(callers):
            tasks.start_soon(call)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return statistics.median(waits) * 1000, len(waits) / wall, cpu / len(waits) * 1e6


def share(folder: Path, processes: int = 8) -> tuple[float, float, float]:
    """Milliseconds that 99 of 100 and the longest of all waited, and records a second, where
    processes of four callers each write into one SQLite file as fast as they can."""
    seconds = "5"
    command = [sys.executable, "-m", "tests.ledger.appending", f"sqlite:///{folder}/shared.db"]
    running = [
        subprocess.Popen([*command, "4", seconds], stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    lines = [line for process in running for line in process.communicate()[0].splitlines()]
    waits = sorted(float(line.split()[1]) for line in lines)
    return waits[int(len(waits) * 0.99)], waits[-1], len(waits) / float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="where the SQLite file is (default: a temporary one)")
    options: Any = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        print(f"fdatasync of 4 KiB here: {fdatasync(folder):.2f} ms; {os.cpu_count()} cores")
        print("callers  ledger      p50 ms   added  choices/s  CPU µs/choice")
        with places(folder) as urls:
            for callers in CALLERS:
                base = 0.0
                for title, url in urls.items():
                    os.environ["ASGI_CONSENT_LEDGER"] = url
                    app = ConsentMiddleware(SimpleApp(), secret_key=SECRET)
                    wait, rate, cpu = anyio.run(measure, app, callers)
                    app.ledger.close()
                    base = base or wait
                    print(
                        f"{callers:>7}  {title:<10} {wait:>7.2f} {wait - base:>7.2f} "
                        f"{rate:>10.0f} {cpu:>14.0f}",
                        flush=True,
                    )
        most, longest, rate = share(folder)
        print(
            f"8 processes, one SQLite file: {rate:.0f} records/s; a commit is waited for "
            f"{most:.0f} ms at most by 99 of 100, {longest:.0f} ms by the last"
        )


if __name__ == "__main__":
    main()
