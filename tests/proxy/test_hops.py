"""Who really asks: only what trusted hops say counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.proxy.hops import (
    Hops,
    TrustError,
    applied,
    is_telling,
    parse_networks,
    read_hops,
    with_hops,
)
from asgi_consent.types import Headers
from tests.asgi import scope_of

TRUSTED = parse_networks(["10.0.0.0/8", "::1"])
VISITOR = "198.51.100.7"


def hops(peer: str, *headers: tuple[bytes, bytes]) -> Hops:
    return read_hops(scope_of(headers=headers, client=(peer, 1)), TRUSTED)


@pytest.mark.threat("T31")
def test_visitor_cannot_say_who_they_are() -> None:
    lies = [
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"X-Forwarded-Proto", b"https"),
        (b"forwarded", b"for=10.0.0.1;proto=https;host=evil.example"),
    ]
    found = hops(VISITOR, *lies)

    assert found == Hops((VISITOR,), "http", b"shop.example")


def test_trusted_hop_says_who_asks_and_how() -> None:
    found = hops(
        "10.0.0.1",
        (b"x-forwarded-for", b"198.51.100.7"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"www.shop.example"),
    )
    assert found == Hops((VISITOR, "10.0.0.1"), "https", b"www.shop.example")


def test_what_the_visitor_put_before_the_first_trusted_hop_does_not_count() -> None:
    found = hops("10.0.0.1", (b"x-forwarded-for", b"203.0.113.9, 198.51.100.7, 10.9.9.9"))

    assert found.addresses == (VISITOR, "10.9.9.9", "10.0.0.1")


def test_forwarded_is_read_before_its_older_spelling() -> None:
    found = hops(
        "::1",
        (b"forwarded", b'for="[2001:db8::7]:4711";proto=HTTPS;host="shop.example:8443"'),
        (b"x-forwarded-for", b"203.0.113.9"),
    )
    assert found == Hops(("2001:db8::7", "::1"), "https", b"shop.example:8443")


def test_addresses_that_are_none_end_the_list() -> None:
    assert hops("10.0.0.1", (b"x-forwarded-for", b"203.0.113.9, unknown")).addresses == (
        "10.0.0.1",
    )
    assert hops("10.0.0.1", (b"forwarded", b"for=_hidden")).addresses == ("10.0.0.1",)
    assert hops("10.0.0.1", (b"x-forwarded-host", b"a b/c")).host == b"shop.example"


def test_request_is_seen_as_the_visitor_made_it() -> None:
    scope = scope_of(
        headers=[(b"x-forwarded-proto", b"https"), (b"x_real_ip", b"10.0.0.1"), (b"accept", b"*/*")]
    )
    seen = applied(scope, Hops((VISITOR, "10.0.0.1"), "https", b"www.shop.example"))

    assert (seen["scheme"], seen["client"][0]) == ("https", VISITOR)
    assert seen["headers"] == [(b"host", b"www.shop.example"), (b"accept", b"*/*")]


def test_site_hears_of_the_hops_in_both_spellings() -> None:
    headers = with_hops(
        [(b"x-forwarded-for", b"lie")], Hops(("2001:db8::7", "10.0.0.1"), "https", b"shop.example")
    )
    assert headers == [
        (b"forwarded", b'for="[2001:db8::7]";host="shop.example";proto=https, for=10.0.0.1'),
        (b"x-forwarded-for", b"2001:db8::7, 10.0.0.1"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"shop.example"),
    ]


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "everybody", "10.0.0.0/33"])
def test_whom_to_trust_must_be_a_network(text: str) -> None:
    with pytest.raises(TrustError, match="such as"):
        parse_networks([text])


_names = st.sampled_from(
    [b"forwarded", b"X-Forwarded-For", b"x-forwarded-proto", b"x_forwarded_host"]
)


@pytest.mark.threat("T13", "T31")
@given(st.lists(st.tuples(_names, st.binary(max_size=40))))
def test_no_header_can_break_the_reading_or_get_through(headers: Headers) -> None:
    scope = scope_of(headers=headers, client=("10.0.0.1", 1))
    found = read_hops(scope, TRUSTED)
    seen = applied(scope, found)

    assert not any(is_telling(name.lower()) for name, _ in seen["headers"])
    assert read_hops({**scope, "client": (VISITOR, 1)}, TRUSTED).addresses == (VISITOR,)
    assert found.scheme in ("http", "https")
    for _, value in with_hops([], found):
        assert b"\r" not in value
        assert b"\n" not in value


@pytest.mark.threat("T31")
def test_zone_of_an_address_could_be_any_text_and_goes() -> None:
    found = hops("10.0.0.1", (b"x-forwarded-for", b'fe80::1%"];host=evil.example'))

    assert found.addresses == ("fe80::1", "10.0.0.1")
