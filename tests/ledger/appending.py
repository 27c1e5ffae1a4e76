"""A process that records as fast as it can, and says on standard output what was acknowledged.

python -m tests.ledger.appending URL CALLERS SECONDS: a line for each record, "ID MILLISECONDS".
"""

from __future__ import annotations

import os
import sys
import time

import anyio

from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.ledger import Ledger
from tests.asgi import SECRET
from tests.ledger.making import record


async def main(url: str, callers: int, seconds: float) -> None:
    ledger = Ledger(LedgerAddress.parse(url), LedgerKeys([SECRET]), patience=60)
    await ledger.append([record()])
    end = time.monotonic() + seconds

    async def call() -> None:
        while time.monotonic() < end:
            one = record()
            begun = time.perf_counter()
            await ledger.append([one])
            waited = (time.perf_counter() - begun) * 1000
            os.write(1, f"{one.record_id} {waited:.2f}\n".encode())  # a whole line or nothing

    async with anyio.create_task_group() as tasks:
        for _ in range(callers):
            tasks.start_soon(call)
    ledger.close()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
