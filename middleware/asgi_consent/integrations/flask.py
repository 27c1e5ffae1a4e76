"""Flask, which speaks WSGI: the adapter around it, the consent in templates, a gate for views.

app = Flask(__name__)
asgi = protect(app, "consent.toml")      # uvicorn module:asgi
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from os import PathLike
from typing import Any

from a2wsgi import WSGIMiddleware
from flask import Flask, abort

from asgi_consent.current import current_consent
from asgi_consent.integrations.own_cookies import with_own_cookies
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.settings import Settings, settings_of

View = Callable[..., Any]


def protect(
    app: Flask,
    settings: str | PathLike[str] | Mapping[str, Any] | Settings | None = None,
    secret_key: str | Iterable[str] | None = None,
    workers: int = 10,
) -> ConsentMiddleware:
    """The app for an ASGI server, with `workers` threads; templates know `consent`. Raises
    SettingsError, SecretKeyError."""
    app.context_processor(lambda: {"consent": current_consent()})
    own = [str(app.config["SESSION_COOKIE_NAME"])]
    wsgi: Any = app
    adapted: Any = WSGIMiddleware(wsgi, workers=workers)
    return ConsentMiddleware(adapted, with_own_cookies(settings_of(settings), own), secret_key)


def requires(name: str) -> Callable[[View], View]:
    """A decorator for views that answers 403 where a category or service is not granted."""

    def decorated(view: View) -> View:
        @wraps(view)
        def gated(*parts: Any, **more: Any) -> Any:
            if not current_consent().allows(name):
                abort(403, f"the visitor has not agreed to {name}")
            return view(*parts, **more)

        return gated

    return decorated
