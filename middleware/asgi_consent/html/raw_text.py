"""Where raw text ends; in a script by the escaped and double-escaped states of script data.

`<!--` in a script starts the escaped state, `<script` in that the double-escaped one, in which
`</script>` does not end the script. https://html.spec.whatwg.org/multipage/parsing.html#script-data-state
"""

from __future__ import annotations

from enum import IntEnum

from asgi_consent.html.grammar import raw_text_end, script_marks

_LONGEST_MARK = len(b"</script>") - 1


def find_end(name: bytes, buffer: bytes, at: int) -> tuple[int, int]:
    """(where the end tag of a raw text element starts or -1, up to where the text is surely text);
    for all but a script."""
    if match := raw_text_end[name](buffer, at):
        return match.start(), match.start()
    cut = buffer.rfind(b"<", max(at, len(buffer) - len(name) - 2))
    return -1, cut if cut >= 0 else len(buffer)


class _State(IntEnum):
    PLAIN = 0
    ESCAPED = 1
    DOUBLE_ESCAPED = 2


class ScriptData:
    """Remembers the state between pieces of one script's text."""

    def __init__(self) -> None:
        self._state = _State.PLAIN

    def find_end(self, buffer: bytes, at: int) -> tuple[int, int]:
        """(where the end tag starts or -1, up to where the text is surely script)."""
        position = at
        while match := script_marks(buffer, position):
            mark = match[0]
            position = match.end()
            if mark == b"<!--":
                if self._state is _State.PLAIN:
                    self._state = _State.ESCAPED
                position -= 2  # its dashes may already be those of "-->"
            elif mark.startswith(b"-"):
                self._state = _State.PLAIN
            elif not match[1]:
                if self._state is _State.ESCAPED:
                    self._state = _State.DOUBLE_ESCAPED
            elif self._state is _State.DOUBLE_ESCAPED:
                self._state = _State.ESCAPED
            else:
                return match.start(), match.start()
        return -1, _surely_text(buffer, position)


def _surely_text(buffer: bytes, at: int) -> int:
    """How far the buffer cannot be the beginning of a mark that the next piece completes."""
    cut = buffer.rfind(b"<", max(at, len(buffer) - _LONGEST_MARK))
    if cut >= 0:
        return cut
    safe = len(buffer)
    while safe > max(at, len(buffer) - 2) and buffer[safe - 1] == ord("-"):
        safe -= 1
    return safe
