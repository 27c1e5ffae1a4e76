"""A socket to listen on, or one clear line about why there is none."""

from __future__ import annotations

import errno
import socket

from asgi_consent.errors import ConsentError


class AddressError(ConsentError):
    """The address to listen on is in use, or not ours."""


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Port 0 takes any free one; `option` is how the user says which. Raises AddressError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise AddressError(f"port {port} is in use; {option} 0 takes any free one") from None
        if isinstance(error, PermissionError):
            raise AddressError(f"port {port} is not for everybody; try {option} 8000") from None
        raise AddressError(f"cannot listen on {host} port {port}: {error}") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """How a browser on this machine reaches it."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
