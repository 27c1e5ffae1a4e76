"""nginx and Varnish of the system, each with a folder of its own, on free ports."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import LOOPBACK, free_port, running


def needs(program: str) -> str:
    found = shutil.which(program, path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{program} is not here: make network installs it")
    return found


@contextmanager
def nginx(folder: Path, server: str, http: str = "") -> Iterator[int]:
    """nginx with `server` inside its one server block; gives its port."""
    port = free_port()
    with nginx_with(folder, port, f"{http} server {{ listen {LOOPBACK}:{port}; {server} }}"):
        yield port


@contextmanager
def nginx_with(folder: Path, port: int, http: str) -> Iterator[None]:
    """nginx with `http` inside its http block, which listens on `port`."""
    program = needs("nginx")
    user = "user root root;" if os.geteuid() == 0 else ""  # or it may not read our folder
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 512; }}\n"
        f"http {{ access_log off; {temporary}\n{http}\n}}\n"
    )
    command = [program, "-p", str(folder), "-c", str(config)]
    with running(command, port, log=folder / "nginx.log"):
        yield


@contextmanager
def varnish(folder: Path, vcl: str) -> Iterator[int]:
    """Varnish with this VCL; gives its port."""
    port = free_port()
    program = needs("varnishd")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.vcl").write_text(vcl)
    command = [program, "-F", "-j", "none", "-a", f"{LOOPBACK}:{port}", "-s", "malloc,32m"]
    command += ["-f", str(folder / "site.vcl"), "-n", str(folder / "varnish")]
    with running(command, port, log=folder / "varnish.log"):
        yield port


@contextmanager
def app_process(
    folder: Path,
    module: str,
    port: int,
    *,
    keys: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """The app in a process of its own."""
    command = [sys.executable, "-m", "uvicorn", module, f"--port={port}"]
    command.append("--timeout-graceful-shutdown=1")
    environment = {
        "ASGI_CONSENT_SECRET_KEY": ",".join(keys or [new_key()]),
        "ASGI_CONSENT_LEDGER": f"sqlite:///{folder}/ledger.db",  # one folder, one set of keys
        **(more or {}),
    }
    log = folder / f"app-{port}"
    with running(command, port, log=log, environment=environment) as process:
        yield process


def new_key() -> str:
    return secrets.token_urlsafe(32)
