"""Frames of Zstandard, which are read block by block."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.errors import CodingError
from asgi_consent.http.coding import Decoder
from tests.http.codings import cuts, packed, parts, texts


def decoded(*pieces: bytes) -> bytes:
    decoder = Decoder(b"zstd")
    return b"".join(b"".join(decoder.decode(piece)) for piece in pieces)


def skippable(size: int) -> bytes:
    return b"\x5a\x2a\x4d\x18" + size.to_bytes(4, "little") + bytes(size)


@given(
    st.lists(st.tuples(texts, st.integers(-5, 19), st.booleans(), st.booleans()), max_size=3),
    st.sampled_from([b"", skippable(0), skippable(3), skippable(200_000)]),
    cuts,
)
def test_zstd_frames_of_every_kind_are_read(
    frames: list[tuple[bytes, int, bool, bool]], between: bytes, places: list[int]
) -> None:
    body = between
    for text, level, checksum, size in frames:
        packer = zstandard.ZstdCompressor(level, write_checksum=checksum, write_content_size=size)
        body += packer.compress(text) + between

    assert decoded(*parts(body, places)) == b"".join(text for text, *_ in frames)


def test_zstd_that_browsers_refuse_for_its_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=24)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()

    with pytest.raises(CodingError, match="memory"):
        decoded(stream.compress(b"<p>hello") + stream.flush())


def test_zstd_block_larger_than_any_is_not_waited_for() -> None:
    frame = packed(b"zstd", b"")
    head = frame[: -3 - 4]  # without its one block and the checksum

    with pytest.raises(CodingError):
        decoded(head + b"\xf8\xff\xff")
