"""The Link header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.links import filter_links, parse_links


def own_only(url: str, passive: bool = False) -> bool:
    return url.startswith("/")


def test_only_fetching_links_to_others_are_dropped() -> None:
    value = (
        b'</a.css>; rel=preload; as=style, <https://t.example/,x>; rel="preconnect", '
        b'<https://t.example/p>; rel="canonical"'
    )

    assert filter_links(value, own_only) == (
        b'</a.css>; rel=preload; as=style, <https://t.example/p>; rel="canonical"'
    )


def test_nothing_left_is_no_header() -> None:
    assert filter_links(b"<https://t.example>; REL = Preload", own_only) is None


def test_header_that_may_pass_stays_as_it_is() -> None:
    value = b"</a.css>;rel=preload ,</b.js>;rel=modulepreload"

    assert filter_links(value, own_only) is value


def test_commas_and_quotes_inside_parameters_do_not_split() -> None:
    links, regular = parse_links(b'<a>; title="x, <y>; rel=preload"; rel="next prefetch", <b>')

    assert regular
    assert [(link.urls, sorted(link.rels)) for link in links] == [
        (("a",), [b"next", b"prefetch"]),
        (("b",), []),
    ]


def test_every_picture_of_a_preload_counts() -> None:
    value = b'</a.png>; rel=preload; as=image; imagesrcset="/b.png 1x, https://t.example/c 2x"'

    assert filter_links(value, own_only) is None
    assert filter_links(value.replace(b"https:", b"/\\b 3x, \\https:"), own_only) is None


@pytest.mark.parametrize(
    "value",
    [
        b'<https://t.example>; title="; rel=preload',
        b"<https://t.example>; rel=x; rel=preload",
        b"<https://t.example; rel=preload",
        b"x, <https://t.example>; rel=canonical",
        b'<https://t.example>; rel="\\preload"',
        b'<//own.example>; as=x"; y=", <https://t.example>; rel=preload; z=","',
        b'</a; x="y, <z>; rel=preload, <https://t.example>; rel="',
        b'<x>; y="z"w, <https://t.example>; v=", <https://t.example>; rel=icon"',
        b'<x>; y z=", <https://t.example>; rel=icon"',
    ],
)
def test_header_that_is_read_differently_by_others_is_held_back(value: bytes) -> None:
    assert filter_links(value, own_only) is None


@pytest.mark.threat("T20", "T21")
def test_very_long_header_is_read_in_good_time() -> None:
    assert filter_links(b'<x>;"' * 20_001, own_only) is None
    assert filter_links(b" ;a" * 20_000 + b",", own_only) is None


@given(st.binary(max_size=120))
def test_any_header_can_be_read_and_filtered_twice(value: bytes) -> None:
    once = filter_links(value, own_only)

    assert once is None or filter_links(once, own_only) == once
