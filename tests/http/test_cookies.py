"""Cookie and Set-Cookie on raw bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.cookies import (
    LONGEST_HEADER,
    MOST_COOKIES,
    CookieScope,
    cookie_pairs,
    filter_cookies,
    only_value,
    parse_set_cookie,
    remove_cookie,
    remove_wherever,
    set_cookie,
)
from asgi_consent.http.headers import size_of
from asgi_consent.http.known_scopes import read_scopes, write_scopes
from asgi_consent.types import Headers


def cookies(*values: bytes) -> Headers:
    return [(b"cookie", value) for value in values]


def pairs(*values: bytes) -> list[tuple[bytes, bytes]]:
    return list(cookie_pairs(cookies(*values)))


@pytest.mark.threat("T3")
def test_pairs_are_trimmed_of_space_and_tab_only() -> None:
    assert pairs(b"a=1;  b=2 ;\tc=3;\xa0d=4;\x0bf=5; e") == [
        (b"a", b"1"),
        (b"b", b"2"),
        (b"c", b"3"),
        (b"\xa0d", b"4"),
        (b"\x0bf", b"5"),
        (b"", b"e"),
    ]


@pytest.mark.threat("T33")
def test_split_cookie_headers_are_read_as_one() -> None:
    assert list(cookie_pairs(cookies(b"a=1", b"b=2"))) == [(b"a", b"1"), (b"b", b"2")]


@pytest.mark.threat("T3")
def test_cookie_sent_twice_has_no_value() -> None:
    assert only_value(pairs(b"x=1; x=2"), b"x") is None
    assert only_value(pairs(b"x=1; y=2"), b"x") == b"1"


@pytest.mark.threat("T3")
@pytest.mark.parametrize(
    "planted",
    [b"\xa0__Host-x=evil", b"\x85__Host-x=evil", b'"__Host-x"=evil', b"__host-x=evil",
     "\u2000__Host-x=evil".encode(), b"__Host-x\xa0=evil", b"__Host-x =evil"],
)  # fmt: skip
def test_look_alike_of_a_name_is_not_that_name(planted: bytes) -> None:
    assert only_value(pairs(planted), b"__Host-x") is None
    assert only_value(pairs(b"__Host-x=good; " + planted), b"__Host-x") == b"good"


def test_filter_keeps_allowed_cookies_in_one_header() -> None:
    headers, removed = filter_cookies(
        [(b"host", b"h"), *cookies(b"a=1; b=2", b"c=3")], lambda name: name != b"b"
    )

    assert headers == [(b"host", b"h"), (b"cookie", b"a=1; c=3")]
    assert removed == [b"b"]


@pytest.mark.threat("T3")
def test_filter_drops_names_no_framework_agrees_on() -> None:
    headers, removed = filter_cookies(cookies(b"\xa0session=evil; session=1"), lambda name: True)

    assert headers == [(b"cookie", b"session=1")]
    assert removed == [b"\xa0session"]


def test_filter_leaves_headers_without_cookies_alone() -> None:
    headers: Headers = [(b"host", b"h")]

    assert filter_cookies(headers, lambda name: False) == (headers, [])


@pytest.mark.threat("T20")
def test_more_cookies_than_any_browser_sends_are_dropped() -> None:
    many = b"; ".join(b"c%d=1" % n for n in range(MOST_COOKIES * 2))

    assert len(list(cookie_pairs(cookies(many)))) == MOST_COOKIES


@given(st.lists(st.binary(max_size=60), max_size=4), st.sets(st.binary(max_size=4)))
def test_filtering_twice_is_filtering_once(values: list[bytes], denied: set[bytes]) -> None:
    once, _ = filter_cookies(cookies(*values), lambda name: name not in denied)
    twice, removed = filter_cookies(once, lambda name: name not in denied)

    assert twice == once
    assert removed == []


@pytest.mark.parametrize(
    ("raw", "name", "path", "domain", "partitioned"),
    [
        (b"a=1", b"a", "/shop", "", False),
        (b" a = 1 ; Path=/x; DOMAIN=.Example.com", b"a", "/x", "example.com", False),
        (b"a=1; path=x; Partitioned; Secure", b"a", "/shop", "", True),
        (b"just-a-value", b"", "/shop", "", False),
    ],
)
def test_set_cookie_is_read_as_browsers_do(
    raw: bytes, name: bytes, path: str, domain: str, partitioned: bool
) -> None:
    cookie = parse_set_cookie(raw, "/shop")

    assert cookie.name == name
    assert cookie.scope == CookieScope(path, domain, partitioned)


@pytest.mark.parametrize(
    ("attributes", "removes"),
    [
        (b"", False),
        (b"; Max-Age=0", True),
        (b"; max-age=-5", True),
        (b"; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT", False),
        (b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT", True),
        (b"; Expires=Fri, 01 Jan 2100 00:00:00 GMT", False),
        (b"; Expires=never; Max-Age=soon", False),
        (b"; Expires=Thu, 01 Jan 99999999999999999999 00:00:00 GMT", False),
        (b"; Expires=Thu, 01 Jan 1970 00:00:00 +99999999999999999999", False),
    ],
)
def test_set_cookie_that_removes_is_recognised(attributes: bytes, removes: bool) -> None:
    assert parse_set_cookie(b"a=1" + attributes).removes is removes


@given(st.binary(max_size=80))
def test_any_set_cookie_can_be_read(raw: bytes) -> None:
    assert parse_set_cookie(raw).scope.path.startswith("/")


def test_our_cookies_are_host_only_and_lax() -> None:
    assert set_cookie(b"n", b"v", seconds=60, secure=True, http_only=True) == (
        b"set-cookie",
        b"n=v; Path=/; Max-Age=60; SameSite=Lax; Secure; HttpOnly",
    )


@pytest.mark.threat("T20")
def test_cookie_cut_off_by_the_limit_is_not_read_in_part() -> None:
    headers = cookies(b"a=1; b=" + b"x" * LONGEST_HEADER)

    assert list(cookie_pairs(headers)) == [(b"a", b"1")]


def removals(names: list[bytes], host: str, path: str) -> list[CookieScope]:
    headers = remove_wherever(names, host, path, secure=True, room=9999)
    assert all(parse_set_cookie(value).removes for _, value in headers)
    return [parse_set_cookie(value).scope for _, value in headers]


def test_removal_covers_every_path_and_parent_domain() -> None:
    assert set(removals([b"x"], "www.shop.example", "/a/b/c")) == {
        CookieScope("/", "", partitioned=True),
        *(
            CookieScope(path, domain)
            for path in ("/", "/a", "/a/b")
            for domain in ("", "www.shop.example", "shop.example")
        ),
    }


def test_likely_scopes_go_first_where_there_is_little_room() -> None:
    headers = remove_wherever([b"x"], "shop.example", "/1/2/3/", secure=True, room=400)

    paths = [parse_set_cookie(value).scope.path for _, value in headers]
    assert paths[:2] == ["/", "/"]


def test_removal_of_many_cookies_fits_through_a_proxy_and_gets_round_to_all() -> None:
    names = [b"name-%d-%s" % (n, b"x" * 40) for n in range(20)]
    host, path = "a.b.shop.example", "/1/2/3/4/"
    seen: set[tuple[bytes, CookieScope]] = set()
    everything = 20 * (5 * 4 + 1)  # names, and for each all paths and domains, and one more
    for _ in range(10_000):
        if len(seen) == everything:
            break
        headers = remove_wherever(names, host, path, secure=True, room=2000)
        assert size_of(headers) <= 2000
        cookies = [parse_set_cookie(value) for _, value in headers]
        seen |= {(cookie.name, cookie.scope) for cookie in cookies}

    assert len(seen) == everything


@pytest.mark.threat("T13")
@given(st.lists(st.binary(max_size=20), max_size=3), st.text(max_size=300), st.text(max_size=30))
def test_removal_is_always_a_well_formed_header(names: list[bytes], host: str, path: str) -> None:
    for _, value in remove_wherever(names, host, path, secure=True, room=9999):
        assert not set(value) & set(b"\r\n\0")
        assert parse_set_cookie(value).removes


@pytest.mark.threat("T13")
def test_removal_never_writes_control_bytes_into_a_header() -> None:
    assert remove_cookie(b"a\r\nx", CookieScope(), secure=False) == []
    assert remove_cookie(b"a; Domain=x", CookieScope(), secure=False) == []
    assert remove_cookie(b"a", CookieScope("/\r\n"), secure=False) == []
    assert remove_cookie(b"a", CookieScope("/;x"), secure=False) == []


def test_known_scopes_survive_a_round_trip() -> None:
    scopes = {(b"_path", CookieScope("/cookies")): None, (b"x", CookieScope("/a", "d.e")): None}

    assert read_scopes(write_scopes(scopes)) == scopes


def test_known_scopes_hold_only_names_that_cookies_can_have() -> None:
    scopes = {(b"a b", CookieScope("/")): None, (b"x", CookieScope("/y")): None}

    assert read_scopes(write_scopes(scopes)) == {(b"x", CookieScope("/y")): None}


@pytest.mark.threat("T13")
@given(st.binary(max_size=200))
def test_forged_known_scopes_do_no_harm(value: bytes) -> None:
    assert isinstance(read_scopes(value), dict)


def test_known_scopes_stay_small() -> None:
    many = [(b"cookie%d" % n, CookieScope(f"/path/{n}")) for n in range(500)]

    value = write_scopes(many)

    assert len(value) <= 1024
    assert many[-1] in read_scopes(value)
