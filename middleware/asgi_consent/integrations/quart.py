"""Quart: the middleware around its ASGI app, the consent in templates, a gate for views.

app = Quart(__name__)
protect(app, "consent.toml")
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import wraps
from os import PathLike
from typing import Any

from quart import Quart, abort

from asgi_consent.current import current_consent
from asgi_consent.integrations.own_cookies import with_own_cookies
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.settings import Settings, settings_of

View = Callable[..., Awaitable[Any]]


def protect(
    app: Quart,
    settings: str | PathLike[str] | Mapping[str, Any] | Settings | None = None,
    secret_key: str | Iterable[str] | None = None,
) -> None:
    """Raises SettingsError, SecretKeyError."""
    own = [str(app.config["SESSION_COOKIE_NAME"])]
    site: Any = app
    read = with_own_cookies(settings_of(settings), own)
    site.asgi_app = ConsentMiddleware(site.asgi_app, read, secret_key)  # as Quart's docs wrap it
    app.context_processor(lambda: {"consent": current_consent()})


def requires(name: str) -> Callable[[View], View]:
    """A decorator for views that answers 403 where a category or service is not granted."""

    def decorated(view: View) -> View:
        @wraps(view)
        async def gated(*parts: Any, **more: Any) -> Any:
            if not current_consent().allows(name):
                abort(403, f"the visitor has not agreed to {name}")
            return await view(*parts, **more)

        return gated

    return decorated
