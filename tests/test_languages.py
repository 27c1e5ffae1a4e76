"""Which language somebody gets, by what a page says and a browser asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.languages import (
    LANGUAGES,
    Texts,
    accepted_languages,
    choose,
    content_language,
    in_language,
    look_up,
)

EVERYTHING = tuple(LANGUAGES)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("de", "de"), ("de-CH", "de"), ("DE_at", "de"), ("de-Latn-DE-1996", "de"),
        ("pt", "pt"), ("pt-BR", "pt-BR"), ("pt-AO", "pt"),
        ("zh", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-TW", "zh-Hant"), ("zh-hant-hk", "zh-Hant"), ("zh-Hans-HK", "zh-Hans"),
        ("no", "nb"), ("nn-NO", "nb"), ("iw", "he"),
        ("eo", ""), ("", ""), ("*", ""), ("d", ""), ("german", ""), ("de" + "-x" * 40, ""),
    ],
)  # fmt: skip
def test_tag_finds_its_language(wanted: str, got: str) -> None:
    assert look_up(wanted, EVERYTHING) == got


def test_near_language_is_better_than_none() -> None:
    assert look_up("pt-PT", ("en", "pt-BR")) == "pt-BR"
    assert look_up("zh-TW", ("en", "zh-Hans")) == "zh-Hans"


def test_first_that_fits_is_chosen_then_english_then_the_operators_first() -> None:
    assert choose(("eo", "fr", "de"), EVERYTHING) == "fr"
    assert choose(("eo", ""), EVERYTHING) == "en"
    assert choose(("eo",), ("sv", "en")) == "sv"
    assert choose(("de",), ("sv",)) == "sv"


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        (b"de-CH, de;q=0.9, en;q=0.8, *;q=0.5", ("de-CH", "de", "en")),
        (b"en;q=0.5,fr;q=1.000 , it ; q=0.7", ("fr", "it", "en")),
        (b"de;q=0, fr", ("fr",)),
        (b"de;q=2, fr;q=-1, <b>, it;level=1, ;;,", ()),
        (b"", ()),
        (b"\xff\xfe, de", ("de",)),
    ],
)
def test_accepted_languages_come_by_their_weight(header: bytes, tags: tuple[str, ...]) -> None:
    assert accepted_languages(header) == tags


@given(
    st.lists(
        st.sampled_from([b"de", b"fr-CA", b";q=", b"0.5", b",", b" ", b"*", b"\xff", b";"]),
        max_size=300,
    ).map(b"".join)
)
def test_any_header_gives_tags_and_no_more_than_a_few(header: bytes) -> None:
    tags = accepted_languages(header)

    assert len(tags) <= 20
    assert choose(tags, EVERYTHING) in LANGUAGES


def test_document_in_several_languages_names_none() -> None:
    assert content_language(b" de-AT ") == "de-AT"
    assert content_language(b"de, en") == ""


def test_text_in_several_languages_is_a_text() -> None:
    texts = Texts({"en": "Basket", "de": "Warenkorb"})

    assert texts == "Basket"
    assert in_language(texts, "de") == "Warenkorb"
    assert in_language(texts, "fr") == "Basket"
    assert in_language("Basket", "de") == "Basket"
