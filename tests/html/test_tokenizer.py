"""The tokenizer: where tags, comments and raw text begin and end."""

from __future__ import annotations

import time
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.html.tag_end import LONGEST_TAG
from asgi_consent.html.tokenizer import Tokenizer
from asgi_consent.html.tokens import Kind
from tests.html.pages import cut, cuts, soup


def starts(html: bytes, offsets: list[int] | None = None) -> list[bytes]:
    """The reported start tags that fetch, as they are written."""
    tokenizer = Tokenizer(fragment=True)
    parts = [part for piece in cut(html, offsets or []) for part in tokenizer.feed(piece)]
    tokens = list(chain(*parts, *tokenizer.close()))
    assert b"".join(raw for _, raw, _, _ in tokens) == html
    return [raw for kind, raw, name, _ in tokens if kind is Kind.START and name == b"img"]


IMG = b"<img src=x>"


@pytest.mark.parametrize(
    "html",
    [
        b"<!-- " + IMG + b" -->",
        b"<!-- " + IMG + b" --!>",
        b"<!--" + IMG,
        b"<title>" + IMG + b"</title>",
        b"<textarea>" + IMG + b"</textarea>",
        b"<style>" + IMG + b"</style>",
        b"<xmp>" + IMG + b"</xmp >",
        b"<script>'" + IMG + b"'</script>",
        b"<script><!-- <script> </script> " + IMG + b" --></script>",
        b"<plaintext>" + IMG,
        b'<a title="' + IMG + b'">',
        b"<a title='" + IMG + b"'>",
        b"<!doctype " + IMG[:-1] + b">",
        b"<svg><![CDATA[" + IMG + b"]]></svg>",
        b"<? " + IMG[:-1] + b">",
        b"</ " + IMG[:-1] + b">",
        b"<div><svg></div><style>" + IMG + b"</style>",
        b"<img src=x",
        b"<img src='x>",
    ],
)
def test_what_is_no_tag_is_not_reported(html: bytes) -> None:
    assert starts(html) == []


@pytest.mark.parametrize(
    "html",
    [
        b"<!-->" + IMG,
        b"<!--->" + IMG,
        b"<!-- --!>" + IMG,
        b"<![CDATA[x]]>" + IMG,
        b"<script></script foo>" + IMG,
        b"<script></script >" + IMG,
        b"<script></SCRIPT/>" + IMG,
        b"<script><!-- --></script>" + IMG,
        b"<script><!-- <script> --></script>" + IMG,
        b"<script><!--><script></script>" + IMG,
        b"<svg><style></svg>" + IMG,
        b"<svg><title>" + IMG,
        b"<svg><foreignObject>" + IMG,
        b"<svg/><script></script>" + IMG,
        b"<div><svg></div><style></style>" + IMG,
        b"<math><mi>" + IMG,
        b"<math><annotation-xml encoding=text/html>" + IMG,
        b"<svg><p>" + IMG,
        b"</>" + IMG,
        b"<3" + IMG,
        b"< " + IMG,
        b"<a b==c>" + IMG,
        b"<a/b>" + IMG,
        b"<a =>" + IMG,
        b"<a b=>" + IMG,
        b"<template>" + IMG,
        b"<a\n\tb = 'c>d'\n>" + IMG,
    ],
)
def test_tag_after_it_is_reported(html: bytes) -> None:
    assert starts(html) == [IMG]


@pytest.mark.parametrize(
    "tag",
    [
        b"<img\nsrc=x>", b"<IMG SRC=x>", b"<img/src=x>", b"<img src = x >", b'<img src="a>b">',
        b"<img src='a>b'>", b"<img src=a/>", b"<img alt=a=b src=x>", b"<img = src=x>",
        b"<img\tsrc=x\x0c>", b"<img alt='' src>",
    ],
)  # fmt: skip
def test_tag_is_reported_whole(tag: bytes) -> None:
    assert starts(b"<p>" + tag + b"</p>") == [tag]


@given(st.data())
def test_tokens_are_the_same_however_the_input_is_cut(data: st.DataObject) -> None:
    html = data.draw(soup)

    assert starts(html, data.draw(cuts(html))) == starts(html)
    assert starts(html, list(range(1, len(html)))) == starts(html)


@given(st.binary(max_size=200))
def test_any_bytes_come_out_as_they_went_in(html: bytes) -> None:
    starts(html)


LONG = 300_000


@pytest.mark.threat("T19", "T21")
@pytest.mark.parametrize(
    "html",
    [
        b"<" * LONG,
        b"<!--" * LONG,
        b"<!-- " + b"-" * LONG,
        b"<a " + b"b=c " * LONG,
        b"<img " + b'a="" ' * LONG,
        b"<" + b"a" * LONG,
        b"<a b='" + b'">' * LONG,
        b"<script>" + b"<!--<script>" * LONG,
        b"<script>" + b"</scrip" * LONG,
        b"<svg>" + b"<g>" * LONG,
        b"<svg><![CDATA[" + b"]" * LONG,
        b"<noscript>" + b"</noscrip" * LONG,
        b"</" * LONG,
        b"<p>" * LONG,
    ],
    ids=lambda html: repr(html[:14]),
)
def test_hostile_input_takes_linear_time(html: bytes) -> None:
    def cost(size: int) -> float:
        tokenizer = Tokenizer()
        started = time.process_time()
        for at in range(0, size, 1024):
            for _ in tokenizer.feed(html[at : at + 1024]):
                pass
        list(tokenizer.close())
        return time.process_time() - started

    small, large = cost(len(html) // 8), cost(len(html))

    assert large < max(small * 8 * 6, 0.5)  # quadratic would be 64 times as much


@pytest.mark.threat("T19")
def test_tag_beyond_the_limit_is_cut_at_once() -> None:
    tokenizer = Tokenizer(fragment=True)
    html = b"<img alt='" + b"x" * (LONGEST_TAG + 1) + b"' src=x>"

    whole = list(chain(*tokenizer.feed(html)))
    kinds = {kind for kind, *_ in whole}

    assert Kind.CUT in kinds
    assert Kind.START not in kinds
