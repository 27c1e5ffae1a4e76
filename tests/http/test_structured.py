"""Lists and dictionaries of strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.structured import filter_dictionary, filter_list


def own_only(url: str) -> bool:
    return url.startswith("/") and not url.startswith("//")


def anything(url: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b'"/a" ,\t"https://t.example", "/b"', b'"/a", "/b"'),
        (b'"https://t.example/a,b", "/a"', b'"/a"'),
        (b'"/a";as="x, y";n=1.5;t=a/b;o, "//t"', b'"/a";as="x, y";n=1.5;t=a/b;o'),
        (b'"https://t.example"', None),
        (rb'"\"/a"', None),
        (b"", b""),
        (b"  ", b"  "),
        (rb'  "/\"a\\" ,"/b"  ', rb'  "/\"a\\" ,"/b"  '),
    ],
)
def test_denied_strings_leave_a_list(value: bytes, left: bytes | None) -> None:
    assert filter_list(value, own_only) == left


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b'a="/a", b="https://t.example", *c_-.*="/c"', b'a="/a", *c_-.*="/c"'),
        (b'a="https://t.example",a="/a";x="=,"', b'a="/a";x="=,"'),
        (b'a="//t.example"', None),
        (b'a="/a",b="/b"', b'a="/a",b="/b"'),
    ],
)
def test_denied_strings_leave_a_dictionary(value: bytes, left: bytes | None) -> None:
    assert filter_dictionary(value, own_only) == left


@pytest.mark.parametrize(
    "value",
    [
        b'"/a',
        b'"/a",',
        b',"/a"',
        b'"/a","https://t.example',
        b'"/a" "/b"',
        b'"/a" ;x',
        b'"/a";"/b"',
        b"https://t.example",
        b"'/a'",
        b'("/a" "/b")',
        b'\t"/a"',
        b'"/\xe4"',
        b'"/\\a"',
        b'"/a\x00"',
        b'a="/a"',
        b'%"/a"',
    ],
)
def test_what_is_no_list_of_strings_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="structured"):
        filter_list(value, own_only)
    with pytest.raises(ValueError, match="structured"):
        filter_dictionary(b'k="/k", A=' + value, own_only)


@pytest.mark.threat("T21")
def test_very_long_field_is_read_in_good_time() -> None:
    for piece in (b'"/a",', b'"/a";x', b'";', b'"\\', b" ", b'"/a" , ', b";a=", b'"a"'):
        for end in (b"", b'"/a"'):
            try:
                filter_list(b'"/a"' + piece * 100_000 + end, own_only)
            except ValueError:
                continue


PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=9)


def written(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


@given(st.lists(PRINTABLE, max_size=5), PRINTABLE)
def test_every_string_is_asked_about_as_it_was_meant(texts: list[str], parameter: str) -> None:
    asked: list[str] = []
    value = ", ".join(f"{written(text)};p={written(parameter)}" for text in texts).encode()

    def allowed(url: str) -> bool:
        asked.append(url)
        return True

    assert filter_list(value, allowed) is value
    assert asked == texts


@given(st.lists(st.sampled_from([b'"', b",", b"/", b"a=", b";", b" ", b"\\", b"x"])).map(b"".join))
def test_any_field_is_refused_or_can_be_filtered_twice(value: bytes) -> None:
    for filtered in (filter_list, filter_dictionary):
        try:
            once = filtered(value, own_only)
        except ValueError:
            continue
        assert once is None or filtered(once, own_only) == once
        assert filtered(value, anything) == value
