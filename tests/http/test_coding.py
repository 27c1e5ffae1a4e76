"""Content codings, undone and done again."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asgi_consent.errors import CodingError
from asgi_consent.http import coding as codings
from asgi_consent.http.coding import (
    Decoder,
    Encoder,
    accepts,
    is_known,
    missing_extras,
    recoded,
)
from asgi_consent.types import Headers
from tests.http.codings import (
    CODINGS,
    AppSide,
    bomb,
    client_side,
    cuts,
    packed,
    parts,
    texts,
    unpacked,
)

PIECE = 64 * 1024
PAGE = b"<p>hello</p>" * 1000

every_coding = pytest.mark.parametrize("coding", CODINGS)
several = st.lists(st.sampled_from(CODINGS), max_size=3).map(b", ".join)


def decoded(coding: bytes, *pieces: bytes) -> bytes:
    decoder = Decoder(coding)
    return b"".join(b"".join(decoder.decode(piece)) for piece in pieces)


def each_byte(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


# ---- there and back


@given(several, texts, cuts)
@example(b"gzip, br, zstd", b"", [])
def test_every_coding_is_undone_wherever_it_is_cut(
    coding: bytes, text: bytes, places: list[int]
) -> None:
    decoder = Decoder(coding)

    pieces = [p for part in parts(packed(coding, text), places) for p in decoder.decode(part)]

    assert b"".join(pieces) == text
    assert max(map(len, pieces), default=0) <= PIECE


@given(several, texts, cuts, st.booleans())
def test_every_coding_is_done_so_that_a_client_can_read_it(
    coding: bytes, text: bytes, places: list[int], flushes: bool
) -> None:
    encoder = Encoder(coding)

    sent = b""
    for part in parts(text, places):
        sent += encoder.encode(part) + (encoder.flush() if flushes else b"")

    assert unpacked(coding, sent + encoder.finish()) == text


@every_coding
def test_every_cut_of_a_short_body_is_the_same(coding: bytes) -> None:
    body = packed(coding, b"<p>hello</p>" * 3)

    assert decoded(coding, *each_byte(body)) == b"<p>hello</p>" * 3
    for at in range(len(body)):
        assert decoded(coding, body[:at], body[at:]) == b"<p>hello</p>" * 3


@pytest.mark.parametrize("coding", [*CODINGS, b"gzip, br", b"zstd, deflate, gzip"])
@pytest.mark.parametrize("length", [1, 40_000, PIECE, 100_000, 300_000])
def test_what_the_app_flushes_is_there_at_once(coding: bytes, length: int) -> None:
    layers = [AppSide(name) for name in coding.split(b", ")]
    decoder = Decoder(coding)

    for letter in (b"a", b"b", b"c"):
        data = letter * length
        for layer in layers:
            data = layer.pack(data) + layer.flush()
        assert b"".join(decoder.decode(data)) == letter * length


@every_coding
def test_flushed_output_can_be_read_before_there_is_more(coding: bytes) -> None:
    encoder, read = Encoder(coding), client_side(coding)

    for text in (b"first", PAGE, b"x" * 300_000, b"last"):
        assert read(encoder.encode(text) + encoder.flush()) == text


@every_coding
def test_flush_of_nothing_is_nothing(coding: bytes) -> None:
    encoder = Encoder(coding)

    assert encoder.flush() == b""
    encoder.encode(b"<p>")
    assert encoder.flush() != b""
    assert encoder.flush() == b""


def test_no_coding_changes_nothing() -> None:
    assert decoded(b"", PAGE) == PAGE
    assert Encoder(b"").encode(PAGE) == PAGE
    assert Encoder(b"").flush() + Encoder(b"").finish() == b""


# ---- what libraries and apps do differently


def test_gzip_of_several_members_is_read_whole() -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")

    assert decoded(b"gzip", body) == decoded(b"gzip", *each_byte(body)) == b"one two"


def test_padding_after_a_gzip_body_is_left_out() -> None:
    body = gzip.compress(b"page") + b"\0\0\0" + gzip.compress(b"none")

    assert decoded(b"gzip", body) == decoded(b"gzip", *each_byte(body)) == b"page"


def test_deflate_without_its_header_is_read_as_browsers_read_it() -> None:
    raw = zlib.compressobj(wbits=-15)
    body = raw.compress(b"<p>hello</p>") + raw.flush()

    assert decoded(b"deflate", body) == decoded(b"deflate", *each_byte(body)) == b"<p>hello</p>"


def test_deflate_without_its_header_loses_nothing_at_the_edge_of_a_piece() -> None:
    for length in range(PIECE - 2, PIECE + 300, 7):
        raw = zlib.compressobj(wbits=-15)
        assert len(decoded(b"deflate", raw.compress(b"a" * length) + raw.flush())) == length


@pytest.mark.threat("T19")
@every_coding
def test_bomb_costs_no_memory(coding: bytes) -> None:
    body = bomb(coding, 100 << 20)
    decoder = Decoder(coding)
    tracemalloc.start()
    try:
        lengths = [len(piece) for piece in decoder.decode(body)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sum(lengths) == 100 << 20
    assert max(lengths) <= PIECE
    assert peak < 1 << 20


@pytest.mark.threat("T19")
def test_bomb_in_a_bomb_costs_no_memory() -> None:
    body = packed(b"br", bomb(b"gzip", 50 << 20))

    assert max(len(piece) for piece in Decoder(b"gzip, br").decode(body)) <= PIECE


# ---- what is broken


@every_coding
def test_broken_body_is_an_error_that_names_its_coding(coding: bytes) -> None:
    with pytest.raises(CodingError, match=coding.decode()):
        decoded(coding, b"\x1f\x8b<html><body>not packed at all")


@every_coding
def test_body_that_breaks_off_gives_what_there_is(coding: bytes) -> None:
    app = AppSide(coding)
    body = app.pack(PAGE) + app.flush()

    assert decoded(coding, body) == PAGE
    for at in range(len(body)):
        assert PAGE.startswith(decoded(coding, body[:at]))


@every_coding
def test_pieces_before_the_broken_one_are_given(coding: bytes) -> None:
    app, decoder = AppSide(coding), Decoder(coding)

    assert b"".join(decoder.decode(app.pack(PAGE) + app.flush())) == PAGE
    with pytest.raises(CodingError):
        list(decoder.decode(b"\xff" * 100_000))


@given(several.filter(bool), texts, st.binary(max_size=40), st.integers(0, 9999), cuts)
def test_any_bytes_are_read_or_a_coding_error(
    coding: bytes, text: bytes, junk: bytes, at: int, places: list[int]
) -> None:
    """No library's own error, and no endless loop."""
    body = packed(coding, text)
    at %= len(body) + 1
    decoder = Decoder(coding)
    try:
        for part in parts(body[:at] + junk + body[at + len(junk) :], places):
            assert all(len(piece) <= PIECE for piece in decoder.decode(part))
    except CodingError:
        pass


