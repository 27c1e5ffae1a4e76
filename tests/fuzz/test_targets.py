"""Every target, on its seeds, on soups of what they are made of, and on far too much of it.

ASGI_CONSENT_LONG=1 tries more and longer, ASGI_CONSENT_SEED=n others.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.http.client_hints import kept_hints
from asgi_consent.http.cookies import filter_cookies, parse_set_cookie
from asgi_consent.http.csp import CSP, admit
from asgi_consent.http.links import filter_links
from asgi_consent.http.refresh import refresh_url
from asgi_consent.http.reporting import filter_groups, filter_report_uri
from asgi_consent.http.request import local_address
from asgi_consent.http.structured import filter_dictionary, filter_list
from asgi_consent.languages import accepted_languages
from asgi_consent.privacy.decodings import readings
from tests.fuzz.target import TARGETS, Target, fastest
from tests.fuzz.targets import FILES, OURS, own_only

LONG = bool(os.environ.get("ASGI_CONSENT_LONG"))
SEED = int(os.environ.get("ASGI_CONSENT_SEED", "1"))
EXAMPLES = 5_000 if LONG else 50

of_any_target = pytest.mark.parametrize("target", TARGETS.values(), ids=lambda one: one.name)


def soups(target: Target) -> st.SearchStrategy[bytes]:
    """A seed that is cut, words of the seeds in any order, and any bytes between."""
    pieces = st.sampled_from(target.words) | st.binary(max_size=4)
    soup = st.lists(pieces, max_size=24).map(b"".join)

    def cut(whole: bytes, at: int, size: int, put: bytes) -> bytes:
        at %= len(whole) + 1
        return whole[:at] + put + whole[at + size :]

    numbers = st.integers(0, 5000)
    cuts = st.builds(cut, st.sampled_from(target.seeds), numbers, st.integers(0, 8), soup)
    return soup | cuts


@of_any_target
def test_target_says_what_must_hold(target: Target) -> None:
    assert target.invariant.endswith(".")


@of_any_target
def test_it_holds_for_what_was_written_by_hand(target: Target) -> None:
    for one in (b"", *target.seeds):
        target.run(one)


@of_any_target
def test_it_holds_for_soups(target: Target) -> None:
    @seed(SEED)
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(soups(target))
    def holds(data: bytes) -> None:
        target.run(data)

    holds()


# ---- far too much

Reader = Callable[[bytes], object]


def refusing(reader: Callable[[bytes, Callable[[str], bool]], object]) -> Reader:
    def read(data: bytes) -> object:
        try:
            return reader(data, own_only)
        except ValueError:
            return None

    return read


#: a reader, what comes first, what is repeated, and what comes last
MUCH: list[tuple[str, Reader, bytes, bytes, bytes]] = [
    (name, reader, *parts)
    for name, reader, shapes in (
        (
            "cookies",
            lambda data: filter_cookies([(b"cookie", data)], bool),
            [(b"", b"a=1; ", b""), (b"", b";", b""), (b"a", b"=", b"")],
        ),
        (
            "set_cookie",
            parse_set_cookie,
            [
                (b"a=1", b"; Path=/x", b""),
                (b"a=1;Expires=", b"1 ", b""),
                (b"a=1;Expires=", b"a,:-", b""),
            ],
        ),
        (
            "link",
            lambda data: filter_links(data, own_only),
            [
                (b"", b'""', b""),
                (b"", b"<", b""),
                (b"", b'<x>;"', b""),
                (b"", b'</a>;rel="a",', b""),
                (b"<x>", b';a="\\"', b'"'),
                (b"<x>", b"; ;a=", b""),
                (b"<x>;rel=", b'"<,>"', b"x"),
            ],
        ),
        ("list", refusing(filter_list), [(b'"/a"', b';x="y"', b"!"), (b"", b'"/a", ', b"")]),
        (
            "dictionary",
            refusing(filter_dictionary),
            [(b"", b'a="/a",', b'b="/b"'), (b"a", b"a", b"")],
        ),
        (
            "refresh",
            lambda data: refresh_url(data.decode("latin-1")),
            [(b"", b" ", b""), (b"0;", b"url=", b""), (b"0;url=", b"'", b""), (b"", b"0;", b"")],
        ),
        (
            "policy",
            lambda data: admit([(CSP, data)], FILES),
            [
                (b"", b"script-src a, ", b""),
                (b"script-src", b" 'nonce-n'", b""),
                (b"", b"a b;", b""),
                (b"script-src 'nonce-", b"n", b"'"),
                (b"script-src ", b"'nonce-n", b""),
            ],
        ),
        (
            "report-uri",
            refusing(filter_report_uri),
            [(b"", b"report-uri /a //b;", b""), (b"", b"report-uri,", b"")],
        ),
        (
            "report-to",
            refusing(filter_groups),
            [(b"", b'{"max_age":0},', b"{}"), (b'{"a":"', b"\\n", b'"}')],
        ),
        ("hints", kept_hints, [(b"", b"dpr, rtt,", b""), (b"", b"\t", b"")]),
        ("token", OURS.read, [(b"", b".", b""), (b"v1.", b"A", b".x")]),
        ("languages", accepted_languages, [(b"", b"en,", b""), (b"en;q=", b"1", b"")]),
        (
            "readings",
            lambda data: readings(data.decode()),
            [(b"", b"%25", b""), (b"", b"AAAA", b"="), (b"", b"[", b"")],
        ),
        (
            "urls",
            lambda data: resolve(data.decode(), Base(host="own.example")),
            [
                (b"https://", "é.".encode(), b""),
                (b"", b"../", b""),
                (b"//a", b"@", b""),
                (b"//", b"a.", b"%"),
            ],
        ),
        (
            "way back",
            lambda data: local_address(data.decode()),
            [(b"/", b"%2e/", b""), (b"", b"/", b"")],
        ),
    )
    for parts in shapes
]
LARGEST = 10_000_000 if LONG else 400_000
#: less CPU than that is too little to compare
MEASURABLE = 0.004


@pytest.mark.threat("T20", "T21")
@pytest.mark.parametrize(("name", "reader", "first", "piece", "last"), MUCH)
def test_four_times_as_much_takes_no_longer_than_it_should(
    name: str, reader: Reader, first: bytes, piece: bytes, last: bytes
) -> None:
    """Twice as much twice: 4 where it is linear, 16 where it is quadratic."""
    size, before = LARGEST // 64, 0.0
    while size <= LARGEST:
        data = first + piece * (size // len(piece)) + last
        now = fastest(lambda data=data: reader(data))  # type: ignore[misc]
        assert now < MEASURABLE or not before or now / before < 10, f"{size} bytes"
        size, before = size * 4, max(now, MEASURABLE / 4)
