"""Cache-Control, Vary and ETag of a page that depends on consent."""

from __future__ import annotations

import pytest

from asgi_consent.http.caching import (
    VARY,
    is_tagged,
    private,
    tag_variant,
    unshared,
    untag_condition,
)
from asgi_consent.types import Headers

VARIANT = b"0a1b2c3d"


@pytest.mark.threat("T31")
def test_public_page_becomes_private_and_keeps_its_age() -> None:
    headers = private(
        [(b"Cache-Control", b"public, max-age=60, s-maxage=600"), (b"vary", b"Accept")]
    )

    assert headers == [
        (b"cache-control", b"private, max-age=60"),
        (b"vary", b", ".join((b"accept", *VARY))),
    ]


def test_no_store_stays() -> None:
    assert private([(b"cache-control", b"no-store")])[0] == (b"cache-control", b"no-store")


def test_vary_is_not_repeated() -> None:
    assert (b"vary", b"cookie, *") in private([(b"vary", b"Cookie, *")])


def test_entity_tag_names_the_variant_and_comes_back() -> None:
    ((_, tag),) = tag_variant([(b"etag", b'"abc"')], VARIANT)

    assert tag == b'W/"abc-ac0a1b2c3d"'
    assert untag_condition([(b"if-none-match", tag)], VARIANT, document=True) == [
        (b"if-none-match", b'W/"abc", "abc"')
    ]


def test_tag_of_another_variant_is_dropped() -> None:
    headers: Headers = [(b"if-none-match", b'W/"abc-acffffffff"'), (b"if-modified-since", b"x")]

    assert untag_condition(headers, VARIANT, document=True) == []


def test_tag_of_the_apps_own_is_kept_for_what_is_no_document() -> None:
    headers: Headers = [(b"if-none-match", b'"part"'), (b"if-modified-since", b"x")]

    assert untag_condition(headers, VARIANT, document=False) == headers


def test_script_that_has_a_page_of_ours_gets_it_confirmed_by_its_tag_only() -> None:
    headers: Headers = [
        (b"if-none-match", b'W/"part-ac%s"' % VARIANT),
        (b"if-modified-since", b"x"),
    ]

    assert untag_condition(headers, VARIANT, document=False) == [
        (b"if-none-match", b'W/"part", "part"')
    ]


@pytest.mark.threat("T31")
@pytest.mark.parametrize(
    "name",
    [b"Surrogate-Control", b"X-Accel-Expires", b"Edge-Control", b"CDN-Cache-Control",
     b"Cloudflare-CDN-Cache-Control"],
)  # fmt: skip
def test_instructions_for_caches_in_between_are_dropped(name: bytes) -> None:
    assert unshared([(name, b"max-age=600"), (b"age", b"1")]) == [
        (b"age", b"1"),
        (b"cache-control", b"private"),
    ]


def test_request_for_a_page_of_ours_is_recognised_by_its_tag() -> None:
    assert is_tagged([(b"if-none-match", b'"x", W/"v-ac0a1b2c3d"')])
    assert not is_tagged([(b"if-none-match", b'"x", "v-ac0a1b2"')])
    assert not is_tagged([])


def test_document_from_before_us_is_fetched_again() -> None:
    headers: Headers = [(b"if-none-match", b'"page"'), (b"if-modified-since", b"x")]

    assert untag_condition(headers, VARIANT, document=True) == []
