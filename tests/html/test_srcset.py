"""The URLs of a srcset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.html.srcset import srcset_urls


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("a.png", ["a.png"]),
        ("a.png 1x, b.png 2x", ["a.png", "b.png"]),
        (" ,a.png 100w,b.png", ["a.png", "b.png"]),
        ("a.png,b.png 2x", ["a.png,b.png"]),
        ("a.png, b.png", ["a.png", "b.png"]),
        ("data:image/png;base64,AA== 1x, //t.example/b 2x", ["data:image/png;base64,AA==", "//t.example/b"]),
        ("a.png (x, y) 1x, b.png", ["a.png", "b.png"]),
        ("", []),
    ],
)  # fmt: skip
def test_srcset_is_read_as_browsers_do(value: str, urls: list[str]) -> None:
    assert srcset_urls(value) == urls


@given(st.text(alphabet="a, \t(),x/", max_size=30))
def test_any_srcset_can_be_read(value: str) -> None:
    assert all(srcset_urls(value))
