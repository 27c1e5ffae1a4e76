"""Django: settings in settings.py, a gate for views. In asgi.py:

    from django.core.asgi import get_asgi_application
    from asgi_consent.integrations.django import protect

    application = protect(get_asgi_application())

`ASGI_CONSENT` in the settings is the path of a consent.toml, or what such a file holds;
`ASGI_CONSENT_SECRET_KEY` the key, or several. Template tags are in django_tags.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponseForbidden

from asgi_consent.current import current_consent
from asgi_consent.integrations.own_cookies import with_own_cookies
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.settings import load_settings, read_settings
from asgi_consent.types import App

View = Callable[..., Any]

_MESSAGES = "messages"  # of the messages framework, where it cannot be renamed


def protect(application: App) -> ConsentMiddleware:
    """The application with the middleware around it; Django's own cookies count as declared. Raises
    SettingsError, SecretKeyError."""
    found: Any = getattr(django_settings, "ASGI_CONSENT", {})
    read = read_settings(found, "ASGI_CONSENT") if isinstance(found, dict) else load_settings(found)
    own = [
        django_settings.SESSION_COOKIE_NAME,
        django_settings.CSRF_COOKIE_NAME,
        django_settings.LANGUAGE_COOKIE_NAME,
        _MESSAGES,
    ]
    key = getattr(django_settings, "ASGI_CONSENT_SECRET_KEY", None)
    return ConsentMiddleware(application, with_own_cookies(read, own), key)


def requires(name: str) -> Callable[[View], View]:
    """A decorator for views that answers 403 where a category or service is not granted."""

    def refusal() -> HttpResponseForbidden | None:
        if current_consent().allows(name):
            return None
        return HttpResponseForbidden(f"the visitor has not agreed to {name}")

    def decorated(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def gated_async(request: HttpRequest, *parts: Any, **more: Any) -> Any:
                return refusal() or await view(request, *parts, **more)

            return gated_async

        @wraps(view)
        def gated(request: HttpRequest, *parts: Any, **more: Any) -> Any:
            return refusal() or view(request, *parts, **more)

        return gated

    return decorated
