"""Cache-Control, Vary and ETag of a page that depends on consent."""

from __future__ import annotations

from asgi_consent.http.caching import private, tag_variant, untag_condition
from asgi_consent.types import Headers

VARIANT = b"0a1b2c3d"


def test_public_page_becomes_private_and_keeps_its_age() -> None:
    headers = private(
        [(b"Cache-Control", b"public, max-age=60, s-maxage=600"), (b"vary", b"Accept")]
    )

    assert headers == [
        (b"cache-control", b"private, max-age=60"),
        (b"vary", b"accept, cookie, sec-gpc"),
    ]


def test_no_store_stays() -> None:
    assert private([(b"cache-control", b"no-store")])[0] == (b"cache-control", b"no-store")


def test_vary_is_not_repeated() -> None:
    assert private([(b"vary", b"Cookie, *")])[1] == (b"vary", b"cookie, *")


def test_entity_tag_names_the_variant_and_comes_back() -> None:
    ((_, tag),) = tag_variant([(b"etag", b'"abc"')], VARIANT)

    assert tag == b'W/"abc-ac0a1b2c3d"'
    assert untag_condition([(b"if-none-match", tag)], VARIANT, document=True) == [
        (b"if-none-match", b'W/"abc", "abc"')
    ]


def test_tag_of_another_variant_is_dropped() -> None:
    headers: Headers = [(b"if-none-match", b'W/"abc-acffffffff"'), (b"if-modified-since", b"x")]

    assert untag_condition(headers, VARIANT, document=True) == []


def test_condition_on_a_style_sheet_is_left_alone() -> None:
    headers: Headers = [(b"if-none-match", b'"style"'), (b"if-modified-since", b"x")]

    untagged = untag_condition(headers, VARIANT, document=False)

    assert (b"if-modified-since", b"x") in untagged
    assert (b"if-none-match", b'W/"style", "style"') in untagged


def test_document_from_before_us_is_fetched_again() -> None:
    headers: Headers = [(b"if-none-match", b'"page"'), (b"if-modified-since", b"x")]

    assert untag_condition(headers, VARIANT, document=True) == []
