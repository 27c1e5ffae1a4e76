"""The coding `zstd` (RFC 8878, RFC 9659), with the library of the extra `zstd`.

The library gives all output of its input at once, and four bytes of input may hold 128 KiB. So it
is fed block by block: no block holds more. Where blocks end is read here; what they hold, and
whether it is right, is for the library to say. A mistake here could cost memory, never content.
Importing this fails where the library is missing: then the coding is unknown (see coding.py).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import zstandard

_WINDOW = 8 * 1024 * 1024  # bytes that a decoder must be able to look back (RFC 9659 section 3)
_PIECE = 64 * 1024  # bytes of a skippable frame that are dropped at a time
_RLE = 1  # type of a block that holds one byte, to be repeated
_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f
_DICTIONARY_ID = (0, 1, 2, 4)  # bytes of the field, by the flag in a frame's descriptor
_CONTENT_SIZE = (0, 2, 4, 8)
# As fast as the library's own choice, and less to keep for each open stream.
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(3, window_log=18)

Error = zstandard.ZstdError


class Unpacker:
    def __init__(self) -> None:
        self._library = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._held = bytearray()  # a part of what comes next; at most a block
        self._unpacked = b""
        self._frames = self._read_frames()
        self._wanted = next(self._frames)

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Raises zstandard.ZstdError."""
        self._held += data
        while len(self._held) >= self._wanted:
            part = bytes(self._held[: self._wanted])
            del self._held[: self._wanted]
            self._wanted = self._frames.send(part)
            if self._unpacked:
                yield self._unpacked
                self._unpacked = b""

    # Generators that say how many bytes they want next, and are sent exactly these.

    def _read_frames(self) -> Generator[int, bytes, None]:
        while True:
            magic = yield len(_MAGIC)
            if magic == _MAGIC:
                yield from self._read_frame()
            elif magic.endswith(_SKIPPABLE) and magic[0] >> 4 == 5:
                left = int.from_bytes((yield 4), "little")
                while left:
                    left -= len((yield min(left, _PIECE)))
            else:
                raise Error("no frame begins where one should")

    def _read_frame(self) -> Generator[int, bytes, None]:
        feed = self._library.decompressobj().decompress
        descriptor = yield 1
        flags = descriptor[0]
        is_single = flags >> 5 & 1
        size = _CONTENT_SIZE[flags >> 6] or is_single
        # There is a byte for the window or, at least, one for the size.
        rest = yield 1 - is_single + _DICTIONARY_ID[flags & 3] + size
        feed(_MAGIC + descriptor + rest)
        last = False
        while not last:
            head = yield 3
            last = bool(head[0] & 1)
            self._unpacked = feed(head)  # an impossible size fails here, before it is waited for
            fields = int.from_bytes(head, "little") >> 1
            size = 1 if fields & 3 == _RLE else fields >> 2
            if size:
                self._unpacked += feed((yield size))
        if flags >> 2 & 1:
            feed((yield 4))  # a checksum


class Packer:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(compression_params=_PARAMETERS).compressobj()

    def pack(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def flush(self) -> bytes:
        return self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self) -> bytes:
        return self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)
