"""Character references in attribute values, decoded as a browser does.

https://html.spec.whatwg.org/multipage/parsing.html#character-reference-state
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from html import unescape
from html.entities import html5

_LONGEST_NAME = max(map(len, html5))

# Parse errors, but browsers keep them; `html.unescape` drops them.
_KEPT_CONTROLS = frozenset((*range(1, 0x20), 0x7F)) - {0x0D}

_reference = re.compile(
    r"&(?:#(?:[xX](?=[0-9a-fA-F])0*+([0-9a-fA-F]*+)|(?=[0-9])0*+([0-9]*+));?+|([a-zA-Z][a-zA-Z0-9]*+;?+)(?=(=?+)))"
)


@lru_cache(1024)
def _named(name: str, *, before_equals: bool) -> tuple[str, int]:
    """The text of a named reference and how much of `name` belongs to it, (nothing, 0) for none."""
    for length in range(min(len(name), _LONGEST_NAME), 0, -1):
        text = html5.get(name[:length])
        if text is None:
            continue
        # "for historical reasons": ?a=1&copy=2 is no reference
        if name[length - 1] != ";" and (length < len(name) or before_equals):
            return "", 0
        return text, length
    return "", 0


def _decoded(match: re.Match[str]) -> tuple[str, int]:
    """The text of a reference, and the offset in the value after it."""
    hexadecimal, decimal, name, equals = match.groups()
    if name is not None:
        text, length = _named(name, before_equals=bool(equals))
        if not length:
            return match[0], match.end()
        return text, match.start() + 1 + length
    digits = hexadecimal or decimal or "0"
    # Python refuses to read numbers of thousands of digits, browsers don't.
    if len(digits) > 7:
        return "\ufffd", match.end()
    number = int(digits, 16 if hexadecimal else 10)
    if number in _KEPT_CONTROLS:
        return chr(number), match.end()
    return unescape(f"&#{number};") or chr(number), match.end()  # noncharacters are kept


class Decoded:
    """A value without its references. `offset(at)` tells where in the value the text at `at` is
    written."""

    def __init__(self, value: str) -> None:
        pieces: list[str] = []
        self._starts: list[int] = []  # from this place in the text on
        self._shifts: list[int] = []  # everything is written this much further
        read = length = 0
        for match in _reference.finditer(value):
            if match.start() < read:
                continue
            text, end = _decoded(match)
            pieces += (value[read : match.start()], text)
            length += match.start() - read + len(text)
            read = end
            self._starts.append(length)
            self._shifts.append(read - length)
        self.text = "".join((*pieces, value[read:]))

    def offset(self, at: int) -> int:
        before = bisect_right(self._starts, at)
        return at + (self._shifts[before - 1] if before else 0)


def decode(value: str) -> str:
    if "&" not in value:
        return value
    if value.count("&") == value.count("&amp;"):
        return value.replace("&amp;", "&")
    return Decoded(value).text
