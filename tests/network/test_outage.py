"""Three machines with one ledger in PostgreSQL, which dies for a while, and so does one of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.opening import reading
from asgi_consent.ledger.verify import verify
from tests.ledger.postgresql import Server, find_binaries, serving
from tests.network.conftest import new_key
from tests.network.fleet import CHOICE, NAVIGATES, SAME_ORIGIN, Fleet, sailing
from tests.processes import PATIENCE

OUTAGE = 20.0  # seconds
_GRANTED = 'grants=statistics"'


@dataclass
class Deciders:
    """Visitors who come, agree to statistics and read a page, one after the other. `recorded` are
    the records that were acknowledged, `refused` how many were told that it could not be."""

    address: str
    recorded: set[str] = field(default_factory=set[str])
    refused: int = 0
    pages: int = 0
    faults: list[str] = field(default_factory=list[str])
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Deciders:
        self._threads = [threading.Thread(target=self._come, daemon=True) for _ in range(3)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def wait(self, *, recorded: int = 0, refused: int = 0, seconds: float = 0) -> None:
        """Until so many more were recorded and refused, and at least so long."""
        recorded, refused = len(self.recorded) + recorded, self.refused + refused
        until, end = time.monotonic() + seconds, time.monotonic() + seconds + PATIENCE
        while time.monotonic() < until or len(self.recorded) < recorded or self.refused < refused:
            assert time.monotonic() < end, "the visitors got nowhere"
            self._threads[0].join(0.02)

    def _come(self) -> None:
        while not self._stop.wait(0.03):  # or there would be more than one address may send
            with httpx2.Client(base_url=self.address, trust_env=False, timeout=30) as client:
                self._decide(client)

    def _decide(self, client: httpx2.Client) -> None:
        self._read(client, granted=False)
        answer = client.post("/_consent/choice", json=CHOICE, headers=SAME_ORIGIN)
        if answer.status_code == 200:
            self.recorded.add(answer.json()["record"])
        elif answer.status_code == 503:
            self.refused += 1
        else:
            self.faults.append(f"a choice was answered by {answer.status_code}")
        self._read(client, granted=answer.status_code == 200)

    def _read(self, client: httpx2.Client, *, granted: bool) -> None:
        page = client.get("/page/1", headers=NAVIGATES)
        self.pages += 1
        if page.status_code != 200:
            self.faults.append(f"a page was answered by {page.status_code}")
        elif (_GRANTED in page.text) is not granted:
            self.faults.append("granted, not recorded" if not granted else "recorded, not granted")


@pytest.fixture
def database() -> Iterator[Server]:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL: make postgresql installs it")
    with serving() as server:
        yield server


@pytest.fixture
def keys() -> list[str]:
    return [new_key()]


@pytest.fixture
def url(database: Server) -> str:
    return database.fresh_url()


@pytest.fixture
def fleet(tmp_path: Path, keys: list[str], url: str) -> Iterator[Fleet]:
    with sailing(tmp_path, keys, {"ASGI_CONSENT_LEDGER": url}) as fleet:
        yield fleet


def kept(url: str, keys: list[str]) -> set[str]:
    """The ids of all records, in a ledger that verifies."""
    with reading(LedgerAddress.parse(url)) as store:
        assert verify(store, LedgerKeys(keys)).problems == []
        return {row.record_id for row in store.all_rows() if row.record_id}


def test_database_that_is_down_for_twenty_seconds_costs_no_page_and_no_decision(
    database: Server, fleet: Fleet, keys: list[str], url: str
) -> None:
    with Deciders(fleet.address) as deciders:
        deciders.wait(recorded=20)
        database.kill()
        deciders.wait(refused=20, seconds=OUTAGE)
        database.start()
        deciders.wait(recorded=60)

    assert deciders.faults == []
    assert deciders.recorded <= kept(url, keys)
    print(f"{deciders.pages} pages, {len(deciders.recorded)} recorded, {deciders.refused} refused")


def test_machine_that_dies_while_visitors_decide_loses_none_of_their_decisions(
    fleet: Fleet, keys: list[str], url: str
) -> None:
    port = fleet.ports[0]
    with Deciders(fleet.address) as deciders:
        deciders.wait(recorded=30)
        fleet.kill(port)
        deciders.wait(recorded=30)
        fleet.start(port, keys)
        deciders.wait(recorded=30)

    # A decision on its way when its machine dies is nobody's: nginx asks no second one for a POST.
    assert set(deciders.faults) <= {"a choice was answered by 502"}
    assert deciders.recorded <= kept(url, keys)
