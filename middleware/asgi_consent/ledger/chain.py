"""The chain: what makes an edited, removed, inserted or reordered record show.

Each row commits to its record with a salt of its own, and links to the row before:

    commitment = SHA-256(0x00 ‖ salt ‖ body)        hash = SHA-256(0x01 ‖ hash before ‖ commitment)

Without the salt nobody can tell what a commitment was made of. So an erasure forgets body and
salt, keeps commitment and hash, and the chain still verifies. The head, signed at every commit,
says where the chain begins and ends: who can write to the database but lacks the key can neither
add to the end nor cut it off. Who also kept an old signed head could restore that state, and be
found by a checkpoint that was published since.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from typing import Any, NamedTuple

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.records import Record, canonical

SALT = 32  # bytes
GENESIS = bytes(32)
_PURPOSE = b"asgi-consent ledger head v1\n"


class Row(NamedTuple):
    """One record as it is stored. All but `number`, `commitment` and `hash` is None once the
    record was erased. `subject_id` is None, too, in records that belong to no visitor."""

    number: int
    record_id: str | None
    subject_id: str | None
    event: str | None
    time: int | None
    body: str | None
    salt: bytes | None
    commitment: bytes
    hash: bytes


class Head(NamedTuple):
    """Where the chain ends (`number`, `hash`) and where it begins: after `anchor_number`, whose
    hash was `anchor_hash`; what came before was purged. `time` is in milliseconds."""

    ledger_id: str
    number: int = 0
    hash: bytes = GENESIS
    anchor_number: int = 0
    anchor_hash: bytes = GENESIS
    time: int = 0
    seal: bytes = b""

    def sealed(self, keys: LedgerKeys) -> Head:
        return self._replace(seal=keys.sign(self._signed()))

    def is_sealed(self, keys: LedgerKeys) -> bool:
        return keys.verifies(self.seal, self._signed())

    def checkpoint(self) -> dict[str, Any]:
        """The head as JSON, to be published: whoever has it can prove a later rewrite."""
        return {**self._document(), "seal": self.seal.hex()}

    def _signed(self) -> bytes:
        return _PURPOSE + canonical(self._document()).encode()

    def _document(self) -> dict[str, Any]:
        return {
            "ledger": self.ledger_id,
            "number": self.number,
            "hash": self.hash.hex(),
            "anchor_number": self.anchor_number,
            "anchor_hash": self.anchor_hash.hex(),
            "time": self.time,
        }


def read_checkpoint(text: str) -> Head:
    """A head from what `checkpoint` has written. Raises LedgerError."""
    try:
        found = json.loads(text)
        return Head(
            ledger_id=str(found["ledger"]),
            number=int(found["number"]),
            hash=bytes.fromhex(found["hash"]),
            anchor_number=int(found["anchor_number"]),
            anchor_hash=bytes.fromhex(found["anchor_hash"]),
            time=int(found["time"]),
            seal=bytes.fromhex(found["seal"]),
        )
    except (KeyError, TypeError, ValueError):
        raise LedgerError(
            "expected a line that asgi-consent ledger checkpoint has written"
        ) from None


def commit_to(salt: bytes, body: str) -> bytes:
    return hashlib.sha256(b"\x00" + salt + body.encode()).digest()


def link(previous: bytes, commitment: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + previous + commitment).digest()


def extend(head: Head, records: Iterable[Record], keys: LedgerKeys) -> tuple[list[Row], Head]:
    """The rows for `records` after `head`, and the new head, signed."""
    rows: list[Row] = []
    number, last, time = head.number, head.hash, head.time
    for record in records:
        number += 1
        body = record.body()
        salt = secrets.token_bytes(SALT)
        commitment = commit_to(salt, body)
        last = link(last, commitment)
        time = max(time, record.time)
        rows.append(
            Row(
                number,
                record.record_id,
                record.subject_id or None,
                record.event,
                record.time,
                body,
                salt,
                commitment,
                last,
            )
        )
    return rows, head._replace(number=number, hash=last, time=time).sealed(keys)
