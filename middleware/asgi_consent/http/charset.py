"""Charsets whose bytes cannot be scanned as ASCII: they are read as UTF-8 in between."""

from __future__ import annotations

import codecs
import re

# Charsets in which a byte below 0x80 may be part of another character, with all labels that
# browsers know (https://encoding.spec.whatwg.org/#names-and-labels). Others are scanned as is.
_UTF16LE = b"utf-16 utf-16le ucs-2 unicode iso-10646-ucs-2 csunicode unicodefeff"
_UNSCANNABLE = {
    **dict.fromkeys(_UTF16LE.split(), "utf-16-le"),
    **dict.fromkeys((b"utf-16be", b"unicodefffe"), "utf-16-be"),
    **dict.fromkeys((b"iso-2022-jp", b"csiso2022jp"), "iso2022_jp_ext"),
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, ""),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: bytes in which a document may name its charset (HTML standard, "prescan a byte stream")
PRESCANNED = 1024
_names_iso_2022 = re.compile(rb"(?i)charset[^>]{0,40}(?:cs)?iso-?2022-?jp").search


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


def charset_of(declared: bytes, opening: bytes) -> str:
    """The Python codec of a body that starts with `opening`, if its bytes cannot be scanned as they
    are, else nothing. A byte order mark wins over what is declared, and that over what the document
    says of itself (HTML standard, "encoding sniffing algorithm")."""
    for mark, name in _BYTE_ORDER_MARKS:
        if opening.startswith(mark):
            return name
    if declared:
        return _UNSCANNABLE.get(declared, "")
    # A document that says it is UTF-16 in ASCII is UTF-8; only this one can be believed.
    return "iso2022_jp_ext" if _names_iso_2022(opening[:PRESCANNED]) else ""
