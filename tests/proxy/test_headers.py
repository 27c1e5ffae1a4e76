"""Headers to the site and back: nothing meant for the neighbour, addresses translated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.headers import get_all
from asgi_consent.proxy.headers import Mapping, goes_round
from asgi_consent.proxy.hops import Hops
from asgi_consent.proxy.origin import Origin
from asgi_consent.types import Header, Headers

MAPPING = Mapping(Origin.parse("https://www.origin.example"))
HOPS = Hops(("198.51.100.7",), "http", b"shop.example:8000")


def back(name: str, value: bytes) -> bytes:
    return dict(MAPPING.to_visitor([(name.encode(), value)], HOPS))[name.encode()]


@pytest.mark.threat("T16")
def test_what_is_for_the_neighbour_stays_behind() -> None:
    hop: Headers = [
        (b"Connection", b"keep-alive, X-Private"),
        (b"keep-alive", b"timeout=5"),
        (b"x-private", b"1"),
        (b"te", b"trailers"),
        (b"upgrade", b"h2c"),
        (b"http2-settings", b"x"),
        (b"proxy-authorization", b"Basic x"),
        (b"transfer-encoding", b"chunked"),
        (b"expect", b"100-continue"),
    ]
    kept = MAPPING.to_site([*hop, (b"accept", b"*/*"), (b"host", b"shop.example:8000")], HOPS)

    told = {b"host", b"accept", b"via", b"forwarded", b"x-forwarded-for"}
    assert {name for name, _ in kept} == told | {b"x-forwarded-proto", b"x-forwarded-host"}
    assert get_all(kept, b"host") == [b"www.origin.example"]
    assert MAPPING.to_visitor([*hop[:-1], (b"server", b"x")], HOPS) == [(b"server", b"x")]


@pytest.mark.threat("T16")
def test_length_of_a_response_that_is_chunked_as_well_does_not_count() -> None:
    both: Headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"5")]

    assert MAPPING.to_visitor(both, HOPS) == []


def test_connection_cannot_strip_what_tells_of_hops() -> None:
    kept = MAPPING.to_site([(b"connection", b"x-forwarded-for, forwarded, host")], HOPS)

    assert get_all(kept, b"x-forwarded-for") == [b"198.51.100.7"]
    assert get_all(kept, b"host") == [b"www.origin.example"]


@pytest.mark.parametrize(
    ("value", "mapped"),
    [
        (b"https://www.origin.example/a?b#c", b"http://shop.example:8000/a?b#c"),
        (b"http://www.origin.example/a", b"http://shop.example:8000/a"),
        (b"//www.origin.example/a", b"http://shop.example:8000/a"),
        (b"/a", b"/a"),
        (b"https://elsewhere.example/?u=https://www.origin.example/",) * 2,
        (b"https://www.origin.example.evil.example/",) * 2,
    ],
)
def test_location_of_the_site_becomes_ours(value: bytes, mapped: bytes) -> None:
    assert back("location", value) == mapped


def test_refresh_is_mapped_too() -> None:
    assert back("refresh", b"5; url=https://www.origin.example/a") == (
        b"5; url=http://shop.example:8000/a"
    )
    assert back("refresh", b"5") == b"5"


@pytest.mark.parametrize(
    ("value", "mapped"),
    [
        (b"a=1; Domain=www.origin.example; Path=/", b"a=1; Path=/"),
        (b"a=1; domain = .origin.example; Secure", b"a=1; Secure"),
        (b"a=1; Domain=elsewhere.example",) * 2,
        (b"a=1; Path=/; HttpOnly",) * 2,
        (b"domain=www.origin.example",) * 2,  # a name
    ],
)
def test_cookie_for_the_site_becomes_one_for_our_host(value: bytes, mapped: bytes) -> None:
    assert back("set-cookie", value) == mapped


def test_site_can_tell_its_own_forms() -> None:
    asked: Headers = [
        (b"origin", b"http://shop.example:8000"),
        (b"referer", b"http://shop.example:8000/cart?x"),
    ]
    kept = MAPPING.to_site(asked, HOPS)

    assert get_all(kept, b"origin") == [b"https://www.origin.example"]
    assert get_all(kept, b"referer") == [b"https://www.origin.example/cart?x"]


@pytest.mark.parametrize(
    "header",
    [
        (b"origin", b"http://evil.example"),
        (b"origin", b"null"),
        (b"origin", b"http://shop.example:8000.evil.example"),
        (b"referer", b"http://shop.example:8000.evil.example/"),
    ],
)
def test_other_peoples_forms_stay_other_peoples(header: Header) -> None:
    assert header in MAPPING.to_site([header], HOPS)


def test_with_the_visitors_host_nothing_is_translated() -> None:
    mapping = Mapping(MAPPING.upstream, keep_host=True)
    headers: Headers = [(b"host", b"shop.example:8000"), (b"origin", b"http://shop.example:8000")]
    moved: Headers = [(b"location", b"https://www.origin.example/")]

    assert mapping.to_site(headers, HOPS)[:2] == headers
    assert mapping.to_visitor(moved, HOPS) == moved


def test_request_that_goes_round_is_recognised() -> None:
    headers: Headers = []
    rounds = 0
    while not goes_round(headers):
        headers = MAPPING.to_site(headers, HOPS)
        rounds += 1

    assert rounds == 4


@given(st.binary())
def test_any_value_can_be_mapped_twice(value: bytes) -> None:
    for name in ("location", "refresh", "set-cookie"):
        once = back(name, value)
        assert back(name, once) == once
