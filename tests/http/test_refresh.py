"""Where a refresh leads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.catalog.urls import NOWHERE, Base, resolve
from asgi_consent.http.refresh import refresh_url

NOBODYS = f"https://{NOWHERE}/"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("5; url=https://t.example/x", "https://t.example/x"),
        ("0;URL='https://t.example/x'", "https://t.example/x"),
        ('0, uRl = "https://t.example/x" and more', "https://t.example/x"),
        ("0 https://t.example/x", "https://t.example/x"),
        ("0;https://t.example/x", "https://t.example/x"),
        ("\t 0.5 \r\n;\f url\t=\n//t.example", "//t.example"),
        ('0;"https://t.example/x', "https://t.example/x"),
        ("0;url", "url"),
        ("0;urlx=1", "urlx=1"),
        ("0;url=url=x", "url=x"),
        ("0;url=/a;b,c", "/a;b,c"),
        ("0;url=ht\ntps://t.example", "ht\ntps://t.example"),
        ("0;'", None),
        ("5", None),
        ("5;", None),
        ("5; url=", None),
        ("5; url=''", None),
        ("", None),
        (" ", None),
    ],
)
def test_url_is_read_as_browsers_read_it(value: str, url: str | None) -> None:
    assert refresh_url(value) == url


@pytest.mark.parametrize(
    "value",
    [
        ".5;url=https://t.example",
        "1e0;url=https://t.example",
        "-1;url=https://t.example",
        "5\x0b;url=https://t.example",
        "5\xa0;url=https://t.example",
        ";url=https://t.example",
        "0;,;url=https://t.example",
    ],
)
def test_what_only_some_browsers_take_for_a_time_counts(value: str) -> None:
    assert refresh_url(value) == "https://t.example"


@pytest.mark.parametrize(
    "value",
    [
        '0;url="https://own.example"@t.example/"',  # Chrome and Safari: of t.example
        '0;url="https://t.example" @own.example/"',  # the standard: of t.example
        "0;'/'//t.example'",
    ],
)
def test_url_whose_end_browsers_disagree_about_is_nobodys(value: str) -> None:
    assert refresh_url(value) == NOBODYS


@pytest.mark.threat("T21")
def test_very_long_refresh_is_read_in_good_time() -> None:
    for piece in ("0", " ", ";", "url", "url=", "'", " ;", "0;url = "):
        refresh_url(piece * 200_000)


WHITE = "\t\n\f\r "


def by_the_standard(text: str) -> str | None:
    """The shared declarative refresh steps, one by one."""
    rest = text.lstrip(WHITE)
    time = rest.lstrip("0123456789")
    if time == rest and not rest.startswith("."):
        return None
    rest = time.lstrip("0123456789.")
    if rest and rest[0] not in ";," + WHITE:
        return None
    rest = rest.lstrip(WHITE)
    rest = rest[1:] if rest[:1] in (";", ",") else rest
    url = rest = rest.lstrip(WHITE)
    if not rest:
        return None
    if rest[:3].lower() == "url" and rest[3:].lstrip(WHITE).startswith("="):
        url = rest[3:].lstrip(WHITE)[1:].lstrip(WHITE)
    if url[:1] in ("'", '"') and url:
        url = url[1:].split(url[0])[0]
    return url


def by_chrome(text: str, white: str) -> str | None:
    """Its reading of a header (`white` is SP and HTAB) and of an element, as a second opinion."""
    rest = text.lstrip(white)
    ends = [at for at, char in enumerate(rest) if char in ",;" + white]
    if not ends:
        return None
    time, rest = rest[: ends[0]].strip(), rest[ends[0] :].lstrip(white)
    if not time or any(char not in "0123456789." for char in time):
        return None
    rest = rest[1:] if rest[:1] in (";", ",") else rest
    url = rest = rest.lstrip(white)
    if rest[:3].lower() == "url" and rest[3:].lstrip(white).startswith("="):
        url = rest[3:].lstrip(white)[1:].lstrip(white)
    if url[:1] in ("'", '"') and url:
        end = url.rfind(url[0], 1)
        url = url[1:end] if end > 0 else url[1:]
    return url


def leads_out(url: str | None) -> bool:
    target = resolve(url, Base(host="own.example")) if url else None
    return target is not None and target.host != "own.example"


PIECES = [
    "0",
    "5",
    ".",
    ";",
    ",",
    "url",
    "URL",
    "=",
    "'",
    '"',
    "//",
    "t.example",
    "own.example",
    "https://",
    "@",
    "/",
    "x",
]


@pytest.mark.parametrize("value", ["\x0b\x0c0;//t.example", "0\x0c\x0b;//t.example"])
def test_whatever_a_browser_trims_around_the_time_is_skipped(value: str) -> None:
    assert refresh_url(value) == "//t.example"


@given(st.lists(st.sampled_from([*PIECES, *WHITE, "\x0b", "\xa0"]), max_size=14).map("".join))
def test_refresh_that_leads_away_in_any_reading_leads_away_in_ours(value: str) -> None:
    readings = (by_the_standard(value), by_chrome(value, WHITE), by_chrome(value, " \t"))

    assert leads_out(refresh_url(value)) or not any(map(leads_out, readings))


@given(st.text())
def test_any_text_can_be_read(value: str) -> None:
    assert refresh_url(value) != ""