# ---- what is known


def test_known_are_up_to_three_codings_that_are_all_known() -> None:
    for coding in (b"", b"gzip", b"x-gzip", b"br", b"zstd", b"gzip, br", b"gzip, br, zstd"):
        assert is_known(coding), coding
    for coding in (b"dcb", b"dcz", b"gzip, dcb", b"exi", b"gzip, gzip, gzip, gzip"):
        assert not is_known(coding), coding
        assert missing_extras(coding) == []


def test_coding_without_its_extra_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(codings._CODINGS, b"br")
    assert not is_known(b"gzip, br")
    assert is_known(b"zstd")
    assert missing_extras(b"gzip, br, zstd") == ["brotli"]


IMPORTED = "from asgi_consent.http.coding import KNOWN; print(*sorted(map(bytes.decode, KNOWN)))"


@pytest.mark.parametrize(
    ("before", "known"),
    [
        ("", "br deflate gzip x-gzip zstd"),
        ("sys.modules['brotli'] = None", "deflate gzip x-gzip zstd"),
        ("sys.modules['zstandard'] = None", "br deflate gzip x-gzip"),
        ("import brotli; brotli.Decompressor = object", "deflate gzip x-gzip zstd"),  # before 1.2
    ],
)
def test_library_that_is_missing_or_too_old_does_not_stop_the_start(
    before: str, known: str
) -> None:
    code = f"import sys; {before}\n{IMPORTED}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == known


# ---- what a client takes


@pytest.mark.parametrize(
    ("accepted", "coding", "expected"),
    [
        ([], b"br", True),
        ([b""], b"gzip", False),
        ([b"br"], b"br", True),
        ([b"gzip, BR ;q=0.5"], b"br", True),
        ([b"gzip", b"br"], b"br", True),
        ([b"gzip"], b"br", False),
        ([b"gzip;q=0"], b"gzip", False),
        ([b"gzip;q=0.000"], b"gzip", False),
        ([b"gzip; Q=0.001"], b"gzip", True),
        ([b"gzip;q=1.000"], b"gzip", True),
        ([b"gzip;q=2"], b"gzip", False),
        ([b"gzip;q=some"], b"gzip", False),
        ([b"gzip;"], b"gzip", False),
        ([b"*"], b"zstd", True),
        ([b"*;q=0"], b"zstd", False),
        ([b"*;q=0.1, zstd;q=0"], b"zstd", False),
        ([b"*;q=0, zstd"], b"zstd", True),
        ([b"identity"], b"gzip", False),
        ([b"identity;q=0, *"], b"gzip", True),
        ([b"identity;q=0"], b"gzip", False),
        ([b"gzip"], b"x-gzip", True),
        ([b"x-gzip"], b"gzip", True),
        ([b"gzip, br"], b"gzip, br", True),
        ([b"gzip"], b"gzip, br", False),
        ([b"br"], b"", True),
        ([b""], b"", True),
    ],
)
def test_client_takes_what_it_says(accepted: list[bytes], coding: bytes, expected: bool) -> None:
    headers = [(b"Accept-Encoding", value) for value in accepted]

    assert accepts(headers, coding) is expected


@given(st.lists(st.binary(max_size=40), max_size=3), several)
def test_any_header_can_be_read(values: list[bytes], coding: bytes) -> None:
    assert accepts([(b"accept-encoding", value) for value in values], coding) in (True, False)


def test_headers_of_a_body_in_its_coding_vary() -> None:
    headers: Headers = [(b"Content-Encoding", b"br"), (b"vary", b"origin")]

    assert recoded(headers, b"br", b"br") == [*headers, (b"vary", b"accept-encoding")]
    assert recoded(headers, b"br", b"") == [(b"vary", b"origin"), (b"vary", b"accept-encoding")]


def test_headers_that_vary_already_stay() -> None:
    for vary in (b"Cookie, Accept-Encoding", b"*"):
        headers = [(b"Vary", vary)]
        assert recoded(headers, b"br", b"br") == headers
    assert recoded([], b"", b"") == []
