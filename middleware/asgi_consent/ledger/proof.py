"""Signing a JSON document so that anybody can check it: W3C Data Integrity, eddsa-jcs-2022.

https://www.w3.org/TR/vc-di-eddsa/#eddsa-jcs-2022. Any library that knows this cryptosuite verifies
our receipts with the public key alone. Canonical JSON is that of RFC 8785.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.keys import (
    LedgerKeys,
    from_multibase,
    is_signed,
    read_public_key,
    to_multibase,
)
from asgi_consent.ledger.records import canonical

_SUITE = "eddsa-jcs-2022"
_KIND = "DataIntegrityProof"


def signed(document: Mapping[str, Any], keys: LedgerKeys, now: float) -> dict[str, Any]:
    """The document with a `proof` by the newest key."""
    key = keys.public[0]
    proof = {
        "type": _KIND,
        "cryptosuite": _SUITE,
        "created": datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "verificationMethod": f"{key}#{key.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
    }
    if "@context" in document:
        proof["@context"] = document["@context"]
    value = to_multibase(keys.sign(_hashed(document, proof)))
    return {**document, "proof": {**proof, "proofValue": value}}


def signer_of(document: object) -> str:
    """The public key that has signed a document, if it still is what was signed. Whose key that
    is, is for the caller to know. Raises LedgerError."""
    try:
        assert isinstance(document, dict)
        rest = dict(document)
        proof = dict(rest.pop("proof"))
        value = from_multibase(proof.pop("proofValue"))
        if (proof["type"], proof["cryptosuite"]) != (_KIND, _SUITE):
            raise ValueError("another kind of proof")
        if proof.get("@context") != rest.get("@context"):
            raise ValueError("another context")
        key = str(proof["verificationMethod"]).partition("#")[0]
        data = _hashed(rest, proof)
    except (AssertionError, KeyError, TypeError, ValueError, RecursionError):
        raise LedgerError("this is no receipt, or a part of it is missing") from None
    if not is_signed(read_public_key(key), value, data):
        raise LedgerError("the receipt was changed after it was signed")
    return key


def _hashed(document: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    hashes = (hashlib.sha256(canonical(part).encode()).digest() for part in (proof, document))
    return b"".join(hashes)
