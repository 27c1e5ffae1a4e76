"""Litestar: the consent as a dependency, a guard for routes.

app = Litestar([home, track], dependencies={"consent": provide_consent})
asgi = ConsentMiddleware(app, "consent.toml")

@post("/track", guards=[requires("statistics")])
async def track() -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from asgi_consent.current import current_consent

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]

provide_consent = Provide(current_consent, sync_to_thread=False)


def requires(name: str) -> Guard:
    """A guard that answers 403 where a category or service is not granted."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if not current_consent().allows(name):
            raise PermissionDeniedException(f"the visitor has not agreed to {name}")

    return guard
