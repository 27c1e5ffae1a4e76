"""What a request says about itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.cookies import LONGEST_HEADER
from asgi_consent.http.headers import copy_headers, media_type
from asgi_consent.http.request import Request, local_address
from asgi_consent.types import Header
from tests.asgi import scope_of


def request(path: str = "/", *headers: Header, **more: Any) -> Request:
    return Request(scope_of(path, headers, **more))


LEADS_AWAY = [
    "", "x", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example",
    "\\/evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r/evil.example", "/ /evil.example", "/\x00/evil.example", "/\x7f/evil.example",
    "http://evil.example", "https://evil.example/", "https:evil.example", "//evil.example/%2e%2e",
    "javascript:alert(1)", "data:text/html,x", "evil.example", "@evil.example", ".evil.example",
    "/.//evil.example", "/..//evil.example", "/././/evil.example", "/%2e//evil.example",
    "/%2E%2e//evil.example", "/./\\evil.example", "/\\/evil.example", " /x", "\t/x", "/x\r\nSet-Cookie: a=b",
    "//.", "//..", "//.?x", "/\u2028/x\\", "?x", "#x", "/" + "x" * 9000, "//", "///", "/.//", "\u3000//evil.example",
    "http:/evil.example", "http:\\evil.example", "//[::1]/", "//127.0.0.1", "//evil.example@shop.example",
]  # fmt: skip


@pytest.mark.threat("T10")
@pytest.mark.parametrize("address", LEADS_AWAY)
def test_address_that_could_lead_away_becomes_the_start_page(address: str) -> None:
    assert local_address(address) == "/"


@pytest.mark.parametrize(
    "address",
    ["/", "/a/b", "/a?b=//c", "/a#b", "/@user", "/a//b", "/%5cevil", "/a?next=https://x.example/",
     "/.well-known/x", "/a/../b", "/~x", "/a:b", "/;a", "/%2f%2fevil", "/..a//b", "/a%20b"],
)  # fmt: skip
def test_address_on_this_site_is_kept(address: str) -> None:
    assert local_address(address) == address


def test_address_is_always_ascii() -> None:
    assert local_address("/käse?ü") == "/k%C3%A4se?%C3%BC"


@pytest.mark.threat("T10", "T13")
@given(st.text(max_size=40))
def test_no_address_is_ever_protocol_relative(text: str) -> None:
    address = local_address(text)

    assert address.startswith("/")
    assert not address.startswith("//")
    assert "\\" not in address
    assert address.isascii()
    assert address.isprintable()


@pytest.mark.threat("T1")
@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ([(b"sec-fetch-site", b"same-origin")], True),
        ([(b"sec-fetch-site", b"same-site")], False),
        ([(b"sec-fetch-site", b"cross-site"), (b"origin", b"http://shop.example")], False),
        ([(b"sec-fetch-site", b"none")], False),
        ([(b"origin", b"http://shop.example")], True),
        ([(b"origin", b"https://shop.example")], False),
        ([(b"origin", b"http://shop.example:81")], False),
        ([(b"origin", b"http://shop.example.evil.example")], False),
        ([(b"origin", b"null")], False),
        ([], False),
    ],
)
def test_only_a_page_of_the_same_origin_counts(headers: list[Header], same: bool) -> None:
    assert request("/", *headers).is_same_origin is same


def test_path_below_the_mount_point_is_found_in_both_styles() -> None:
    assert request("/app/x", root_path="/app").path == "/x"
    assert request("/x", root_path="/app").path == "/x"
    assert request("/app", root_path="/app").path == "/"
    assert request("/application", root_path="/app").path == "/application"


def test_host_is_without_port_and_final_dot() -> None:
    assert request("/", (b"host", b"Shop.Example.:8000")).host == "shop.example"
    assert request("/", (b"host", b"[::1]:8000")).host == "[::1]"
    assert request("/", (b"host", b"[::1]")).host == "[::1]"


def test_fragments_are_told_from_documents() -> None:
    assert request("/", (b"hx-request", b"true")).is_fragment
    assert request("/", (b"x-requested-with", b"XMLHttpRequest")).is_fragment
    assert request("/", (b"sec-fetch-dest", b"empty")).is_fragment
    assert not request("/", (b"sec-fetch-dest", b"document")).is_fragment
    assert not request("/").is_fragment


def test_navigation_that_a_service_worker_passes_on_is_one() -> None:
    passed_on = request("/", (b"sec-fetch-dest", b"empty"), (b"sec-fetch-mode", b"navigate"))

    assert passed_on.wants_document
    assert not passed_on.is_fragment
    assert request("/", (b"sec-fetch-mode", b"navigate")).wants_document
    assert not request(
        "/", (b"sec-fetch-dest", b"image"), (b"sec-fetch-mode", b"cors")
    ).may_get_html


@pytest.mark.parametrize(
    ("path", "raw", "root", "full"),
    [
        ("/a b/c", b"/a%20b/c", "", "/a%20b/c"),
        ("/a b/c", None, "", "/a%20b/c"),
        ("/app/x", b"/app/x?y", "/app", "/app/x"),
        ("/x", b"/x", "/app", "/app/x"),
        ("/x", None, "/app", "/app/x"),
        ("/app", b"/app", "/app", "/app"),
    ],
)
def test_full_path_is_as_the_browser_wrote_it(
    path: str, raw: bytes | None, root: str, full: str
) -> None:
    assert request(path, raw_path=raw, root_path=root).full_path == full


def test_address_to_come_back_to_has_path_and_query() -> None:
    assert request("/käse?a=b&c").address == "/k%C3%A4se?a=b&c"


@pytest.mark.threat("T10")
def test_referring_address_is_only_of_this_origin() -> None:
    assert request("/", (b"referer", b"http://shop.example/a?b")).referring_address() == "/a?b"
    assert (
        local_address(request("/", (b"referer", b"http://evil.example/a")).referring_address())
        == "/"
    )


def test_headers_of_any_shape_are_read() -> None:
    assert copy_headers(None) == []
    assert copy_headers([name, b"1"] for name in (b"a", b"b")) == [(b"a", b"1"), (b"b", b"1")]


def test_media_type_is_told_without_its_parameters() -> None:
    assert media_type([(b"Content-Type", b'Text/HTML ; Charset="UTF-8"')]) == b"text/html"
    assert media_type([]) == b""


def test_names_are_compared_in_lower_case_whatever_the_server_sends() -> None:
    asked = request("/", (b"Sec-GPC", b"0"), (b"SEC-GPC", b"1"))

    assert asked.header(b"sec-gpc") == b"0"
    assert asked.all(b"sec-gpc") == [b"0", b"1"]
    assert asked.header(b"dnt") is None
    assert asked.all(b"dnt") == []


def test_cookie_may_have_been_sent_in_what_is_too_long_to_be_read() -> None:
    asked = request("/", (b"cookie", b"a=1; b=" + b"x" * LONGEST_HEADER))

    assert asked.may_have_cookie(b"b")
    assert not asked.may_have_cookie(b"c")
    assert list(asked.cookies) == [(b"a", b"1")]
