"""Finding the `>` that ends a tag, piece by piece, each byte read once.

The tag and attribute states of the tokenizer,
https://html.spec.whatwg.org/multipage/parsing.html#before-attribute-name-state
"""

from __future__ import annotations

import re
from enum import Enum
from itertools import islice

from asgi_consent.html.grammar import SPACE, attributes

#: a start tag that is longer than this, or has more attributes, is passed on without being judged
LONGEST_TAG = 4 * 1024 * 1024
MOST_ATTRIBUTES = 10_000

_LONG_TAG = 64 * 1024  # bytes; attributes of a shorter one need no counting


def is_readable(name: bytes, raw: bytes) -> bool:
    """Whether a whole start tag is one that can be judged without holding up everybody else."""
    if len(raw) <= _LONG_TAG:
        return True
    if len(raw) > LONGEST_TAG:
        return False
    found = attributes.finditer(raw, len(name) + 1)
    return next(islice(found, MOST_ATTRIBUTES, None), None) is None


class _State(Enum):
    TAG_NAME = "tag name"
    BETWEEN = "before attribute name"
    NAME = "attribute name"
    AFTER_NAME = "after attribute name"
    BEFORE_VALUE = "before attribute value"
    DOUBLE_QUOTED = "attribute value (double-quoted)"
    SINGLE_QUOTED = "attribute value (single-quoted)"
    UNQUOTED = "attribute value (unquoted)"


def _staying(stay: bytes) -> re.Pattern[bytes]:
    """All bytes that stay in a state, then the one that leaves it."""
    return re.compile(rb"[" + stay + rb"]*+([^" + stay + rb"])?+")


def _until(leave: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"[^" + leave + rb"]*+([" + leave + rb"])?+")


_RUNS = {
    _State.TAG_NAME: _until(SPACE + b"/>"),
    _State.BETWEEN: _staying(SPACE + b"/"),
    _State.NAME: _until(SPACE + b"/>="),
    _State.AFTER_NAME: _staying(SPACE),
    _State.BEFORE_VALUE: _staying(SPACE),
    _State.DOUBLE_QUOTED: _until(b'"'),
    _State.SINGLE_QUOTED: _until(b"'"),
    _State.UNQUOTED: _until(SPACE + b">"),
}


def _next(state: _State, byte: bytes) -> _State | None:
    """The state after the byte that left `state`; None at the end of the tag."""
    if state in (_State.DOUBLE_QUOTED, _State.SINGLE_QUOTED):
        return _State.BETWEEN
    if byte == b">":
        return None
    if state is _State.BEFORE_VALUE:
        quoted = {b'"': _State.DOUBLE_QUOTED, b"'": _State.SINGLE_QUOTED}
        return quoted.get(byte, _State.UNQUOTED)
    if state is _State.BETWEEN:
        return _State.NAME  # any byte starts a name, even "="
    if state in (_State.UNQUOTED, _State.TAG_NAME):
        return _State.BETWEEN
    if byte == b"=":
        return _State.BEFORE_VALUE
    if byte == b"/":
        return _State.BETWEEN
    return _State.AFTER_NAME if state is _State.NAME else _State.NAME


class TagEnd:
    """Starts right after the tag name, or inside it."""

    def __init__(self, *, in_name: bool = False) -> None:
        self._state = _State.TAG_NAME if in_name else _State.BETWEEN

    def ending(self) -> bytes:
        """What ends the tag from here."""
        quotes = {_State.DOUBLE_QUOTED: b'"', _State.SINGLE_QUOTED: b"'"}
        return quotes.get(self._state, b"") + b">"

    def find(self, buffer: bytes, at: int) -> int:
        """The offset after the `>` that ends the tag, or -1; then go on with the next piece."""
        while at < len(buffer):
            match = _RUNS[self._state].match(buffer, at)
            assert match is not None  # matches the empty string
            at = match.end()
            if match[1] is None:
                break
            following = _next(self._state, match[1])
            if following is None:
                return at
            self._state = following
        return -1


class CutTag:
    """A tag that the end of a buffer cut: read on where it stopped, never again from its start.
    `passing`: it is too long to be judged, and passes on as it comes."""

    def __init__(self, name: bytes, *, closing: bool, in_name: bool = False) -> None:
        self.name = name
        self.closing = closing
        self.scan = TagEnd(in_name=in_name)
        self.passing = False
        self.size = 0
        self._held: list[bytes] = []

    def hold(self, piece: bytes) -> None:
        self._held.append(piece)
        self.size += len(piece)

    def release(self) -> bytes:
        held = b"".join(self._held)
        self._held.clear()
        return held
