"""Three processes of the app behind nginx, with one secret, and a ledger in common or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import httpx2

from tests.network.conftest import app_process, nginx
from tests.processes import LOOPBACK, PATIENCE, free_port

APP = "tests.network.site:app"
NAVIGATES = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
CHOICE = {"choice": "save", "categories": ["statistics"], "services": []}
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}

BALANCING = """
location / {
  proxy_pass http://fleet; proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_set_header Host $http_host; proxy_next_upstream error timeout;
  add_header X-Node $upstream_addr always;
}
"""


@dataclass
class Node:
    process: Popen[bytes]
    closing: ExitStack


@dataclass
class Fleet:
    """Each node, by its port, can be stopped, killed, and started with other keys."""

    folder: Path
    ports: list[int]
    more: Mapping[str, str]  # of its environment
    address: str = ""
    nodes: dict[int, Node] = field(default_factory=dict[int, Node])

    def start(self, port: int, keys: list[str]) -> None:
        closing = ExitStack()
        process = closing.enter_context(
            app_process(self.folder, APP, port, keys=keys, more=self.more)
        )
        self.nodes[port] = Node(process, closing)

    def stop(self, port: int) -> None:
        self.nodes.pop(port).closing.close()

    def restart(self, port: int, keys: list[str]) -> None:
        self.stop(port)
        self.start(port, keys)

    def kill(self, port: int) -> None:
        process = self.nodes[port].process
        process.kill()
        process.wait(PATIENCE)
        self.stop(port)


@contextmanager
def sailing(folder: Path, keys: list[str], more: Mapping[str, str]) -> Iterator[Fleet]:
    """The fleet, started, for as long as the context lasts."""
    ports = [free_port() for _ in range(3)]
    servers = " ".join(f"server {LOOPBACK}:{port} max_fails=0;" for port in ports)
    fleet = Fleet(folder, ports, more)
    try:
        for port in ports:
            fleet.start(port, keys)
        with nginx(folder, BALANCING, f"upstream fleet {{ {servers} keepalive 8; }}") as front:
            fleet.address = f"http://{LOOPBACK}:{front}"
            yield fleet
    finally:
        for port in [*fleet.nodes]:
            fleet.stop(port)


def choose(client: httpx2.Client) -> None:
    answer = client.post("/_consent/choice", json=CHOICE, headers=SAME_ORIGIN)
    answer.raise_for_status()
