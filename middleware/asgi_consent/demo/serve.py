"""Serving the demo with uvicorn."""

from __future__ import annotations

import errno
import socket

import uvicorn

from asgi_consent.demo.app import Demo
from asgi_consent.errors import ConsentError
from asgi_consent.settings import Settings


class AddressError(ConsentError):
    """The address of the demo is in use, or not ours."""


def serve_demo(host: str, port: int, settings: Settings | None = None) -> None:
    """Serve until interrupted, with the demo's own settings or others. Raises AddressError."""
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    print(
        f"The camera maker's site:  http://{shown}:{port}/\n"
        f"What reached third parties: http://{shown}:{port}/third-parties\n"
        "Both run on this machine; Ctrl-C stops them.",
        flush=True,
    )
    server = uvicorn.Server(
        uvicorn.Config(Demo(settings), log_level="warning", server_header=False)
    )
    server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise AddressError(f"port {port} is in use; --port 0 takes any free one") from None
        if isinstance(error, PermissionError):
            raise AddressError(f"port {port} is not for everybody; try --port 8000") from None
        raise AddressError(f"cannot listen on {host} port {port}: {error}") from None
    return listener
