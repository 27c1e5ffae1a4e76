"""What we ourselves keep in a visitor's browser: its names, and what visitors are told of it."""

from __future__ import annotations

from asgi_consent.catalog.services import NECESSARY, CookiePattern, Lifetime, Service
from asgi_consent.languages import N_
from asgi_consent.policy import Delivery
from asgi_consent.settings import Settings
from asgi_consent.signing import CLOCK_SKEW

CONSENT = b"asgi_consent"
ONCE = b"asgi_consent_once"
SCOPES = b"asgi_consent_scopes"
REMINDER = b"asgi_consent_reminder"
VARIANT = b"asgi_consent_variant"  # for caches in between, with delivery = "shared" only
OPERATOR = b"asgi_consent_operator"

#: banner.js keeps the names of what was removed in it, for the page after a withdrawal
_REMOVED = "asgi_consent_removed"

_PREFIX = b"__Host-"
ALL = (CONSENT, ONCE, SCOPES, REMINDER, VARIANT, OPERATOR)
#: nobody but us may read or set these
OURS = frozenset(prefix + name for prefix in (b"", _PREFIX) for name in ALL)
#: of these a page depends on what they say, and on nothing else of theirs: not the signed ones
STATES = frozenset(
    prefix + name for prefix in (b"", _PREFIX) for name in (SCOPES, REMINDER, VARIANT)
)


def name_of(cookie: bytes, *, secure: bool) -> bytes:
    """Over HTTPS no other host can plant it, RFC 6265bis section 4.1.3.2."""
    return _PREFIX + cookie if secure else cookie


def own_service(settings: Settings, *, secure: bool) -> Service:
    """Without the cookie of operators, which no visitor ever has."""
    lifetime = Lifetime.of(settings.lifetime)
    kept = [
        (CONSENT, lifetime),
        (REMINDER, lifetime),
        (SCOPES, lifetime),
        (ONCE, Lifetime(f"{CLOCK_SKEW // 60}m")),
    ]
    if settings.delivery is Delivery.SHARED:
        kept.append((VARIANT, lifetime))
    return Service(
        id="asgi-consent",
        name=N_("Your cookie choice"),
        vendor=settings.controller.name or settings.site.name,
        category=NECESSARY,
        country=settings.controller.country,
        kind="consent",
        cookies=tuple(
            CookiePattern(name_of(cookie, secure=secure).decode(), kept_for)
            for cookie, kept_for in kept
        ),
        storage=(_REMOVED,),
        declared=True,
    )
