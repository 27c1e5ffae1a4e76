"""The files of deploy/ do what they say."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
import yaml

from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.ledger.opening import reading
from tests.ledger.postgresql import find_binaries, serving
from tests.network.conftest import new_key, nginx_with
from tests.processes import LOOPBACK, ROOT, free_port, running

DEPLOY = ROOT / "deploy"
CHOICE = {"choice": "accept"}


def test_three_processes_of_the_unit_behind_the_nginx_of_the_example(tmp_path: Path) -> None:
    ports = _ports()
    _, environment = _unit(tmp_path)
    environment["ASGI_CONSENT_SECRET_KEY"] = new_key()

    with _standing(tmp_path, ports, lambda port: _exec_start(tmp_path, ports, port), environment):
        chosen, states, seen = _choose_and_look(ports)

    assert (tmp_path / "ledger.db").exists()
    assert chosen.headers["set-cookie"].startswith("asgi_consent=")  # it was no https
    assert states == ["given"] * 6
    assert seen["x-forwarded-for"] == f"{LOOPBACK}, {LOOPBACK}"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["host"] == f"{LOOPBACK}:{ports['8080']}"


def test_processes_of_the_containers_share_a_choice_by_their_ledger(tmp_path: Path) -> None:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL: make postgresql installs it")
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ports = _ports()

    def command(port: int) -> list[str]:
        text = services[names[port]]["command"].replace("site:80 ", f"{LOOPBACK}:{ports['9000']} ")
        text = text.replace("0.0.0.0:8001", f"{LOOPBACK}:{port}").replace("172.16.0.0/12", LOOPBACK)
        text = text.replace("/etc/asgi-consent/consent.toml", str(tmp_path / "consent.toml"))
        return [sys.executable, "-m", "asgi_consent", *shlex.split(text)]

    names = {
        ports[f"800{n}"]: name for n, name in enumerate(("consent", "consent2", "consent3"), 1)
    }
    (tmp_path / "consent.toml").write_text("")
    with serving() as database:
        environment = {name: database.fresh_url() for name in services["consent"]["environment"]}
        environment["ASGI_CONSENT_SECRET_KEY"] = new_key()
        with _standing(tmp_path, ports, command, environment):
            _, states, _ = _choose_and_look(ports)
        with reading(LedgerAddress.parse(environment["ASGI_CONSENT_LEDGER"])) as store:
            events = [row.event for row in store.all_rows()]

    assert states == ["given"] * 6
    assert events == ["given"]


def _ports() -> dict[str, int]:
    """Free ones in the place of those of the examples."""
    return {str(example): free_port() for example in (8001, 8002, 8003, 8080, 9000)}


@contextmanager
def _standing(
    folder: Path,
    ports: dict[str, int],
    command: Callable[[int], list[str]],
    environment: dict[str, str],
) -> Iterator[None]:
    """A site, three processes before it, and nginx as in the example before these."""
    site = [sys.executable, "-m", "uvicorn", "tests.proxy.site:app", f"--port={ports['9000']}"]
    with ExitStack() as stack:
        stack.enter_context(running(site, ports["9000"], log=folder / "site"))
        for port in (ports["8001"], ports["8002"], ports["8003"]):
            log = folder / str(port)
            stack.enter_context(running(command(port), port, log=log, environment=environment))
        example = (DEPLOY / "nginx.conf").read_text()
        for known, port in ports.items():
            example = example.replace(known, str(port))
        stack.enter_context(nginx_with(folder, ports["8080"], example))
        yield


def _choose_and_look(ports: dict[str, int]) -> tuple[httpx2.Response, list[str], dict[str, str]]:
    """A choice, what six requests make of it, and the headers that the site sees."""
    with httpx2.Client(base_url=f"http://{LOOPBACK}:{ports['8080']}", trust_env=False) as client:
        lies = {"x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.1"}
        same = {"sec-fetch-site": "same-origin", **lies}
        chosen = client.post("/_consent/choice", data=CHOICE, headers=same)
        states = [client.get("/_consent/state").json()["status"] for _ in range(6)]
        seen = dict(client.get("/echo", headers=lies).json()["headers"])
    return chosen, states, seen


def _unit(folder: Path) -> tuple[str, dict[str, str]]:
    """The unit, and the environment that it sets, with this folder as its state directory."""
    unit = (DEPLOY / "asgi-consent@.service").read_text().replace("\\\n", " ")
    found = re.findall(r"^Environment=(\w+)=(.*)$", unit, re.MULTILINE)
    return unit, {name: text.replace("/var/lib/asgi-consent", str(folder)) for name, text in found}


def _exec_start(folder: Path, ports: dict[str, int], port: int) -> list[str]:
    unit, _ = _unit(folder)
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    (folder / "consent.toml").write_text("")
    start = start.replace("/opt/asgi-consent/bin/asgi-consent", f"{sys.executable} -m asgi_consent")
    start = start.replace("/etc/asgi-consent/consent.toml", str(folder / "consent.toml"))
    return shlex.split(start.replace(":9000", f":{ports['9000']}").replace("%i", str(port)))
