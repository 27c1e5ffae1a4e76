"""Content codings: what lies between the bytes of a body and the text in it.

A coding is undone and, where the client takes it, done again. Decoded bytes come in pieces of
bounded size, one at a time, so that a compressed bomb costs time but no memory. `br` and `zstd`
need a library each, which comes with an extra; where it is missing the coding is unknown.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Protocol

from asgi_consent.errors import CodingError
from asgi_consent.http.headers import get_all, list_members, without
from asgi_consent.types import Headers

_PIECE = 64 * 1024  # bytes of decoded output at a time
_MOST = 3  # codings of one body
_GZIP_MARK = b"\x1f\x8b"
_EXTRAS = {b"br": "brotli", b"zstd": "zstd"}

# RFC 9110 section 12.4.2; whatever else is written there is no promise.
_positive = re.compile(
    rb"[ \t]*q=(?:1(?:\.0{0,3})?|0\.(?!0*[ \t]*$)[0-9]{1,3})[ \t]*", re.I
).fullmatch


class Unpacker(Protocol):
    """One coding of one body, undone. Raises errors of its library."""

    def unpack(self, data: bytes) -> Iterator[bytes]: ...


class Packer(Protocol):
    """One coding of one body, done. `flush` lets a reader read all there is so far."""

    def pack(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


class _Inflate:
    """gzip, or deflate with or without its header: browsers take both. Told apart by how they
    begin."""

    def __init__(self) -> None:
        self._held = b""  # too little of a beginning
        self._zlib: zlib._Decompress | None = None
        self._members = 0
        self._over = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        data = self._held + data
        self._held = b""
        while data and not self._over:
            if self._zlib is None:
                if len(data) < len(_GZIP_MARK):
                    self._held = data
                    return
                # A gzip body may have several members; what is no member is padding.
                self._over = self._members > 0 and not data.startswith(_GZIP_MARK)
                if self._over:
                    return
                self._zlib = zlib.decompressobj(wbits=_wbits(data))
                self._members += 1
            data = yield from self._inflate(self._zlib, data)

    def _inflate(self, member: zlib._Decompress, data: bytes) -> Generator[bytes, None, bytes]:
        """Gives back what follows the member."""
        full = False
        while data or full:
            piece = member.decompress(data, _PIECE)
            if piece:
                yield piece
            if member.eof:
                self._zlib = None
                return member.unused_data
            full = len(piece) == _PIECE  # there may be more, also without more input
            data = member.unconsumed_tail
        return b""


def _wbits(data: bytes) -> int:
    """How zlib has to read a stream that begins with these two bytes or more."""
    if data.startswith(_GZIP_MARK):
        return 31
    is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0  # RFC 1950 section 2.2
    return 15 if is_zlib else -15


class _Deflate:
    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.compressobj(wbits=wbits)

    def pack(self, data: bytes) -> bytes:
        return self._zlib.compress(data)

    def flush(self) -> bytes:
        return self._zlib.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._zlib.flush(zlib.Z_FINISH)


def _gzip() -> Packer:
    return _Deflate(31)


def _deflate() -> Packer:
    return _Deflate(15)


_CODINGS: dict[bytes, tuple[Callable[[], Unpacker], Callable[[], Packer]]] = {
    b"gzip": (_Inflate, _gzip),
    b"x-gzip": (_Inflate, _gzip),
    b"deflate": (_Inflate, _deflate),
}
_errors: tuple[type[Exception], ...] = (zlib.error,)
try:
    from asgi_consent.http import brotli_coding
except ImportError:
    pass
else:
    _CODINGS[b"br"] = (brotli_coding.Unpacker, brotli_coding.Packer)
    _errors += (brotli_coding.Error,)
try:
    from asgi_consent.http import zstd_coding
except ImportError:
    pass
else:
    _CODINGS[b"zstd"] = (zstd_coding.Unpacker, zstd_coding.Packer)
    _errors += (zstd_coding.Error,)

#: single codings that can be undone
KNOWN = _CODINGS.keys()


def is_known(coding: bytes) -> bool:
    """Whether a body can be read whose Content-Encoding is `coding`: `br`, `gzip, br`, nothing."""
    names = list_members(coding)
    return len(names) <= _MOST and all(name in KNOWN for name in names)


def missing_extras(coding: bytes) -> list[str]:
    """The extras of this package that are not installed, and with which `coding` were known."""
    return [_EXTRAS[name] for name in list_members(coding) if name in _EXTRAS.keys() - KNOWN]


def accepts(headers: Headers, coding: bytes) -> bool:
    """Whether a client that sent these headers takes a body in `coding` (RFC 9110 section 12.5.3).

    A list that is sent and empty takes none. Nothing hangs on `identity`: a body without coding
    can be read by everybody, also by who would rather not.
    """
    values = get_all(headers, b"accept-encoding") if coding else []
    if not values:
        return True
    weighed = {}
    for member in b",".join(values).split(b","):
        name, semicolon, weight = member.partition(b";")
        weighed[_canonical(name)] = not semicolon or _positive(weight) is not None
    others = weighed.get(b"*", False)
    return all(weighed.get(_canonical(name), others) for name in list_members(coding))


def recoded(headers: Headers, coding: bytes, sent: bytes) -> Headers:
    """The headers of a body that came in `coding` and is sent in `sent`, which is either the same
    or nothing, by what the client accepts."""
    if not coding:
        return headers
    vary = {member for value in get_all(headers, b"vary") for member in list_members(value)}
    if not vary & {b"accept-encoding", b"*"}:
        headers = [*headers, (b"vary", b"accept-encoding")]
    return headers if sent else without(headers, (b"content-encoding",))


class Decoder:
    """Undoes `coding`: one name, several in the order they were applied, or nothing."""

    def __init__(self, coding: bytes) -> None:
        self._coding = coding
        self._layers = [_CODINGS[name][0]() for name in reversed(list_members(coding))]

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What is known with `data` of the body, in pieces of at most 64 KiB. Raises CodingError.

        A body that ends too early is no error: browsers, too, show what there is.
        """
        try:
            for piece in _cut(data):
                yield from _unpacked(self._layers, piece)
        except _errors as error:
            message = f"a body with Content-Encoding {self._coding.decode('latin-1')} is broken"
            raise CodingError(f"{message}: {error}") from error


class Encoder:
    """Does `coding` again."""

    def __init__(self, coding: bytes) -> None:
        self._layers = [_CODINGS[name][1]() for name in list_members(coding)]
        self._holds = False

    def encode(self, data: bytes) -> bytes:
        for layer in self._layers:
            if not data:
                break
            self._holds = True
            data = layer.pack(data)
        return data

    def flush(self) -> bytes:
        """What is still held, so that the client can read all that was encoded."""
        if not self._holds:
            return b""
        self._holds = False
        return self._end(layer.flush for layer in self._layers)

    def finish(self) -> bytes:
        return self._end(layer.finish for layer in self._layers)

    def _end(self, ends: Iterable[Callable[[], bytes]]) -> bytes:
        """What comes out of a layer at its end still goes through those after it."""
        data = b""
        for layer, end in zip(self._layers, ends, strict=True):
            data = (layer.pack(data) if data else b"") + end()
        return data


def _cut(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))


def _unpacked(layers: Sequence[Unpacker], data: bytes) -> Iterator[bytes]:
    if not layers:
        yield data
        return
    for whole in layers[0].unpack(data):
        for piece in _cut(whole):
            yield from _unpacked(layers[1:], piece)


def _canonical(name: bytes) -> bytes:
    name = name.strip(b" \t").lower()
    return b"gzip" if name == b"x-gzip" else name
