"""What is left of a page when its rewriter has failed fetches nothing and runs nothing."""

from __future__ import annotations

from random import Random
from typing import Any

import html5lib  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.html.plain import PlainRewriter
from tests.html.soups import any_soup

#: where the rewriter may have stopped
BEFORE = ["", "<script>a(", "<style>b{", "<!--c", "<title>d", "<textarea>e", "<svg><g>", "<select>",
          "<noscript>", "<table><tr>", "<math><mi>", "<template>"]  # fmt: skip


def plain(data: bytes, *cuts: int) -> bytes:
    rewriter = PlainRewriter()
    out, at = b"", 0
    for cut in sorted(cut % (len(data) + 1) for cut in cuts):
        out += rewriter.feed(data[at:cut])
        at = cut
    return out + rewriter.feed(data[at:]) + rewriter.close()


def assert_harmless(before: str, data: bytes) -> None:
    for scripting in (True, False):
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        tree: Any = parser.parse(before + data.decode("latin-1"), scripting=scripting)
        for element in tree.iter():
            if not isinstance(element.tag, str):
                continue
            allowed = {"a": {"href"}, "meta": {"charset"}}.get(element.tag, set())
            assert set(element.attrib) <= allowed
            if element.tag in ("script", "style") and before.startswith(f"<{element.tag}"):
                continue  # it was there already
            assert element.tag not in ("script", "style", "img", "link", "iframe", "form", "base")


@pytest.mark.threat("T34")
@pytest.mark.parametrize("before", BEFORE)
def test_no_soup_fetches_or_runs(before: str) -> None:
    for seed in range(30):
        assert_harmless(before, plain(any_soup(Random(seed)).encode()))


@pytest.mark.threat("T34")
@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_it_is_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    assert plain(data, *cuts) == plain(data)


def test_text_structure_and_links_stay() -> None:
    page = (
        b"<!DOCTYPE html><html lang=en><meta charset='utf-8'><title>T</title><body onload=x()>"
        b'<script>if (a<b) run()</script><h1 class=x>H</h1><p>1 < 2 <a href="/on?a=b" ping=x>on</a>'
        b"<a href=javascript:x()>no</a><img src=p.gif onerror=x()><!-- c --><b>bold</b>"
    )

    assert plain(page) == (
        b'<!doctype html><html><meta charset="utf-8"><title>T</title><body>'
        b"<template>if (a&lt;b) run()</script></template><h1>H</h1><p>1 &lt; 2 "
        b'<a href="/on?a=b">on</a>no</a><!-- c --><b>bold</b>'
    )
