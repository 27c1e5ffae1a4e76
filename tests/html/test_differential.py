"""What the rewriter judges against what parsers see, and what they still see of what it has gated.

On real pages the two lists must be the same. On soups of tags we may judge more (an element that a
browser's tree builder drops, raw text in a place where it is none) but nothing may be missed. A soup
with a noscript has two readings, that with scripts and that without; the one without is ours only
once we have written it, so it is compared there.

ASGI_CONSENT_LONG=1 reads more soups, ASGI_CONSENT_SEED=n others.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from random import Random

import pytest

from asgi_consent.html import gaps
from tests.html.oracles import (
    Fetched,
    alive,
    by_html5lib,
    by_lexbor,
    by_soup,
    gated,
    judged,
    missed,
    start_tags,
)
from tests.html.soups import Soup, any_soup, foreign_soup

PAGES = sorted((Path(__file__).parents[3] / "shared" / "pages").glob("*.html.gz"))
LONG = bool(os.environ.get("ASGI_CONSENT_LONG"))
SEED = int(os.environ.get("ASGI_CONSENT_SEED", "1"))
SOUPS = 100_000 if LONG else 1_000

on_pages = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name.split(".")[0])
with_pages = pytest.mark.skipif(not PAGES, reason="the real pages are not at ../shared/pages")
in_both_readings = pytest.mark.parametrize("scripting", [True, False], ids=["scripts", "noscript"])


@cache
def page(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


# ---- real pages

#: html.parser ends a script at a `</script` in an escaped `<!-- <script>`: an img that is none
HTML_PARSER_IS_WRONG = ("buzzfeed-1.html.gz",)


@with_pages
@on_pages
def test_page_is_judged_as_parsers_see_it(path: Path) -> None:
    ours, sent = judged(page(path))

    assert sent == page(path)
    assert ours == by_lexbor(page(path), False)
    assert ours == by_html5lib(page(path), False)
    assert (ours == by_soup(page(path))) == (path.name not in HTML_PARSER_IS_WRONG)


@with_pages
@on_pages
@in_both_readings
def test_nothing_on_a_gated_page_fetches(path: Path, scripting: bool) -> None:
    assert alive(by_lexbor, gated(page(path)), scripting) == []


@with_pages
@on_pages
def test_what_is_skipped_on_a_page_does_not_fetch(path: Path) -> None:
    assert start_tags(page(path), gaps.gaps()) == start_tags(page(path), gaps.text_only())


# ---- soups of tags


def soups(soup: Soup) -> Iterator[bytes]:
    random = Random(SEED)
    return (soup(random).encode() for _ in range(SOUPS))


def seen_by_both(html: bytes, look: Callable[..., set[Fetched]]) -> set[Fetched]:
    """What both parsers see; html5lib is slow and only asked where lexbor sees anything."""
    seen = look(by_lexbor, html)
    return seen & look(by_html5lib, html) if seen else seen


def report(found: list[tuple[bytes, set[Fetched]]]) -> str:
    found = sorted(found, key=lambda one: len(one[0]))[:10]
    return "\n".join(f"{html!r}\n    {sorted(seen)}" for html, seen in found)


of_any_kind = pytest.mark.parametrize("soup", [any_soup, foreign_soup])


@of_any_kind
def test_no_element_of_a_soup_is_missed(soup: Soup) -> None:
    found = []
    extra = total = 0
    for html in soups(soup):
        ours, sent = judged(html)
        if seen := seen_by_both(sent, lambda oracle, sent: missed(ours, oracle(sent, True))):  # noqa: B023
            found.append((html, seen))
        extra += len({*ours} - {*by_lexbor(sent, True)})
        total += len(ours)

    print(f"{total} addresses in {SOUPS} soups, {extra} of them are none to lexbor")
    assert not found, f"{len(found)} soups:\n{report(found)}"


@of_any_kind
@in_both_readings
def test_nothing_in_a_gated_soup_fetches(soup: Soup, scripting: bool) -> None:
    found = []
    for html in soups(soup):
        out = gated(html)
        if seen := seen_by_both(out, lambda oracle, out: {*alive(oracle, out, scripting)}):
            found.append((html, seen))

    assert not found, f"{len(found)} soups:\n{report(found)}"


@of_any_kind
def test_what_is_skipped_in_a_soup_does_not_fetch(soup: Soup) -> None:
    for html in soups(soup):
        assert start_tags(html, gaps.gaps()) == start_tags(html, gaps.text_only()), html


# ---- what soups have found

FETCHES = b"<img src=//t.example>"


@pytest.mark.parametrize(
    "html",
    [
        # an end tag that closes nothing: browsers stay in foreign content
        b"<svg></b><style>" + FETCHES,
        b"<svg></b><script>" + FETCHES,
        b"<svg></b><p><svg></b><style>" + FETCHES,
        b"<svg></g><textarea>" + FETCHES,
        b"<math></div><xmp>" + FETCHES,
        b"<svg><path d=''></path></path><use href=//t.example /></svg>",
        b"<svg></b><rect fill='url(//t.example)'/>",
        b"<annotation-xml><svg></annotation-xml><style><!-- </style>" + FETCHES,
        # where an integration point ends
        b"<svg><desc></svg><desc></desc><style><!-- </style>" + FETCHES,
        b"<svg><desc><div></desc><style><!-- </style>" + FETCHES,
        b"<svg><foreignObject><p></foreignObject><style><!-- </style>" + FETCHES,
        b"<svg><desc><![CDATA[><a b=']]>" + FETCHES,
        b"<svg><desc><p></desc><![CDATA[<a b=']]>" + FETCHES + b"'>]]>" + FETCHES,
        b"<svg><desc></b><![CDATA[ > <a b=']]>" + FETCHES + b"'>",
        b"<math><mi></b><mglyph><style>" + FETCHES,
        # a frameset that is one, and one that is none
        b"<frameset><script><frame src=//t.example>",
        b"<frameset><plaintext><frame src=//t.example>",
        b"x<frameset><style><!-- </style>" + FETCHES,
        b"<p><frameset><textarea><frame src=//t.example>",
        b"<div><frameset><svg><textarea><frame src=//t.example>",
    ],
)
@in_both_readings
def test_nothing_out_of_place_fetches(html: bytes, scripting: bool) -> None:
    assert alive(by_lexbor, gated(html), scripting) == []
    assert alive(by_lexbor, html, True)


@pytest.mark.parametrize(
    "html",
    [
        b"<select><xmp></select>" + FETCHES + b"</xmp>",
        b"<select><svg><![CDATA[></select>" + FETCHES,
        b"<select><svg><title><style></select>" + FETCHES,
        b"<table><td><select><title></table>" + FETCHES,
        b"<select><plaintext></select>" + FETCHES,
    ],
)
@in_both_readings
def test_nothing_in_a_select_fetches_in_older_browsers(html: bytes, scripting: bool) -> None:
    """They ignore all but options in it; newer ones don't, and neither does lexbor."""
    assert alive(by_html5lib, gated(html), scripting) == []
    assert alive(by_lexbor, gated(html), scripting) == []
    assert alive(by_html5lib, html, True)


