"""Serving the demo with uvicorn."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import uvicorn

from asgi_consent.demo.app import SETTINGS, Demo
from asgi_consent.ledger.address import DEFAULT_ADDRESS, LedgerAddress
from asgi_consent.listening import address_of, listen
from asgi_consent.settings import Settings, load_settings


def serve_demo(host: str, port: int, settings: Settings | None = None) -> None:
    """Serve until interrupted, with the demo's own settings or others. Raises AddressError."""
    with tempfile.TemporaryDirectory(prefix="asgi-consent-demo-") as folder:
        _serve(host, port, _with_ledger(settings or load_settings(SETTINGS), folder))


def _with_ledger(settings: Settings, folder: str) -> Settings:
    """A ledger that ends with the demo, unless somebody has said where it is to be."""
    if settings.ledger.address != DEFAULT_ADDRESS:
        return settings
    address = LedgerAddress("sqlite", f"{folder}/ledger.db")
    return replace(settings, ledger=replace(settings.ledger, address=address))


def _serve(host: str, port: int, settings: Settings) -> None:
    demo = Demo(settings)
    listener = listen(host, port)
    address = address_of(listener)
    print(
        f"The camera maker's site:  {address}\n"
        f"What reached third parties: {address}third-parties\n"
        f"The ledger of choices:       {demo.protected.ledger.address}\n"
        "All of it runs on this machine; Ctrl-C stops it.",
        flush=True,
    )
    server = uvicorn.Server(uvicorn.Config(demo, log_level="warning", server_header=False))
    server.run(sockets=[listener])
