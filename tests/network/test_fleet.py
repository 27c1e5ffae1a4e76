"""Three processes of the app behind nginx, with one secret and nothing else in common."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.network.conftest import new_key
from tests.network.fleet import NAVIGATES, Fleet, choose, sailing
from tests.processes import LOOPBACK, PATIENCE


@pytest.fixture
def keys() -> list[str]:
    return [new_key()]


@pytest.fixture
def fleet(tmp_path: Path, keys: list[str]) -> Iterator[Fleet]:
    with sailing(tmp_path, keys, {}) as fleet:
        yield fleet


@dataclass
class Crowd:
    """Visitors who have agreed to statistics and go on reading, until told to stop."""

    fleet: Fleet
    pages: int = 0
    faults: list[str] = field(default_factory=list[str])
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __enter__(self) -> Crowd:
        for number in range(4):
            thread = threading.Thread(target=self._read, args=(number,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def read(self, pages: int) -> None:
        """Wait until the crowd has read that many more."""
        goal = self.pages + pages
        while self.pages < goal and not self.faults and any(t.is_alive() for t in self._threads):
            self._threads[0].join(0.02)

    def _read(self, number: int) -> None:
        with httpx2.Client(base_url=self.fleet.address, trust_env=False, timeout=20) as client:
            choose(client)
            while not self._stop.is_set():
                answer = client.get(f"/page/{number}", headers=NAVIGATES)
                if answer.status_code != 200:
                    self.faults.append(f"status {answer.status_code}")
                elif 'grants=statistics"' not in answer.text:
                    self.faults.append("a consent was lost or misread")
                self.pages += 1


def test_choice_made_on_one_machine_counts_on_all(fleet: Fleet) -> None:
    with httpx2.Client(base_url=fleet.address, trust_env=False) as client:
        choose(client)
        answers = [client.get("/page/1", headers=NAVIGATES) for _ in range(12)]

    assert {answer.headers["x-node"] for answer in answers} == {
        f"{LOOPBACK}:{port}" for port in fleet.ports
    }
    assert all('grants=statistics"' in answer.text for answer in answers)
    assert len({answer.headers["etag"] for answer in answers}) == 1


def test_keys_are_changed_while_visitors_read(fleet: Fleet, keys: list[str]) -> None:
    new = new_key()
    with Crowd(fleet) as crowd:
        crowd.read(50)
        # Every machine must know the new key before the first one signs with it.
        for known in ([new, *keys], [*keys, new]):
            for port in fleet.ports:
                fleet.restart(port, known)
                crowd.read(20)
        with httpx2.Client(base_url=fleet.address, trust_env=False) as late:
            choose(late)
            after = late.get("/page/1", headers=NAVIGATES)

    assert crowd.faults == []
    assert crowd.pages > 150
    assert 'grants=statistics"' in after.text


def test_key_that_is_taken_away_asks_again_and_grants_nothing(
    fleet: Fleet, keys: list[str]
) -> None:
    with httpx2.Client(base_url=fleet.address, trust_env=False) as client:
        choose(client)
        fleet.restart(fleet.ports[0], [new_key()])
        answers = [client.get("/page/1", headers=NAVIGATES) for _ in range(6)]

    by_node: dict[str, set[bool]] = {}
    for answer in answers:
        granted = 'grants=statistics"' in answer.text
        by_node.setdefault(answer.headers["x-node"], set()).add(granted)
        assert granted or 'grants="' in answer.text
    assert by_node[f"{LOOPBACK}:{fleet.ports[0]}"] == {False}


def test_machine_that_dies_costs_no_page_and_no_consent(fleet: Fleet, keys: list[str]) -> None:
    with Crowd(fleet) as crowd:
        crowd.read(50)
        for port in fleet.ports[:2]:
            fleet.kill(port)
            crowd.read(60)
            fleet.start(port, keys)
            crowd.read(30)

    assert crowd.faults == []
