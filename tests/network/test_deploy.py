"""The files of deploy/ do what they say."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx2

from tests.network.conftest import new_key, nginx_with
from tests.processes import LOOPBACK, ROOT, free_port, running

DEPLOY = ROOT / "deploy"
CHOICE = {"choice": "accept"}


def test_three_processes_of_the_unit_behind_the_nginx_of_the_example(tmp_path: Path) -> None:
    key = {"ASGI_CONSENT_SECRET_KEY": new_key()}
    ports = {str(example): free_port() for example in (8001, 8002, 8003, 8080, 9000)}
    site = [sys.executable, "-m", "uvicorn", "tests.proxy.site:app", f"--port={ports['9000']}"]
    with ExitStack() as stack:
        stack.enter_context(running(site, ports["9000"], log=tmp_path / "site"))
        for example in ("8001", "8002", "8003"):
            command = _exec_start(tmp_path, ports, ports[example])
            log = tmp_path / example
            stack.enter_context(running(command, ports[example], log=log, environment=key))
        example = (DEPLOY / "nginx.conf").read_text()
        for known, port in ports.items():
            example = example.replace(known, str(port))
        stack.enter_context(nginx_with(tmp_path, ports["8080"], example))

        with httpx2.Client(
            base_url=f"http://{LOOPBACK}:{ports['8080']}", trust_env=False
        ) as client:
            lies = {"x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.1"}
            same = {"sec-fetch-site": "same-origin", **lies}
            chosen = client.post("/_consent/choice", data=CHOICE, headers=same)
            states = [client.get("/_consent/state").json()["status"] for _ in range(6)]
            seen = dict(client.get("/echo", headers=lies).json()["headers"])

    assert chosen.headers["set-cookie"].startswith("asgi_consent=")  # it was no https
    assert states == ["given"] * 6
    assert seen["x-forwarded-for"] == f"{LOOPBACK}, {LOOPBACK}"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["host"] == f"{LOOPBACK}:{ports['8080']}"


def _exec_start(folder: Path, ports: dict[str, int], port: int) -> list[str]:
    unit = (DEPLOY / "asgi-consent@.service").read_text().replace("\\\n", " ")
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    (folder / "consent.toml").write_text("")
    start = start.replace("/opt/asgi-consent/bin/asgi-consent", f"{sys.executable} -m asgi_consent")
    start = start.replace("/etc/asgi-consent/consent.toml", str(folder / "consent.toml"))
    return shlex.split(start.replace(":9000", f":{ports['9000']}").replace("%i", str(port)))
