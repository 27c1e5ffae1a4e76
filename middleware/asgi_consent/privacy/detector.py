"""Is there personal data in this cookie? A finding says where, which kind and how it was written;
never what it was.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from asgi_consent.privacy.decodings import readings
from asgi_consent.privacy.kinds import KINDS

_MOST_WATCHED = 10_000
_HASHES = ("sha256", "sha1", "md5")


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` is "name" or "value"; `how` names the decodings, the outermost first."""

    kind: str
    where: str
    how: tuple[str, ...] = ()

    def __str__(self) -> str:
        written = f", written as {' in '.join(reversed(self.how))}" if self.how else ""
        return f"{self.kind} in its {self.where}{written}"


class Detector:
    """Finds personal data. `watch` an e-mail address that the app knows, such as that of the
    account that signs in, and its hashes are found, too; only the hashes are remembered."""

    def __init__(self) -> None:
        self._watched: OrderedDict[str, str] = OrderedDict()  # hash → its name

    def watch(self, email: str) -> None:
        normal = email.strip().lower()
        for spelling in {email.strip(), normal}:
            for name in _HASHES:
                digest = hashlib.new(name, spelling.encode(), usedforsecurity=False)
                for text in _spellings(digest.digest()):
                    self._watched[text] = name.upper()
        while len(self._watched) > _MOST_WATCHED:
            self._watched.popitem(last=False)

    def find(self, name: str, value: str) -> list[Finding]:
        """Each kind at most once for the name and once for the value, as it is written in full."""
        found: dict[tuple[str, str], Finding] = {}
        for finding in self._all(name, value):
            found[finding.kind, finding.where] = finding
        return list(found.values())

    def _all(self, name: str, value: str) -> Iterator[Finding]:
        for where, text in (("name", name), ("value", value)):
            for reading in readings(text):
                if self._watched:
                    yield from self._hashed(reading.text, where, reading.how)
                context = reading.key or name
                for kind, has in KINDS.items():
                    if has(reading.text, context):
                        yield Finding(kind, where, reading.how)

    def _hashed(self, text: str, where: str, how: tuple[str, ...]) -> Iterator[Finding]:
        for part in (text, *text.replace(".", " ").replace("|", " ").replace(":", " ").split()):
            hashed = self._watched.get(part.lower()) or self._watched.get(part.rstrip("="))
            if hashed:
                yield Finding(f"e-mail address ({hashed})", where, how)


def _spellings(digest: bytes) -> Iterator[str]:
    yield digest.hex()
    yield base64.b64encode(digest).decode().rstrip("=")
    yield base64.urlsafe_b64encode(digest).decode().rstrip("=")
