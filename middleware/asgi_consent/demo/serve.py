"""Serving the demo with uvicorn."""

from __future__ import annotations

import uvicorn

from asgi_consent.demo.app import Demo
from asgi_consent.listening import address_of, listen
from asgi_consent.settings import Settings


def serve_demo(host: str, port: int, settings: Settings | None = None) -> None:
    """Serve until interrupted, with the demo's own settings or others. Raises AddressError."""
    listener = listen(host, port)
    address = address_of(listener)
    print(
        f"The camera maker's site:  {address}\n"
        f"What reached third parties: {address}third-parties\n"
        "Both run on this machine; Ctrl-C stops them.",
        flush=True,
    )
    server = uvicorn.Server(
        uvicorn.Config(Demo(settings), log_level="warning", server_header=False)
    )
    server.run(sockets=[listener])
