"""The visitor's own cookies: which consent a request carries, and how a new one is sent back.

Four cookies at most, all host-only: the consent; what was allowed for one page; where cookies with
a path of their own live; whether the visitor wants to be reminded. An operator who looks at the
ledger has a fifth. Over HTTPS their names have the `__Host-` prefix, and a name that was sent twice
counts as not sent: a sibling subdomain cannot plant a consent ("cookie tossing").
"""

from __future__ import annotations

from datetime import timedelta

from asgi_consent.consent import UNKNOWN, Consent
from asgi_consent.decision import Decision
from asgi_consent.http.cookies import (
    CookieScope,
    only_value,
    remove_cookie,
    set_cookie,
)
from asgi_consent.http.known_scopes import KnownScopes, read_scopes, write_scopes
from asgi_consent.http.request import Request
from asgi_consent.ours import ALL, CONSENT, ONCE, OPERATOR, REMINDER, SCOPES, VARIANT, name_of
from asgi_consent.signing import CLOCK_SKEW, OPERATOR_STAYS, ConsentSigner
from asgi_consent.types import Header, Headers
from asgi_consent.variants import NEW, variant_of

_JUST = 8  # seconds


class VisitorCookies:
    def __init__(self, signer: ConsentSigner, lifetime: timedelta) -> None:
        self._signer = signer
        self._seconds = int(lifetime.total_seconds())

    def just_chose(self, consent: Consent) -> bool:
        """Whether the choice is so new that the page should say it was taken."""
        return consent.answered and 0 <= self._signer.now() - consent.time < _JUST

    def consent(self, request: Request) -> Consent:
        token = _read(request, CONSENT)
        return self._signer.read(token) if token else UNKNOWN

    def is_silent(self, request: Request) -> bool:
        """Whether the visitor has surely made no choice: no consent came, readable or not, and
        one would have. Browsers leave Lax cookies out of what other sites start, but for a plain
        link to a page."""
        if request.may_have_cookie(CONSENT):
            return False
        return not request.is_cross_site or (request.method == "GET" and request.is_top_level)

    def once(self, request: Request) -> str | None:
        """The service that was allowed for the next page."""
        token = _read(request, ONCE)
        return self._signer.read_once(token) if token else None

    def scopes(self, request: Request) -> KnownScopes:
        return read_scopes(_read(request, SCOPES))

    def set_consent(self, request: Request, consent: Consent) -> Header:
        """Raises TokenTooLongError."""
        token = self._signer.write(consent)
        # Readable by scripts: it holds nothing about the visitor but the choice itself.
        return set_cookie(
            _name(request, CONSENT), token, seconds=self._seconds, secure=request.secure
        )

    def set_variant(self, request: Request, decision: Decision, *, reminds: bool) -> Headers:
        """Tells caches in between which state of consent this visitor is in, where they are told
        something else so far. Who is reminded gets pages of their own."""
        variant = b"own" if reminds else variant_of(decision).encode()
        name = _name(request, VARIANT)
        if (_read(request, VARIANT) or NEW.encode()) == variant:
            return []
        if variant == NEW.encode():
            return remove_cookie(name, CookieScope(), secure=request.secure)
        return [
            set_cookie(name, variant, seconds=self._seconds, secure=request.secure, http_only=True)
        ]

    def set_once(self, request: Request, service: str) -> Header:
        token = self._signer.write_once(service)
        return set_cookie(
            _name(request, ONCE),
            token,
            seconds=CLOCK_SKEW,
            secure=request.secure,
            http_only=True,
        )

    def remove_once(self, request: Request) -> Headers:
        return remove_cookie(_name(request, ONCE), CookieScope(), secure=request.secure)

    def reminds(self, request: Request) -> bool:
        """Whether the visitor asked to be shown on every page what is in use."""
        return _read(request, REMINDER) == b"on"

    def set_reminder(self, request: Request, on: bool) -> Headers:
        name = _name(request, REMINDER)
        if not on:
            return remove_cookie(name, CookieScope(), secure=request.secure)
        return [
            set_cookie(name, b"on", seconds=self._seconds, secure=request.secure, http_only=True)
        ]

    def use(self, request: Request) -> str:
        """What an HTML answer is for and how the banner in it looks, to tell variants apart."""
        return request.use + "+reminder" * self.reminds(request)

    def set_operator(self, request: Request, token: str) -> Header:
        """Who has shown the operator's token need not show it again today."""
        return set_cookie(
            _name(request, OPERATOR),
            self._signer.write_operator(token),
            seconds=OPERATOR_STAYS,
            secure=request.secure,
            http_only=True,
        )

    def is_operator(self, request: Request, token: str) -> bool:
        signed = _read(request, OPERATOR)
        return signed is not None and self._signer.is_operator(signed, token)

    def remove_all(self, request: Request) -> Headers:
        """For a visitor who is forgotten."""
        removed: Headers = []
        for name in ALL:
            removed += remove_cookie(_name(request, name), CookieScope(), secure=request.secure)
        return removed

    def set_scopes(self, request: Request, scopes: KnownScopes) -> Headers:
        name = _name(request, SCOPES)
        if not scopes:
            return remove_cookie(name, CookieScope(), secure=request.secure)
        value = write_scopes(scopes)
        return [
            set_cookie(name, value, seconds=self._seconds, secure=request.secure, http_only=True)
        ]


def _name(request: Request, name: bytes) -> bytes:
    return name_of(name, secure=request.secure)


def _read(request: Request, name: bytes) -> bytes | None:
    if not request.may_have_cookie(name):  # most requests: nothing has to be taken apart
        return None
    return only_value(request.cookies, _name(request, name))
