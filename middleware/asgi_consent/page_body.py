"""The body of a page from app to server: codings undone, HTML rewritten, codings redone."""

from __future__ import annotations

from collections.abc import Iterator

from asgi_consent.html.rewriter import Rewriter
from asgi_consent.http.coding import Compressed, Transcoded, charset_of


class PageBody:
    """`feed` and `close` give what may be sent so far. With `observe` that is what came in: the
    rewriter only looks."""

    def __init__(
        self, rewriter: Rewriter, *, coding: bytes, charset: bytes, observe: bool = False
    ) -> None:
        self._rewriter = rewriter
        self._compressed = Compressed(coding) if coding else None
        self._charset = charset
        self._transcoded: Transcoded | None = None
        self._begun = False
        self._observe = observe

    def feed(self, data: bytes) -> bytes:
        html = b"".join(self._rewriter.feed(piece) for piece in self._decoded(data))
        return data if self._observe else self._encoded(html, last=False)

    def close(self) -> bytes:
        html = b""
        if self._transcoded:
            html = self._rewriter.feed(self._transcoded.decode(b"", last=True))
        html += self._rewriter.close()
        return b"" if self._observe else self._encoded(html, last=True)

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        pieces = self._compressed.decode(data) if self._compressed else (data,)
        for piece in pieces:
            if not self._begun and piece:
                self._begun = True
                charset = charset_of(self._charset, piece)
                self._transcoded = Transcoded(charset) if charset else None
            yield self._transcoded.decode(piece, last=False) if self._transcoded else piece

    def _encoded(self, html: bytes, *, last: bool) -> bytes:
        if self._transcoded:
            html = self._transcoded.encode(html, last=last)
        return self._compressed.encode(html, last=last) if self._compressed else html
