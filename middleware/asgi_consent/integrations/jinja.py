"""Jinja2: `{% if consent.allows("statistics") %}` and a link to the preferences.

    templates = Jinja2Templates("templates", context_processors=[consent_context])

or, without Starlette, `environment.globals["consent"]`-style use of the same function per request.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection

from asgi_consent.decision import Decision
from asgi_consent.integrations.starlette import consent_of


def consent_context(request: HTTPConnection) -> dict[str, Any]:
    """The `consent` of a request, as a context processor for Starlette's Jinja2Templates."""
    consent: Decision = consent_of(request)
    return {"consent": consent}
