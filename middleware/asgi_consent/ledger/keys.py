"""The ledger's keys: Ed25519, made from the secret keys, so that there is no second secret to keep.

The public halves may be given to anybody, as did:key identifiers (https://w3c-ccg.github.io/did-method-key/).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from asgi_consent.errors import LedgerError

_ED25519 = b"\xed\x01"  # https://github.com/multiformats/multicodec/blob/master/table.csv
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LONGEST = 128  # characters that are decoded


class LedgerKeys:
    """Signs with the newest key, verifies with all. Without secret keys it verifies only, with
    the public keys it is given."""

    def __init__(self, secret_keys: Sequence[str], public_keys: Iterable[str] = ()) -> None:
        private = [Ed25519PrivateKey.from_private_bytes(_seed(key)) for key in secret_keys]
        self._signer = private[-1] if private else None
        # The newest first: it is the one that has most likely signed.
        self._verifiers = [key.public_key() for key in reversed(private)]
        self._verifiers += [read_public_key(text) for text in public_keys]

    @property
    def public(self) -> list[str]:
        """The public keys, the newest first."""
        return [public_key_text(key) for key in self._verifiers]

    def sign(self, data: bytes) -> bytes:
        if self._signer is None:
            raise LedgerError("no secret key to sign with: set ASGI_CONSENT_SECRET_KEY")
        return self._signer.sign(data)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        return any(is_signed(key, signature, data) for key in self._verifiers)


def _seed(secret_key: str) -> bytes:
    return hmac.digest(secret_key.encode(), b"asgi-consent.ledger.ed25519", hashlib.sha256)


def is_signed(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def public_key_text(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "did:key:" + to_multibase(_ED25519 + raw)


def read_public_key(text: str) -> Ed25519PublicKey:
    """The key of `did:key:z6Mk…`. Raises LedgerError."""
    try:
        raw = from_multibase(text.strip().removeprefix("did:key:").partition("#")[0])
        if not raw.startswith(_ED25519):
            raise ValueError("another kind of key")
        return Ed25519PublicKey.from_public_bytes(raw.removeprefix(_ED25519))
    except ValueError:
        raise LedgerError(f"not a public key: {text[:60]!a}; expected did:key:z6Mk…") from None


def to_multibase(data: bytes) -> str:
    """Base 58 of Bitcoin, as https://w3c.github.io/vc-data-integrity/#multibase-0 has it."""
    number = int.from_bytes(data)
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * zeros + digits


def from_multibase(text: str) -> bytes:
    """Raises ValueError."""
    digits = text[1:]
    if not text.startswith("z") or len(text) > _LONGEST:
        raise ValueError("not base 58")
    number = 0
    for digit in digits:
        number = number * 58 + _BASE58.index(digit)
    zeros = len(digits) - len(digits.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
