"""Cookie consent that is enforced on the server, before the first byte leaves it."""

from asgi_consent.consent import Status
from asgi_consent.current import current_consent, may_send_to
from asgi_consent.decision import Decision
from asgi_consent.errors import ConsentError, SecretKeyError, SettingsError
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.settings import Settings, load_settings
from asgi_consent.version import __version__

__all__ = [
    "ConsentError",
    "ConsentMiddleware",
    "Decision",
    "SecretKeyError",
    "Settings",
    "SettingsError",
    "Status",
    "__version__",
    "current_consent",
    "load_settings",
    "may_send_to",
]
