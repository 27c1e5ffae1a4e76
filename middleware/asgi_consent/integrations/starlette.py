"""Starlette: the consent of a request, and a gate for endpoints.

@requires("statistics")
async def track(request: Request) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from asgi_consent.decision import Decision
from asgi_consent.errors import ConsentError

Endpoint = Callable[[Request], Awaitable[Response]]


def consent_of(request: HTTPConnection) -> Decision:
    """The typed view of `scope["consent"]`. Raises ConsentError where the middleware is missing."""
    consent = request.scope.get("consent")
    if not isinstance(consent, Decision):
        raise ConsentError("no consent in this request: add ConsentMiddleware to the app")
    return consent


def requires(name: str) -> Callable[[Endpoint], Endpoint]:
    """A decorator that answers 403 where a category or service has not been granted."""

    def decorated(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def gated(request: Request) -> Response:
            if not consent_of(request).allows(name):
                raise HTTPException(403, f"the visitor has not agreed to {name}")
            return await endpoint(request)

        return gated

    return decorated
