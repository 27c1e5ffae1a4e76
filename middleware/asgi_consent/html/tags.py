"""One start tag: its attributes read once, its edits pure insertions.

Gating only ever inserts bytes: a prefix in front of an attribute name, attributes after the tag
name. So case, order, quoting and duplicates stay, and removing the insertions gives the original.
"""

from __future__ import annotations

import html
import re
from functools import cached_property
from typing import NamedTuple

from asgi_consent.html.grammar import attributes

#: in front of the name of an attribute that is held back
HELD = b"data-consent-"


_number = re.compile(r"&#(?:([xX])0*+([0-9a-fA-F]*+)|0*+([0-9]*+))")


def _short_number(reference: re.Match[str]) -> str:
    """A numeric character reference without leading zeros, and none beyond Unicode: Python refuses
    to read numbers of thousands of digits, browsers don't."""
    x, digits = reference[1] or "", reference[2] or reference[3] or "0"
    return f"&#{x}{digits}" if len(digits) <= 7 else "\ufffd"


class Attribute(NamedTuple):
    name: bytes
    """lower case"""
    value: bytes
    """as written, character references and all"""
    at: int
    """where the name starts in the tag"""


class Tag:
    """`raw` is the whole start tag from `<` to `>`; `name` is in lower case."""

    def __init__(self, name: bytes, raw: bytes) -> None:
        self.name = name
        self.raw = raw
        self._insertions: list[tuple[int, bytes]] = []

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """All attributes in order, duplicates included."""
        return tuple(
            Attribute(match[1].lower(), match[2] or match[3] or match[4] or b"", match.start())
            for match in attributes.finditer(self.raw, len(self.name) + 1, len(self.raw) - 1)
        )

    @cached_property
    def _first(self) -> dict[bytes, bytes]:
        first: dict[bytes, bytes] = {}
        for attribute in self.attributes:
            first.setdefault(attribute.name, attribute.value)
        return first

    def get(self, name: bytes) -> bytes | None:
        """The value as written; of duplicates the first counts, as in a browser."""
        return self._first.get(name)

    def text(self, name: bytes) -> str:
        """The value with character references decoded; empty where it is absent."""
        value = self._first.get(name, b"").decode("utf-8", "replace")
        return html.unescape(_number.sub(_short_number, value)) if "&" in value else value

    @property
    def self_closing(self) -> bool:
        """Whether `/` stands right before `>` and does not end an unquoted value."""
        if not self.raw.endswith(b"/>"):
            return False
        matches = attributes.finditer(self.raw, len(self.name) + 1, len(self.raw) - 1)
        return max((match.end() for match in matches), default=0) <= len(self.raw) - 2

    def hold(self, name: bytes) -> None:
        """Hold an attribute back: every duplicate, so that none of them comes alive."""
        for attribute in self.attributes:
            if attribute.name == name:
                self._insertions.append((attribute.at, HELD))

    def add(self, name: bytes, value: bytes) -> None:
        """Add an attribute right after the tag name, where it wins over any later one."""
        self._insertions.append((len(self.name) + 1, b" " + name + b'="' + value + b'"'))

    def render(self) -> bytes:
        parts: list[bytes] = []
        last = 0
        for at, inserted in sorted(self._insertions, key=lambda insertion: insertion[0]):
            parts += (self.raw[last:at], inserted)
            last = at
        parts.append(self.raw[last:])
        return b"".join(parts)
