"""The coding `br` (RFC 7932), with the library of the extra `brotli`.

Importing this fails where the library is missing, or is older than 1.2 and so cannot bound its
output: then the coding is unknown (see coding.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import brotli

if not hasattr(brotli.Decompressor, "can_accept_more_data"):
    raise ImportError("brotli is older than 1.2")

_LIMIT = 64 * 1024  # bytes of output at which the library stops; it may overshoot by half of that
_QUALITY = 4  # of 11: pages as small as by gzip 6, in two thirds of its time
_WINDOW = 18  # binary logarithm of bytes; more than that gains little on a page

Error = brotli.error


class Unpacker:
    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """Raises brotli.error."""
        while True:
            piece = self._brotli.process(data, output_buffer_limit=_LIMIT)
            if piece:
                yield piece
            elif self._brotli.can_accept_more_data():
                # Only now: the library says so too while it still holds output of finished input.
                return
            data = b""


class Packer:
    def __init__(self) -> None:
        self._brotli = brotli.Compressor(quality=_QUALITY, lgwin=_WINDOW)

    def pack(self, data: bytes) -> bytes:
        return bytes(self._brotli.process(data))

    def flush(self) -> bytes:
        return bytes(self._brotli.flush())

    def finish(self) -> bytes:
        return bytes(self._brotli.finish())
