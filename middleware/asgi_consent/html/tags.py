"""One start tag: its attributes read once, its edits pure insertions.

Gating only ever inserts bytes: a prefix in front of an attribute's name or of an address, and
attributes after the tag name. So case, order, quoting and duplicates stay, and removing the
insertions gives the original.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from asgi_consent.html.grammar import attributes
from asgi_consent.html.references import decode

#: in front of the name of an attribute that is held back
HELD = b"data-consent-"
#: in front of an address that is held back where the rest of a value is not: it makes a `data:` URL
HELD_URL = b"data:consent,"


#: where in a text, and what is put in there
Insertion = tuple[int, bytes]


def insert(text: bytes, insertions: list[Insertion]) -> bytes:
    parts: list[bytes] = []
    last = 0
    for at, inserted in sorted(insertions):
        parts += (text[last:at], inserted)
        last = at
    parts.append(text[last:])
    return b"".join(parts)


class Tag:
    """`raw` is the whole start tag from `<` to `>`; `name` is in lower case; `values` are those of
    its attributes as written, by name in lower case: of duplicates the first, as in a browser."""

    __slots__ = ("_added", "_insertions", "name", "raw", "values")

    def __init__(self, name: bytes, raw: bytes) -> None:
        self.name = name
        self.raw = raw
        found = attributes.findall(raw, len(name) + 1) if len(raw) > len(name) + 2 else ()
        self.values: dict[bytes, bytes] = {
            attribute.lower(): double_quoted or single_quoted or unquoted
            for attribute, double_quoted, single_quoted, unquoted in found
        }
        if len(self.values) < len(found):
            for attribute, *values in reversed(found):
                self.values[attribute.lower()] = b"".join(values)  # all but one are empty
        self._added = b""
        self._insertions: list[Insertion] = []

    def get(self, name: bytes) -> bytes | None:
        return self.values.get(name)

    def text(self, name: bytes) -> str:
        """The value with character references decoded; empty where it is absent."""
        value = self.values.get(name)
        return decode(value.decode("utf-8", "replace")) if value else ""

    def value_at(self, name: bytes) -> int:
        """Where in the tag the value begins that counts."""
        return next(
            match.start(match.lastindex or 1)
            for match in self._written()
            if match[1].lower() == name
        )

    def _written(self) -> Iterator[re.Match[bytes]]:
        return attributes.finditer(self.raw, len(self.name) + 1)

    def hold(self, names: Sequence[bytes]) -> None:
        """Hold attributes back: every duplicate, so that none of them comes alive."""
        lower = self.raw.lower()
        if all(lower.count(name) == 1 for name in names):  # nothing else it could be
            self._insertions += [(lower.index(name), HELD) for name in names]
        else:
            self._insertions += [
                (match.start(), HELD) for match in self._written() if match[1].lower() in names
            ]

    def hold_url(self, at: int) -> None:
        """Hold back the address that is written at this place of the tag."""
        self._insertions.append((at, HELD_URL))

    def add(self, name: bytes, value: bytes) -> None:
        """Add an attribute right after the tag name, where it wins over any later one."""
        self._added += b" " + name + b'="' + value + b'"'

    def render(self) -> bytes:
        return insert(self.raw, [(len(self.name) + 1, self._added), *self._insertions])


def is_self_closing(name: bytes, raw: bytes) -> bool:
    """Whether `/` stands right before `>` and does not end an unquoted value."""
    if not raw.endswith(b"/>"):
        return False
    matches = attributes.finditer(raw, len(name) + 1, len(raw) - 1)
    return max((match.end() for match in matches), default=0) <= len(raw) - 2
