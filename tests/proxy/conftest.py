"""The real command in front of a real site, each a program of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import httpx2
import pytest

from tests.asgi import SECRET
from tests.processes import LOOPBACK, free_port, running


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    process: Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def memory(self) -> int:
        """Bytes of memory in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


StartProxy = Callable[..., AbstractContextManager[Running]]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def site(logs: Path) -> Iterator[Running]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.proxy.site:app", f"--port={port}"]
    command.append("--timeout-graceful-shutdown=1")
    with running(command, port, log=logs / "site") as process:
        yield Running(port, process)


@pytest.fixture(scope="session")
def start_proxy(logs: Path) -> StartProxy:
    """`start_proxy(upstream, "--option", …)`: the command, until the block ends."""

    @contextmanager
    def start(upstream: str, *options: str, port: int = 0) -> Iterator[Running]:
        port = port or free_port()
        command = [sys.executable, "-m", "asgi_consent", "proxy", upstream]
        command += [f"--listen={LOOPBACK}:{port}", f"--config={logs / 'consent.toml'}", *options]
        (logs / "consent.toml").write_text(_SETTINGS)
        environment = {"ASGI_CONSENT_SECRET_KEY": SECRET}
        with running(command, port, log=logs / "proxy", environment=environment) as process:
            yield Running(port, process)

    return start


@pytest.fixture(scope="session")
def proxy(site: Running, start_proxy: StartProxy) -> Iterator[Running]:
    with start_proxy(site.address) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=proxy.address, trust_env=False, timeout=20) as client:
        yield client


_SETTINGS = """
[[services]]
id = "shop"
name = "Shop"
category = "necessary"
purpose = "Keeps your basket"
cookies = [{ name = "basket" }]
"""
