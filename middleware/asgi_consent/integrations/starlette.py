"""Starlette: the consent of a request."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from asgi_consent.decision import Decision
from asgi_consent.errors import ConsentError


def consent_of(request: HTTPConnection) -> Decision:
    """The typed view of `scope["consent"]`. Raises ConsentError where the middleware is missing."""
    consent = request.scope.get("consent")
    if not isinstance(consent, Decision):
        raise ConsentError("no consent in this request: add ConsentMiddleware to the app")
    return consent
