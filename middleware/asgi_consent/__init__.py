"""Cookie consent that is enforced on the server, before the first byte leaves it."""

from asgi_consent.consent import Status
from asgi_consent.decision import Decision
from asgi_consent.errors import ConsentError, SecretKeyError, SettingsError
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.settings import Settings, load_settings

__all__ = [
    "ConsentError",
    "ConsentMiddleware",
    "Decision",
    "SecretKeyError",
    "Settings",
    "SettingsError",
    "Status",
    "load_settings",
]

__version__ = "0.1.0"
