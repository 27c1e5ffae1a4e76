"""HTML in the strings of JSON: an app answers with it, and a script puts it into the page.

Strings that hold no markup, and those in which nothing is held back, stay byte by byte as they are;
so does everything between them. https://www.rfc-editor.org/rfc/rfc8259#section-7
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable

from asgi_consent.html.rewriter import Rewriter

#: bytes of one string, or one event, that are held until its end is seen
LONGEST = 4 * 1024 * 1024

_log = logging.getLogger("asgi_consent")
_INSIDE = rb'[^"\\]*+(?:\\.[^"\\]*+)*+'
_inside = re.compile(_INSIDE, re.DOTALL).match
_strings = re.compile(rb'"(' + _INSIDE + rb')("?+)', re.DOTALL).finditer
_has_markup = re.compile(rb"<|\\u003[cC]").search


class JsonRewriter:
    """Sans-IO, as `Rewriter`, of which `make` gives one for each string. A string that is too long
    to be judged is emptied."""

    def __init__(self, make: Callable[[], Rewriter]) -> None:
        self._make = make
        self._held: bytearray | None = None  # a string whose end has not been seen, no quote
        self._read = 0  # bytes of it that were looked at
        self._emptied = False

    def feed(self, data: bytes) -> bytes:
        out: list[bytes] = []
        at = 0 if self._held is None else self._go_on(self._held, data, out)
        for match in _strings(data, at):
            if not match[2]:
                out.append(data[at : match.start()])
                at = len(data)
                self._hold(bytearray(data[match.start() + 1 :]), len(match[1]), out)
            elif _has_markup(match[1]):
                out += data[at : match.start()], self._rewritten(match[1])
                at = match.end()
        out.append(data[at:])
        return b"".join(out)

    def close(self) -> bytes:
        """No script can read a string that never ends."""
        return b"" if self._held is None or self._emptied else b'"' + bytes(self._held)

    def _go_on(self, held: bytearray, data: bytes, out: list[bytes]) -> int:
        """Where in `data` the string ends that is held."""
        held += data
        match = _inside(held, self._read)
        assert match is not None  # matches the empty string
        end = match.end()
        if held[end : end + 1] != b'"':  # not yet; it may be half an escape
            self._hold(held, end, out)
            return len(data)
        out.append(b'"' if self._emptied else self._rewritten(bytes(held[:end])))
        self._held, self._emptied = None, False
        return len(data) - (len(held) - end - 1)

    def _hold(self, held: bytearray, read: int, out: list[bytes]) -> None:
        """Of what is too long, nothing is kept but where it ends."""
        if not self._emptied and len(held) > LONGEST:
            _log.warning("a string of over %d bytes of JSON is emptied: it is not read", LONGEST)
            out.append(b'"')
            self._emptied = True
        if self._emptied:
            del held[:read]
            read = 0
        self._held, self._read = held, read

    def _rewritten(self, text: bytes) -> bytes:
        """A string with its quotes, after what is in it has been judged."""
        written = b'"' + text + b'"'
        if not _has_markup(text):
            return written
        try:
            markup = json.loads(written, strict=False).encode("utf-8", "surrogatepass")
        except ValueError:  # nor can a script read it
            return written
        rewriter = self._make()
        gated = rewriter.feed(markup) + rewriter.close()
        if gated == markup:
            return written
        # As apps write it that put JSON into a script: no tag can end it.
        safe = json.dumps(gated.decode("utf-8", "surrogatepass")).replace("<", "\\u003c")
        return safe.encode("ascii")
