"""Requests that two servers may read differently are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.proxy.framing import fault_of, target_of
from asgi_consent.types import Headers
from tests.asgi import scope_of

LENGTH, CHUNKED = (b"content-length", b"5"), (b"transfer-encoding", b"chunked")


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    "headers",
    [
        [LENGTH, CHUNKED],
        [LENGTH, LENGTH],
        [LENGTH, (b"Content-Length", b"6")],
        [(b"content-length", b"+5")],
        [(b"content-length", b"5, 5")],
        [(b"content-length", b"0x5")],
        [(b"content-length", b"")],
        [CHUNKED, CHUNKED],
        [(b"transfer-encoding", b"chunked, identity")],
        [(b"transfer-encoding", b"xchunked")],
        [(b"transfer-encoding", b"\x0bchunked")],
        [(b"content_length", b"5")],
        [(b"transfer_encoding", b"chunked")],
        [(b"host", b"a.example"), (b"host", b"b.example")],
        [(b"host", b"a.example/b")],
        [(b"host", b"a.example, b.example")],
        [(b"host", b"user@a.example")],
        [(b"host", b"")],
        [(b"x y", b"1")],
        [(b"", b"1")],
        [(b"x", b"1\r\nset-cookie: a=1")],
        [(b"x", b"1\x00")],
    ],
)
def test_ambiguous_request_is_refused(headers: Headers) -> None:
    assert fault_of(scope_of(headers=headers, method="POST")) is not None


@pytest.mark.threat("T16", "T18")
@pytest.mark.parametrize(
    "more",
    [
        {"raw_path": b"*"},
        {"raw_path": b"http://evil.example/"},
        {"raw_path": b"@evil.example/"},
        {"raw_path": b"/a b"},
        {"raw_path": b"/a\r\nx: y"},
        {"query_string": b"a b"},
        {"method": "CONNECT"},
        {"method": "TRACE"},
        {"method": "GET /x"},
        {"http_version": "1.0", "headers": [CHUNKED]},
    ],
)
def test_odd_target_or_method_is_refused(more: dict[str, Any]) -> None:
    assert fault_of({**scope_of(), **more}) is not None


@pytest.mark.parametrize(
    "headers", [[], [LENGTH], [CHUNKED], [(b"host", b"[::1]:8000")], [(b"X_custom", b"\xe4 b\t")]]
)
def test_plain_request_passes(headers: Headers) -> None:
    scope = scope_of("/a%20b/../c?d=e%zz", headers=headers, method="POST")

    assert fault_of(scope) is None
    assert target_of(scope) == b"/a%20b/../c?d=e%zz"


@pytest.mark.threat("T13", "T16")
@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30)), max_size=4))
def test_whatever_passes_is_safe_to_write(headers: Headers) -> None:
    if fault_of(scope_of(headers=headers)) is not None:
        return
    for name, value in headers:
        assert name.isascii()
        assert not set(b"\r\n\0") & set(name + value)
