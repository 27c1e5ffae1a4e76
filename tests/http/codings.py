"""Content codings as apps do them and browsers undo them: by their libraries, none of our code."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable, Iterable, Iterator

import brotli
import zstandard
from hypothesis import strategies as st

CODINGS = (b"gzip", b"deflate", b"br", b"zstd")

# Also what is longer than a piece, and what cannot be made shorter.
texts = st.one_of(
    st.binary(max_size=300),
    st.builds(bytes.__mul__, st.binary(min_size=1, max_size=9), st.integers(0, 40_000)),
    st.builds(
        lambda seed, n: random.Random(seed).randbytes(n), st.integers(0, 9), st.just(200_000)
    ),
)
cuts = st.lists(st.integers(0, 2000), max_size=8)


class AppSide:
    """Compresses piece by piece."""

    def __init__(self, coding: bytes) -> None:
        self.pack: Callable[[bytes], bytes]
        if coding == b"br":
            packer = brotli.Compressor(quality=1)
            self.pack, self.flush, self.finish = packer.process, packer.flush, packer.finish
        elif coding == b"zstd":
            frame = zstandard.ZstdCompressor(level=1, write_checksum=True).compressobj()
            self.pack, self.finish = frame.compress, frame.flush
            self.flush = lambda: frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        else:
            stream = zlib.compressobj(1, wbits=15 if coding == b"deflate" else 31)
            self.pack, self.finish = stream.compress, stream.flush
            self.flush = lambda: stream.flush(zlib.Z_SYNC_FLUSH)


def client_side(coding: bytes) -> Callable[[bytes], bytes]:
    """Undoes a coding piece by piece."""
    if coding == b"br":
        undone: Callable[[bytes], bytes] = brotli.Decompressor().process
        return undone
    if coding == b"zstd":
        return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress
    return zlib.decompressobj(47).decompress


def packed(coding: bytes, text: bytes) -> bytes:
    """`text` in one coding, or in several such as `gzip, br`, in this order."""
    for name in filter(None, coding.split(b", ")):
        app = AppSide(name)
        text = app.pack(text) + app.finish()
    return text


def unpacked(coding: bytes, data: bytes) -> bytes:
    """The text of a body that is complete."""
    for name in reversed(list(filter(None, coding.split(b", ")))):
        data = _unpacked(name, data)
    return data


def _unpacked(name: bytes, data: bytes) -> bytes:
    if name == b"br":
        return bytes(brotli.decompress(data))
    if name == b"zstd":
        frame = zstandard.ZstdDecompressor().decompressobj()
        text = frame.decompress(data)
        assert frame.eof
        return text
    return gzip.decompress(data) if name == b"gzip" else zlib.decompress(data)


def bomb(coding: bytes, size: int) -> bytes:
    """So many zeros (a multiple of 1 MiB)."""
    return b"".join(_packed_zeros(coding, size))


def _packed_zeros(coding: bytes, size: int) -> Iterator[bytes]:
    app, zeros = AppSide(coding), bytes(1 << 20)
    for _ in range(size >> 20):
        yield app.pack(zeros)
    yield app.finish()


def parts(data: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({*(place % (len(data) + 1) for place in places), len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]
