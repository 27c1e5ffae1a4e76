"""The address of the site behind the proxy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.proxy.origin import Origin, UpstreamAddressError


@pytest.mark.parametrize(
    ("address", "authority"),
    [
        ("https://www.example.com", "www.example.com"),
        ("https://WWW.example.com:443/", "www.example.com"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_address_is_read(address: str, authority: str) -> None:
    assert Origin.parse(address).authority == authority


@pytest.mark.parametrize(
    "address",
    ["", "www.example.com", "ftp://example.com", "https://", "https://e.com:0", "https://e.com:x",
     "https://e.com/app", "https://e.com/?a", "https://user@e.com", "https://e com", "http://[::1"],
)  # fmt: skip
def test_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(UpstreamAddressError, match="expected"):
        Origin.parse(address)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://www.example.com/a?b#c", "/a?b#c"),
        ("http://www.example.com/a", "/a"),  # the redirect to https
        ("//www.example.com/a", "/a"),
        ("https://WWW.EXAMPLE.COM", ""),
        ("https://www.example.com:8443/a", None),
        ("https://www.example.com.evil.example/a", None),
        ("https://example.com/a", None),
        ("ftp://www.example.com/a", None),
        ("/a", None),
        ("https://www.example.com@evil.example/", None),
        ("http://[", None),
    ],
)
def test_only_addresses_of_the_site_itself_are_its_own(url: str, path: str | None) -> None:
    assert Origin.parse("https://www.example.com").path_of(url) == path


@given(st.text())
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    origin = Origin.parse("https://www.example.com")
    origin.path_of(text)
    try:
        parsed = Origin.parse(text)
    except UpstreamAddressError:
        return
    assert Origin.parse(str(parsed)) == parsed
