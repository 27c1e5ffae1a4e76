"""Charsets whose bytes cannot be scanned as they are."""

from __future__ import annotations

import pytest

from asgi_consent.http.charset import Transcoded, charset_of


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