@pytest.mark.parametrize(
    "html",
    [
        # an end tag of an HTML element around it: browsers leave it
        b"<div><svg></div><style><!-- </style>" + FETCHES,
        # foreign elements in an integration point of MathML
        b"<math><mi><mglyph><style>" + FETCHES,
        b"<math><mi><malignmark><textarea>" + FETCHES,
        b"<math><annotation-xml><svg><mi><textarea>" + FETCHES,
        b"<math><annotation-xml encoding='text&#47;html'><script src=//t.example></script>",
        b"<svg><desc></svg></desc><script src=//t.example></script>",
        b"<svg><desc><div></desc><script src=//t.example></script>",
        # style sheets in SVG
        b"<svg><style><style></style>@import '//t.example';</style></svg>",
        b"<svg><style>@import '/<!-- -->/t.example';</style></svg>",
        b"<svg><style><g/>@import '//t.example';</style></svg>",
        b"<svg><style><![CDATA[<a{}b{c:url(//t.example)}d>]]></style>",
        # attributes of elements that are judged by their text
        b"<style style='background:url(//t.example)'></style>",
        b"<style style='background:url(//t.example)'>a{}</style>",
        b"<script style='background:url(//t.example)'>1</script>",
        b"<script type=x style='background:url(//t.example)'>1</script>",
    ],
)
@in_both_readings
def test_nothing_fetches_that_was_once_missed(html: bytes, scripting: bool) -> None:
    assert alive(by_lexbor, gated(html), scripting) == []
    assert alive(by_lexbor, html, True)


@pytest.mark.parametrize(
    "html",
    [
        b"<body><noscript><svg><desc></noscript></desc><style>" + FETCHES + b"</style>",
        b"<noscript><svg></noscript><style>" + FETCHES + b"</style>",
        b"<noscript><select></noscript><xmp></select>" + FETCHES + b"</xmp>",
        b"<svg><desc><noscript><p></noscript></desc><style>" + FETCHES + b"</style>",
    ],
)
def test_what_a_noscript_leaves_open_frees_nothing(html: bytes) -> None:
    readings = list(product((by_lexbor, by_html5lib), (True, False)))

    assert [alive(oracle, gated(html), scripting) for oracle, scripting in readings] == [[]] * 4
    assert any(alive(oracle, html, scripting) for oracle, scripting in readings)
