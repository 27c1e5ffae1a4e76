"""Body codings: what lies between the bytes of a response and the HTML in them.

A Content-Encoding is undone and done again; the few charsets whose bytes cannot be scanned as ASCII
are read as UTF-8 in between. Output is produced in bounded pieces, so that a compressed bomb costs
time but no memory.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator

_PIECE = 64 * 1024  # bytes of decoded output at a time

KNOWN = (b"gzip", b"x-gzip", b"deflate")

# Charsets in which a byte below 0x80 may be part of another character
# (https://encoding.spec.whatwg.org/: every other one is ASCII-compatible for scanning).
UNSCANNABLE = {
    b"utf-16": "utf-16-le",
    b"utf-16le": "utf-16-le",
    b"utf-16be": "utf-16-be",
    b"iso-2022-jp": "iso2022_jp",
}
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Compressed:
    """gzip or deflate; every piece the app flushed is flushed again."""

    def __init__(self, coding: bytes) -> None:
        self._decompress = zlib.decompressobj(wbits=47)  # gzip or zlib, told apart by its header
        self._compress = zlib.compressobj(wbits=15 if coding == b"deflate" else 31)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Pieces of bounded size. Raises zlib.error on a broken body."""
        while data:
            yield self._decompress.decompress(data, _PIECE)
            data = self._decompress.unconsumed_tail
            if self._decompress.eof:
                data = self._decompress.unused_data  # a gzip body may have several members
                if data:
                    self._decompress = zlib.decompressobj(wbits=47)

    def encode(self, data: bytes, *, last: bool) -> bytes:
        packed = self._compress.compress(data) if data else b""
        if last:
            return packed + self._compress.flush(zlib.Z_FINISH)
        return packed + self._compress.flush(zlib.Z_SYNC_FLUSH) if data else packed


class Transcoded:
    """A charset that cannot be scanned, as UTF-8."""

    def __init__(self, charset: str) -> None:
        self._decoder = codecs.getincrementaldecoder(charset)("replace")
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._encoder = codecs.getincrementalencoder(charset)("xmlcharrefreplace")

    def decode(self, data: bytes, *, last: bool) -> bytes:
        return self._decoder.decode(data, last).encode()

    def encode(self, data: bytes, *, last: bool) -> bytes:
        return self._encoder.encode(self._utf8.decode(data, last), last)


def charset_of(declared: bytes, first: bytes) -> str:
    """The charset of a body that starts with `first`, if its bytes cannot be scanned as they are.
    A byte order mark wins over what is declared (HTML standard 13.2.3.2)."""
    for mark, name in _BYTE_ORDER_MARKS:
        if first.startswith(mark):
            return name
    return UNSCANNABLE.get(declared, "")
