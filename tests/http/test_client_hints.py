"""Which client hints a site may ask for before consent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.client_hints import kept_hints


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Sec-CH-UA, Sec-CH-UA-Mobile ,Sec-CH-UA-Platform,Save-Data",
        b"sec-ch-prefers-color-scheme, Sec-CH-Prefers-Reduced-Motion",
        b"DPR, Width, Viewport-Width, Sec-CH-DPR;x=1, Sec-CH-Width, Sec-CH-Viewport-Height",
    ],
)
def test_hints_that_say_how_a_page_is_to_look_stay_byte_for_byte(value: bytes) -> None:
    assert kept_hints(value) is value


@pytest.mark.parametrize(
    "hint",
    [
        b"Sec-CH-UA-Model",
        b"Sec-CH-UA-Full-Version",
        b"Sec-CH-UA-Full-Version-List",
        b"Sec-CH-UA-Platform-Version",
        b"Sec-CH-UA-Arch",
        b"Sec-CH-UA-Bitness",
        b"Sec-CH-UA-WoW64",
        b"Sec-CH-UA-Form-Factors",
        b"Sec-CH-Device-Memory",
        b"Device-Memory",
        b"RTT",
        b"Downlink",
        b"ECT",
        b"Sec-CH-Not-Known-Yet",
        b"SEC-CH-UA-MODEL;q=1",
        b'Sec-CH-UA-Model;x=", DPR"',
        b'"Sec-CH-UA"',
        b"(Sec-CH-UA Sec-CH-UA-Model)",
        b"\x0bDPR",
        b"\xa0DPR",
    ],
)
def test_hint_that_tells_devices_apart_is_not_asked_for(hint: bytes) -> None:
    assert kept_hints(hint) == b""
    assert kept_hints(b"DPR ,\t" + hint + b", Save-Data") == b"DPR, Save-Data"


@given(st.binary() | st.lists(st.sampled_from([b"DPR", b"RTT", b",", b";", b" ", b'"', b"=x"])))
def test_any_list_can_be_filtered_twice(value: bytes | list[bytes]) -> None:
    once = kept_hints(value if isinstance(value, bytes) else b"".join(value))

    assert kept_hints(once) == once
    assert b"RTT" not in [name.partition(b";")[0].strip() for name in once.split(b",")]
