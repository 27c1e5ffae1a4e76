"""HTML in the data of server-sent events, or JSON that holds some.

An event is sent on as soon as its empty line has arrived, which is when a browser would hear of it.
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from asgi_consent.html.in_json import LONGEST, JsonRewriter
from asgi_consent.html.rewriter import Rewriter

_log = logging.getLogger("asgi_consent")
_BOM = b"\xef\xbb\xbf"  # may stand at the beginning of a stream
_has_end = re.compile(rb"[\r\n]").search
# A CR at the end may be half of an end of line.
_line = re.compile(rb"([^\r\n]*+)(\r\n|\n|\r(?!\Z))").match


class EventRewriter:
    """Sans-IO, as `Rewriter`, of which `make` gives one for each event. The data of an event that
    is too long to be judged is left out."""

    def __init__(self, make: Callable[[], Rewriter]) -> None:
        self._make = make
        self._rest = bytearray()  # the beginning of a line
        self._lines: list[tuple[bytes, bytes]] = []  # of the event so far: the line, its end
        self._size = 0  # bytes of these
        self._too_long = False

    def feed(self, data: bytes) -> bytes:
        ended = self._rest.endswith(b"\r") or _has_end(data)
        self._rest += data
        out: list[bytes] = []
        at = 0
        while ended and (match := _line(self._rest, at)):
            at = match.end()
            self._take(bytes(match[1]), bytes(match[2]), out)
        del self._rest[:at]
        self._bound()
        return b"".join(out)

    def close(self) -> bytes:
        """Browsers drop an event without its empty line."""
        return self.feed(b"\n")[:-1] if self._rest.endswith(b"\r") else b""

    def _take(self, line: bytes, end: bytes, out: list[bytes]) -> None:
        if line:
            if not self._too_long:
                self._lines.append((line, end))
                self._size += len(line)
            return
        out.append(self._event() + end)
        self._lines.clear()
        self._size, self._too_long = 0, False

    def _bound(self) -> None:
        """Of what is too long nothing is kept but that a line has begun."""
        if not self._too_long and self._size + len(self._rest) > LONGEST:
            _log.warning("the data of an event of over %d bytes is left out: unread", LONGEST)
            self._too_long = True
        if self._too_long:
            self._lines.clear()
            del self._rest[1:]

    def _event(self) -> bytes:
        lines = self._lines
        data = [found for line, _ in lines if (found := _data_of(line)) is not None]
        text = b"\n".join(data)
        gated = self._gated(text) if data else text
        if gated == text:
            return b"".join(line + end for line, end in lines)
        end = next(end for line, end in lines if _data_of(line) is not None)
        written = [b"data: " + line + end for line in re.split(rb"\r\n|\n|\r", gated)]
        others = [line + end for line, end in lines if _data_of(line) is None]
        return b"".join((*others, *written))

    def _gated(self, text: bytes) -> bytes:
        if text.lstrip(b" \t\n")[:1] in (b"{", b"["):
            strings = JsonRewriter(self._make)
            return strings.feed(text) + strings.close()
        rewriter = self._make()
        return rewriter.feed(text) + rewriter.close()


def _data_of(line: bytes) -> bytes | None:
    """The value of a `data` field, None for other lines."""
    name, _, value = line.removeprefix(_BOM).partition(b":")
    return value.removeprefix(b" ") if name == b"data" else None
