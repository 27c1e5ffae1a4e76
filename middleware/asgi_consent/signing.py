"""The consent cookie's value: signed, versioned, bound to the policy revision.

`v1.<payload>.<signature>`; the payload is base64url JSON that a script may read but not change.
Nothing is parsed before the signature is verified, nothing is ever inflated. A value that is not
exactly what `write` makes is no consent at all: unknown version, foreign policy revision, another
spelling of the same signature (base64 allows several).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData

from asgi_consent.consent import UNKNOWN, Consent, Status
from asgi_consent.errors import SecretKeyError, TokenTooLongError

SHORTEST_KEY = 32  # characters
LONGEST_TOKEN = 1536  # bytes; looked at before anything is decoded
CLOCK_SKEW = 300  # seconds two machines may disagree by
OPERATOR_STAYS = 12 * 3600  # seconds

_VERSION = b"v1"
_HOW = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_STATUSES = (Status.GIVEN, Status.REFUSED, Status.WITHDRAWN)


def check_keys(keys: Iterable[str]) -> list[str]:
    """The keys, oldest first. Raises SecretKeyError for a missing, short or obvious one."""
    found = [key for key in keys if key]
    if not all(isinstance(key, str) for key in found):
        raise SecretKeyError("a secret key is a text, or a list of texts, oldest first")
    if not found:
        raise SecretKeyError(
            f"no secret key: set ASGI_CONSENT_SECRET_KEY or pass secret_key=; {_HOW}"
        )
    for key in found:
        if len(key) < SHORTEST_KEY:
            raise SecretKeyError(f"a secret key has fewer than {SHORTEST_KEY} characters; {_HOW}")
        if len(set(key)) < 8:
            raise SecretKeyError(f"a secret key has fewer than 8 different characters; {_HOW}")
        if any(word in key.lower() for word in ("change", "secret", "example")):
            raise SecretKeyError(f"a secret key looks like an example; {_HOW}")
    return found


class ConsentSigner:
    """Reads and writes consent tokens. The newest key signs; all keys verify. `revisions` are those
    of the policy under which a consent still says something."""

    def __init__(
        self,
        keys: Iterable[str],
        *,
        revisions: Collection[int],
        lifetime: timedelta,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signers = {
            salt: Signer(
                check_keys(keys),
                salt=f"asgi-consent.{salt}",
                digest_method=hashlib.sha256,
                key_derivation="hmac",
            )
            for salt in ("consent", "once", "operator")
        }
        self._revisions = revisions
        self._lifetime = int(lifetime.total_seconds())
        self._clock = clock
        # A page asks for much with one token; what anybody can make up is bounded by the size.
        self._verified = lru_cache(1024)(self._verify)

    def now(self) -> int:
        return int(self._clock())

    def write(self, consent: Consent) -> bytes:
        """The token. Raises TokenTooLongError, as browsers would drop the cookie silently."""
        payload: dict[str, object] = {
            "subject": consent.subject_id,
            "record": consent.record_id,
            "time": consent.time,
            "revision": consent.revision,
            "status": consent.status,
            "categories": sorted(consent.categories),
            "services": sorted(consent.services),
            "answered": consent.answered,
            "gpc": consent.gpc,
        }
        for name in ("restricted", "objected", "noticed"):  # seldom, so they take no room else
            if getattr(consent, name):
                payload[name] = getattr(consent, name)
        token = self._sign("consent", payload)
        if len(token) > LONGEST_TOKEN:
            raise TokenTooLongError(f"a consent token of {len(token)} bytes fits no cookie")
        return token

    def read(self, token: bytes) -> Consent:
        """The consent in `token`; an unknown or expired one in every case of doubt."""
        consent = self._verified(token) if len(token) <= LONGEST_TOKEN else UNKNOWN
        status = Status.UNKNOWN
        if consent.status in _STATUSES and consent.revision in self._revisions:
            age = self._clock() - consent.time
            if -CLOCK_SKEW <= age <= self._lifetime:
                return consent
            if age > self._lifetime:
                status = Status.EXPIRED
        # Whoever's consent does not count any more is still the same visitor.
        return Consent(status, subject_id=consent.subject_id)

    def _verify(self, token: bytes) -> Consent:
        """What was signed, whatever it is worth by now."""
        payload = self._unsign("consent", token)
        if payload is None:
            return UNKNOWN
        try:
            return Consent(
                status=Status(payload["status"]),
                categories=frozenset(map(str, payload["categories"])),
                services=frozenset(map(str, payload["services"])),
                subject_id=str(payload["subject"]),
                record_id=str(payload["record"]),
                revision=int(payload["revision"]),
                time=int(payload["time"]),
                answered=bool(payload["answered"]),
                gpc=bool(payload["gpc"]),
                restricted=bool(payload.get("restricted")),
                objected=bool(payload.get("objected")),
                noticed=int(payload.get("noticed", 0)),
            )
        except (KeyError, TypeError, ValueError):
            return UNKNOWN

    def write_once(self, service: str) -> bytes:
        """A token that allows one service on the next page only."""
        return self._sign("once", {"service": service, "time": self.now()})

    def read_once(self, token: bytes) -> str | None:
        payload = self._unsign("once", token)
        if (
            payload is None
            or not -CLOCK_SKEW <= self._clock() - payload.get("time", 0) <= CLOCK_SKEW
        ):
            return None
        return str(payload.get("service", ""))

    def write_operator(self, token: str) -> bytes:
        """That somebody has shown the operator's token, for twelve hours or until it changes."""
        return self._sign("operator", {"of": _digest(token), "time": self.now()})

    def is_operator(self, signed: bytes, token: str) -> bool:
        payload = self._unsign("operator", signed)
        if payload is None or payload.get("of") != _digest(token):
            return False
        return -CLOCK_SKEW <= self._clock() - int(payload["time"]) <= OPERATOR_STAYS

    def _sign(self, salt: str, payload: dict[str, object]) -> bytes:
        text = json.dumps(payload, separators=(",", ":")).encode()
        return self._signers[salt].sign(_VERSION + b"." + base64_encode(text))

    def _unsign(self, salt: str, token: bytes) -> dict[str, Any] | None:
        if len(token) > LONGEST_TOKEN:
            return None
        try:
            signed = self._signers[salt].unsign(token)
            signature = token[len(signed) + 1 :]
            if base64_encode(base64_decode(signature)) != signature:
                return None
            version, _, text = signed.partition(b".")
            payload = json.loads(base64_decode(text)) if version == _VERSION else None
        except (BadSignature, BadData, ValueError):
            return None
        return payload if isinstance(payload, dict) else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
