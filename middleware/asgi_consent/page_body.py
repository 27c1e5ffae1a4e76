"""The body of a page from app to server: codings undone, HTML rewritten, codings redone.

All in pieces of bounded size, one at a time: what a few bytes may decode to is never held whole.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from asgi_consent.errors import CodingError
from asgi_consent.faults import note_fault
from asgi_consent.html.plain import PlainRewriter
from asgi_consent.http.charset import PRESCANNED, Transcoded, charset_of
from asgi_consent.http.coding import Decoder, Encoder

_LONGEST_OPENING = 64 * 1024  # bytes as sent that are looked at before deciding
_SIP = 1024  # bytes of these that are decoded at a time
_SNIFFED = 1445  # bytes in which a browser looks for a first visible character (mimesniff, 5.2)
_BLANK = b"\xef\xbb\xbf\t\n\f\r "
_MARK = b" data-consent-gated"
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Rewriting(Protocol):
    """A sans-IO object such as `Rewriter`."""

    def feed(self, data: bytes) -> bytes: ...

    def close(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first bytes of a body tell. `charset` is the codec to read it with, if any."""

    is_page: bool
    charset: str


def read_opening(
    data: bytes, *, coding: bytes, declared: bytes, sniff: bool, complete: bool
) -> Opening | None:
    """The opening of a body of which `data` has arrived; None while more is needed.

    Waits for what a browser waits for: a byte order mark, where it has to sniff the first visible
    characters, and where no charset is declared the bytes in which a page may name one.
    """
    complete = complete or len(data) >= _LONGEST_OPENING
    try:
        text = _decoded(data, coding) if coding else data
    except CodingError:
        return Opening(True, "")  # so that it fails when it is read, rather than pass unread
    if not complete and len(text) < len(b"BOM"):
        return None
    marked = text.startswith(_MARKS)
    visible = text.lstrip(_BLANK)
    if sniff and not marked and visible and not _may_be_page(visible):
        return Opening(False, "")  # at once, so that a stream of anything else is not held up
    wanted = len(b"BOM") if declared or marked else PRESCANNED
    if sniff and not marked and not visible:
        wanted = _SNIFFED
    if not complete and len(text) < wanted:
        return None
    charset = charset_of(declared, text)
    is_page = not sniff or bool(charset) or _may_be_page(visible)
    return Opening(is_page, charset)


def _may_be_page(visible: bytes) -> bool:
    """Whether browsers may take it for HTML: it begins with a tag, a comment or a doctype."""
    return visible.startswith(b"<") and not visible.startswith(b"<?")


def _decoded(data: bytes, coding: bytes) -> bytes:
    """As much of the beginning as anybody looks at. Raises CodingError."""
    decoder = Decoder(coding)
    text = b""
    for at in range(0, len(data), _SIP):
        for piece in decoder.decode(data[at : at + _SIP]):
            text += piece
            if len(text) >= _SNIFFED:
                return text
    return text


class PageBody:
    """The codings of what the app sends and of what the client gets are `coding` and `sent`. With
    `observe` what came in goes out: the rewriter only looks."""

    def __init__(
        self,
        rewriter: Rewriting,
        *,
        coding: bytes,
        sent: bytes,
        charset: str,
        observe: bool = False,
    ) -> None:
        self._rewriter: Rewriting = rewriter
        self._decoder = Decoder(coding)
        self._encoder = Encoder(sent)
        self._transcoded = Transcoded(charset) if charset else None
        self._observe = observe
        self._broken = False
        self.held = 0  # elements that were put into their neutral form, or would be

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What may be sent so far, piece by piece; between two there is time for other tasks. The
        last lets the client read all there is. Raises CodingError."""
        if self._observe:
            yield data
            yield from self._look_at(data)
            return
        ready = None
        for html in self._rewritten(data):
            if ready is not None:
                yield ready
            ready = self._encoded(html, last=False)
        if ready is not None:
            yield ready + self._encoder.flush()

    def close(self) -> bytes:
        if self._observe:
            return b""
        html = b""
        if self._transcoded:
            html = self._fed(self._transcoded.decode(b"", last=True))
        return self._encoded(html + self._closed(), last=True) + self._encoder.finish()

    def _look_at(self, data: bytes) -> Iterator[bytes]:
        if self._broken:
            return
        try:
            for _ in self._rewritten(data):
                yield b""
        except CodingError:  # the visitor's browser will tell
            self._broken = True

    def _rewritten(self, data: bytes) -> Iterator[bytes]:
        for piece in self._decoder.decode(data):
            text = self._transcoded.decode(piece, last=False) if self._transcoded else piece
            html = self._fed(text)
            self.held += html.count(_MARK) - text.count(_MARK)
            yield html

    def _fed(self, text: bytes) -> bytes:
        try:
            return self._rewriter.feed(text)
        except Exception as error:
            note_fault("rewriting a page", error)
            # What it held is lost, the rest has nothing left in it to hold back.
            self._rewriter = PlainRewriter()
            return self._rewriter.feed(text)

    def _closed(self) -> bytes:
        try:
            return self._rewriter.close()
        except Exception as error:
            note_fault("rewriting the end of a page", error)
            return b""

    def _encoded(self, html: bytes, *, last: bool) -> bytes:
        if self._transcoded:
            html = self._transcoded.encode(html, last=last)
        return self._encoder.encode(html)
