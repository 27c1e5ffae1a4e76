"""The body of a page from app to server: codings undone, HTML rewritten, codings redone."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from asgi_consent.html.rewriter import Rewriter
from asgi_consent.http.coding import PRESCANNED, Compressed, Transcoded, charset_of

_LONGEST_OPENING = 64 * 1024  # bytes as sent that are looked at before deciding
_BLANK = b"\xef\xbb\xbf\t\n\f\r "
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
    text = _uncompressed(data) if coding else data
    if not complete and len(text) < len(b"BOM"):
        return None
    marked = text.startswith(_MARKS)
    visible = text.lstrip(_BLANK)
    if sniff and not marked and visible and not _may_be_page(visible):
        return Opening(False, "")  # at once, so that a stream of anything else is not held up
    wanted = len(b"BOM") if declared or marked else PRESCANNED
    if not complete and len(text) < wanted:
        return None
    charset = charset_of(declared, text)
    is_page = not sniff or bool(charset) or _may_be_page(visible)
    return Opening(is_page, charset)


def _may_be_page(visible: bytes) -> bool:
    """Whether browsers may take it for HTML: it begins with a tag, a comment or a doctype."""
    return visible.startswith(b"<") and not visible.startswith(b"<?")


def _uncompressed(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=47).decompress(data, PRESCANNED)
    except zlib.error:
        return b""


class PageBody:
    """`feed` and `close` give what may be sent so far. With `observe` that is what came in: the
    rewriter only looks."""

    def __init__(
        self, rewriter: Rewriter, *, coding: bytes, charset: str, observe: bool = False
    ) -> None:
        self._rewriter = rewriter
        self._compressed = Compressed(coding) if coding else None
        self._transcoded = Transcoded(charset) if charset else None
        self._observe = observe

    def feed(self, data: bytes) -> bytes:
        if self._observe:
            self._look_at(data)
            return data
        return self._encoded(self._rewritten(data), last=False)

    def close(self) -> bytes:
        if self._observe:
            return b""
        html = b""
        if self._transcoded:
            html = self._rewriter.feed(self._transcoded.decode(b"", last=True))
        return self._encoded(html + self._rewriter.close(), last=True)

    def _look_at(self, data: bytes) -> None:
        try:
            self._rewritten(data)
        except zlib.error:  # not what its Content-Encoding says: the visitor's browser will tell
            self._compressed = None

    def _rewritten(self, data: bytes) -> bytes:
        return b"".join(self._rewriter.feed(piece) for piece in self._decoded(data))

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        pieces = self._compressed.decode(data) if self._compressed else (data,)
        for piece in pieces:
            yield self._transcoded.decode(piece, last=False) if self._transcoded else piece

    def _encoded(self, html: bytes, *, last: bool) -> bytes:
        if self._transcoded:
            html = self._transcoded.encode(html, last=last)
        return self._compressed.encode(html, last=last) if self._compressed else html
