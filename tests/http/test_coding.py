"""Content codings and charsets."""

from __future__ import annotations

import gzip
import zlib

import pytest

from asgi_consent.http.coding import Compressed, Transcoded, charset_of


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_compressed_body_is_undone_and_redone(coding: bytes) -> None:
    text = b"<p>hello</p>" * 1000
    packed = gzip.compress(text) if coding == b"gzip" else zlib.compress(text)
    layer = Compressed(coding)

    plain = b"".join(b"".join(layer.decode(packed[at : at + 7])) for at in range(0, len(packed), 7))
    again = layer.encode(plain, last=False) + layer.encode(b"", last=True)

    assert plain == text
    assert zlib.decompressobj(47).decompress(again) == text


def test_gzip_of_several_members_is_read_whole() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")

    assert b"".join(Compressed(b"gzip").decode(packed)) == b"one two"


def test_deflate_without_its_header_is_read_as_browsers_read_it() -> None:
    raw = zlib.compressobj(wbits=-15)
    packed = raw.compress(b"<p>hello</p>") + raw.flush()

    assert b"".join(Compressed(b"deflate").decode(packed)) == b"<p>hello</p>"


def test_deflate_without_its_header_loses_nothing_at_the_edge_of_a_piece() -> None:
    for length in range(64 * 1024 - 2, 64 * 1024 + 300, 7):
        raw = zlib.compressobj(wbits=-15)
        packed = raw.compress(b"a" * length) + raw.flush()
        assert len(b"".join(Compressed(b"deflate").decode(packed))) == length


def test_padding_after_a_gzip_body_is_left_out() -> None:
    assert b"".join(Compressed(b"gzip").decode(gzip.compress(b"page") + b"\0\0\0")) == b"page"


def test_bomb_comes_in_bounded_pieces() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)

    assert max(map(len, Compressed(b"gzip").decode(bomb))) <= 64 * 1024


def test_every_flush_stays_a_flush() -> None:
    layer = Compressed(b"gzip")
    reader = zlib.decompressobj(47)

    assert reader.decompress(layer.encode(b"first", last=False)) == b"first"
    assert reader.decompress(layer.encode(b"second", last=False)) == b"second"


@pytest.mark.parametrize(
    ("declared", "first", "expected"),
    [
        (b"utf-8", b"<html", ""),
        (b"windows-1252", b"<html", ""),
        (b"utf-16", b"<\0", "utf-16-le"),
        (b"utf-8", b"\xff\xfe<\0", "utf-16-le"),
        (b"", b"\xfe\xff\0<", "utf-16-be"),
        (b"iso-2022-jp", b"<html", "iso2022_jp_ext"),
        (b"csiso2022jp", b"<html", "iso2022_jp_ext"),
        (b"unicode", b"<\0", "utf-16-le"),
        (b"unicodefffe", b"\0<", "utf-16-be"),
        (b"utf-16", b"\xef\xbb\xbf<html", ""),
        (b"", b"<meta charset='ISO-2022-JP'>", "iso2022_jp_ext"),
        (
            b"",
            b"<meta http-equiv=content-type content='text/html; charset=csISO2022JP'>",
            "iso2022_jp_ext",
        ),
        (b"utf-8", b"<meta charset=iso-2022-jp>", ""),
        (b"", b"<meta charset=utf-16>", ""),
        (b"", b"x" * 1024 + b"<meta charset=iso-2022-jp>", ""),
    ],
)
def test_charset_that_cannot_be_scanned_is_found(
    declared: bytes, first: bytes, expected: str
) -> None:
    assert charset_of(declared, first) == expected


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "iso2022_jp_ext"])
def test_transcoded_body_comes_back_the_same(charset: str) -> None:
    text = "<p>日本</p>".encode(charset)
    layer = Transcoded(charset)

    html = b"".join(layer.decode(text[at : at + 1], last=False) for at in range(len(text)))
    html += layer.decode(b"", last=True)

    assert html == "<p>日本</p>".encode()
    assert layer.encode(html, last=True) == text


def test_half_width_katakana_come_back_the_same() -> None:
    layer = Transcoded("iso2022_jp_ext")
    text = b"<p>\x1b(I1\x1b(B</p>"

    html = layer.decode(text, last=True)

    assert html.decode() == "<p>\uff71</p>"
    assert layer.encode(html, last=True) == text
