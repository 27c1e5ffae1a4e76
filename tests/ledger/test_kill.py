"""What was acknowledged is there, whatever dies. ASGI_CONSENT_KILLS=50 for the long version."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.opening import open_for_writing
from asgi_consent.ledger.verify import Report, verify
from tests.ledger.postgresql import Server

KILLS = int(os.environ.get("ASGI_CONSENT_KILLS", "2"))
PROCESSES = 8 if KILLS > 2 else 3
ROOT = Path(__file__).parents[2]


def appending(url: str, callers: int, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ledger.appending", url, str(callers), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def acknowledged_until(process: subprocess.Popen[str], count: int) -> set[str]:
    """The ids of the first `count` records; what is still in the pipe is read later."""
    assert process.stdout is not None
    return {process.stdout.readline().split()[0] for _ in range(count)}


def rest_of(process: subprocess.Popen[str]) -> set[str]:
    assert process.stdout is not None
    with process.stdout:
        lines = process.stdout.read().splitlines()
    process.wait()
    return {line.split()[0] for line in lines if " " in line}


def check(address: LedgerAddress, keys: LedgerKeys, acknowledged: set[str]) -> Report:
    store = open_for_writing(address, keys)
    report = verify(store, keys)
    kept = {row.record_id for row in store.all_rows()}
    store.close()
    assert report.problems == []
    assert acknowledged - kept == set()
    return report


def test_killing_the_app_loses_nothing_that_was_acknowledged(
    address: LedgerAddress, keys: LedgerKeys
) -> None:
    acknowledged: set[str] = set()
    for turn in range(KILLS):
        process = appending(address.target if address.kind != "sqlite" else str(address), 16, 60)
        acknowledged |= acknowledged_until(process, 20 + 13 * turn)
        process.send_signal(signal.SIGKILL)
        acknowledged |= rest_of(process)

        check(address, keys, acknowledged)

    assert len(acknowledged) >= 20 * KILLS


def test_killing_postgresql_loses_nothing_that_was_acknowledged(
    server: Server, keys: LedgerKeys
) -> None:
    url = server.fresh_url()
    acknowledged: set[str] = set()
    for turn in range(max(1, KILLS // 3)):
        process = appending(url, 16, 60)
        acknowledged |= acknowledged_until(process, 20 + 13 * turn)
        server.kill()
        process.send_signal(signal.SIGKILL)
        acknowledged |= rest_of(process)
        server.start()

        check(LedgerAddress.parse(url), keys, acknowledged)


def test_several_processes_on_one_file_write_one_chain(tmp_path: Path, keys: LedgerKeys) -> None:
    address = LedgerAddress.parse(f"sqlite:///{tmp_path}/ledger.db")
    processes = [appending(str(address), 4, 1) for _ in range(PROCESSES)]

    acknowledged = set[str]().union(*(rest_of(process) for process in processes))

    report = check(address, keys, acknowledged)
    assert report.records == len(acknowledged) + PROCESSES


def test_processes_that_start_at_once_make_the_schema_once(
    address: LedgerAddress, keys: LedgerKeys
) -> None:
    url = address.target if address.kind != "sqlite" else str(address)
    processes = [appending(url, 1, 0.2) for _ in range(PROCESSES)]

    acknowledged = set[str]().union(*(rest_of(process) for process in processes))

    check(address, keys, acknowledged)
    assert [process.returncode for process in processes] == [0] * PROCESSES
