"""nginx and Varnish of the system, each with a folder of its own, on free ports."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
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
    program = needs("nginx")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    user = "user root root;" if os.geteuid() == 0 else ""  # or it may not read our folder
    text = _NGINX.format(folder=folder, port=port, server=server, http=http, user=user)
    config.write_text(text)
    with running([program, "-p", str(folder), "-c", str(config)], port, log=folder / "nginx.log"):
        yield port


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
) -> Iterator[subprocess.Popen[bytes]]:
    """The app in a process of its own."""
    command = [sys.executable, "-m", "uvicorn", module, f"--port={port}"]
    command.append("--timeout-graceful-shutdown=1")
    environment = {"ASGI_CONSENT_SECRET_KEY": ",".join(keys or [new_key()])}
    log = folder / f"app-{port}"
    with running(command, port, log=log, environment=environment) as process:
        yield process


def new_key() -> str:
    return secrets.token_urlsafe(32)


_NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {http}
  server {{ listen 127.0.0.1:{port}; {server} }}
}}
"""
