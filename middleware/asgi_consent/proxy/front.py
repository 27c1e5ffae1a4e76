"""The first to see a request: refuses what may be read in two ways, and finds out who asks."""

from __future__ import annotations

import logging

from asgi_consent.proxy.framing import fault_of
from asgi_consent.proxy.headers import goes_round
from asgi_consent.proxy.hops import Network, applied, read_hops
from asgi_consent.proxy.pages import Pages
from asgi_consent.types import App, Receive, Scope, Send

_log = logging.getLogger("asgi_consent")


class Front:
    """`trusted` are the networks whose word about the visitor counts."""

    def __init__(self, app: App, pages: Pages, trusted: tuple[Network, ...] = ()) -> None:
        self._app = app
        self._pages = pages
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        fault = fault_of(scope)
        if fault is None and goes_round(scope["headers"]):
            fault = 508, "the address of the site leads back here"
        if fault is None:
            await self._app(applied(scope, read_hops(scope, self._trusted)), receive, send)
            return
        status, why = fault
        _log.warning("asgi-consent: refused a request with %d: %s", status, why)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            # Where it ends is in doubt, so nothing that follows on the connection is read.
            await self._pages.send(send, scope, status, [(b"connection", b"close")])
