"""Which responses browsers show as a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.page_type import (
    PageType,
    content_coding,
    declared_charset,
    page_type,
)
from asgi_consent.types import Header, Headers


def kind_of(*headers: Header, status: int = 200, ranged: bool = False) -> PageType:
    return page_type(status, list(headers), ranged=ranged)


def typed(*values: bytes) -> list[Header]:
    return [(b"Content-Type", value) for value in values]


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    "values",
    [
        [b"text/html"],
        [b"TEXT/HTML;charset=utf-8"],
        [b" text/html ; a=b"],
        [b"text/plain, text/html"],
        [b"text/plain", b"text/html"],
        [b"text/html, garbage"],
        [b"text/html, text/plain"],
        [b"text/html charset=utf-8"],
        [b"text/vnd.turbo-stream.html; charset=utf-8"],
        [b'text/html;x="a,b", */*'],
        [b"\ttext/html\n"],
    ],
)
def test_type_that_any_browser_may_read_as_html_is_a_page(values: list[bytes]) -> None:
    assert kind_of(*typed(*values)) is PageType.PAGE


@pytest.mark.parametrize(
    "value", [b"", b"*/*", b"unknown/unknown", b"application/unknown", b"html"]
)
def test_type_that_says_nothing_is_sniffed(value: bytes) -> None:
    assert kind_of(*typed(value)) is PageType.SNIFF
    assert kind_of(*typed(value), (b"x-content-type-options", b" NoSniff")) is PageType.OTHER


def test_response_without_a_type_is_sniffed() -> None:
    assert kind_of() is PageType.SNIFF


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    "value",
    [b"text/plain", b"application/json", b"image/svg+xml", b"text/xml", b"text/html5",
     b'application/json; profile="text/html"', b'multipart/related; type="text/html"',
     b"text/html+json"],
)  # fmt: skip
def test_other_types_are_no_page(value: bytes) -> None:
    assert kind_of(*typed(value)) is PageType.OTHER


def test_xhtml_is_known_for_what_it_is() -> None:
    assert kind_of(*typed(b"application/xhtml+xml; charset=utf-8")) is PageType.XHTML


def test_last_type_that_can_be_read_counts() -> None:
    assert kind_of(*typed(b"application/xhtml+xml, text/plain")) is PageType.OTHER
    assert kind_of(*typed(b"text/plain, application/xhtml+xml, garbage")) is PageType.XHTML


@pytest.mark.threat("T15")
def test_part_is_no_page_only_where_a_part_was_asked_for() -> None:
    html = typed(b"text/html")

    assert kind_of(*html, status=206, ranged=True) is PageType.OTHER
    assert kind_of(*html, status=206) is PageType.PAGE
    assert kind_of(*html, ranged=True) is PageType.PAGE


@pytest.mark.parametrize("status", [101, 204, 304])
def test_response_without_a_body_is_no_page(status: int) -> None:
    assert kind_of(*typed(b"text/html"), status=status) is PageType.OTHER


@pytest.mark.parametrize(
    ("value", "download"),
    [
        (b"attachment", True),
        (b'Attachment ; filename="a.html"', True),
        (b"inline; filename=attachment", False),
        (b'inline; filename="attachment.html"', False),
        (b"attachments", False),
    ],
)
def test_only_a_download_is_no_page(value: bytes, download: bool) -> None:
    found = kind_of(*typed(b"text/html"), (b"content-disposition", value))

    assert (found is PageType.OTHER) is download


@pytest.mark.parametrize(
    ("values", "charset"),
    [
        ([b"text/html; charset=utf-8"], b"utf-8"),
        ([b'Text/HTML ; Charset = "ISO-2022-JP"'], b"iso-2022-jp"),
        ([b'text/html; x="; charset=a"; charset=b'], b"b"),
        ([b"text/html; charset=a", b"text/html"], b"a"),
        ([b"text/html; charset=a, text/html; charset=b"], b"b"),
        ([b"text/html"], b""),
        ([], b""),
    ],
)
def test_last_charset_that_is_named_counts(values: list[bytes], charset: bytes) -> None:
    assert declared_charset(typed(*values)) == charset


@pytest.mark.parametrize(
    ("values", "coding"),
    [
        ([b"gzip"], b"gzip"),
        ([b"GZip"], b"gzip"),
        ([b"identity"], b""),
        ([b"utf-8"], b""),
        ([b"br"], b"br"),
        ([b"gzip, br"], b"gzip, br"),
        ([b"gzip", b"zstd"], b"gzip, zstd"),
        ([b"none, gzip"], b"gzip"),
    ],
)
def test_codings_that_browsers_ignore_do_not_count(values: list[bytes], coding: bytes) -> None:
    assert content_coding([(b"content-encoding", value) for value in values]) == coding


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"content-type", b"content-disposition", b"cache-control", b"content-encoding"]
            ),
            st.binary(max_size=60),
        ),
        max_size=5,
    )
)
def test_headers_of_any_bytes_have_a_type(headers: Headers) -> None:
    assert page_type(200, headers, ranged=False) in PageType
    assert isinstance(declared_charset(headers), bytes)
    assert isinstance(content_coding(headers), bytes)
