"""URL, cookie, storage key, inline code → service."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.catalog.builtin import builtin_services
from asgi_consent.catalog.domains import parent_domains, registrable_domain
from asgi_consent.catalog.matcher import Matcher
from asgi_consent.catalog.patterns import HostPattern, NameIndex
from asgi_consent.catalog.services import CookiePattern, Lifetime, Service
from asgi_consent.catalog.urls import Target
from asgi_consent.settings import Settings


def service(id_: str, **more: object) -> Service:
    return Service(id=id_, name=id_, vendor="", category="statistics", **more)  # type: ignore[arg-type]


def ids(services: Iterable[Service]) -> list[str]:
    return [service.id for service in services]


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("a.example", "/", ["exact"]),
        ("x.a.example", "/", ["below"]),
        ("y.x.a.example", "/", ["below"]),
        ("deep.x.a.example", "/", ["deeper"]),
        ("a.example", "/tag/x.js", ["path"]),
        ("a.example.org", "/", []),
        ("nota.example", "/", []),
    ],
)
def test_longest_host_then_longest_path_wins(host: str, path: str, expected: list[str]) -> None:
    matcher = Matcher(
        [
            service("exact", hosts=("a.example",)),
            service("below", hosts=("*.a.example",)),
            service("deeper", hosts=("deep.x.a.example",)),
            service("path", hosts=("a.example/tag",)),
        ]
    )

    assert ids(matcher.url(Target(host, path))) == expected


def test_bare_path_belongs_to_the_sites_own_host_only() -> None:
    matcher = Matcher([service("own", hosts=("/matomo/",))])

    assert ids(matcher.url(Target("shop.example", "/matomo/x.js"), own=True)) == ["own"]
    assert ids(matcher.url(Target("other.example", "/matomo/x.js"))) == []


def test_declared_service_wins_over_the_catalogue_for_the_same_name() -> None:
    matcher = Matcher(
        [
            service("known", cookies=(CookiePattern("sid"),)),
            service("ours", cookies=(CookiePattern("sid"),), declared=True),
        ]
    )

    assert ids(matcher.cookie("sid")) == ["ours"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_ga", "_ga"),
        ("_ga_X1", "_ga_*"),
        ("_gat", None),
        ("mp_1_mixpanel", "mp_*_mixpanel"),
        ("mp_mixpanel", None),
        ("a-b-c", "a-*-c"),
        ("x_session", "*_session"),
    ],
)
def test_star_stands_for_any_run_of_characters(name: str, expected: str | None) -> None:
    patterns = ["_ga", "_ga_*", "mp_*_mixpanel", "a-*-c", "*_session"]
    index = NameIndex((pattern, service(pattern)) for pattern in patterns)

    assert ids(index.find(name)) == ([expected] if expected else [])


def test_many_stars_take_linear_time() -> None:
    index = NameIndex([("a*" * 50 + "b", service("evil"))])
    started = time.process_time()

    assert index.find("a" * 100_000) == []
    assert time.process_time() - started < 2


def test_inline_code_names_every_service_in_it() -> None:
    matcher = Matcher(
        [service("one", inline=("one('init'",)), service("two", inline=("one.js", "two("))]
    )

    assert ids(matcher.inline(b"x; two(1); one('init', 2)")) == ["two", "one"]
    assert matcher.inline(b"var one = {}") == ()


@given(st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=8), st.binary(max_size=40))
def test_inline_index_finds_what_a_plain_search_finds(words: list[bytes], code: bytes) -> None:
    pieces = [word.decode("latin-1") for word in words]
    matcher = Matcher([service(f"s{n}", inline=(piece,)) for n, piece in enumerate(pieces)])

    assert bool(matcher.inline(code)) == any(piece.encode() in code for piece in pieces)


@pytest.mark.parametrize(
    "text", ["https://a.example", "a.example:80", "A.example", "a b", "*.", ""]
)
def test_host_pattern_that_cannot_match_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host"):
        HostPattern.parse(text)


def test_builtin_catalogue_is_sound() -> None:
    services = builtin_services()

    assert len(services) > 300
    assert {s.category for s in services.values()} == {
        "necessary",
        "preferences",
        "statistics",
        "marketing",
    }
    for entry in services.values():
        assert entry.hosts or entry.cookies or entry.storage, entry.id
        for host in entry.hosts:
            HostPattern.parse(host)


def test_builtin_catalogue_knows_the_common_ones() -> None:
    matcher = Matcher(builtin_services().values())

    assert ids(matcher.url(Target("www.google-analytics.com", "/analytics.js"))) == [
        "google-analytics"
    ]
    assert ids(matcher.cookie("_ga_ABC")) == ["google-analytics"]
    assert ids(matcher.inline(b"fbq('init', '1')")) == ["meta-pixel"]


def test_registrable_domain_follows_the_public_suffix_list() -> None:
    assert registrable_domain("www.shop.example.co.uk") == "example.co.uk"
    assert registrable_domain("me.github.io") == "me.github.io"
    assert registrable_domain("127.0.0.1") == "127.0.0.1"
    assert registrable_domain("[::1]") == "[::1]"
    assert registrable_domain("localhost") == "localhost"


def test_parent_domains_end_at_the_registrable_one() -> None:
    assert parent_domains("a.b.example.co.uk") == (
        "a.b.example.co.uk",
        "b.example.co.uk",
        "example.co.uk",
    )
    assert parent_domains("127.0.0.1") == ("127.0.0.1",)


def test_lifetime_is_read() -> None:
    assert (Lifetime("13mo").count, Lifetime("13mo").unit) == (13, "mo")
    assert Lifetime("session").duration is None
    assert str(Lifetime("90d").duration) == "90 days, 0:00:00"
    with pytest.raises(ValueError, match="lifetime"):
        Lifetime("2 years")


def test_name_longer_than_any_belongs_to_nobody() -> None:
    matcher = Settings().policy.matcher

    assert matcher.cookie("_ga_" + "x" * 20)
    assert matcher.cookie("_ga_" + "x" * 300) == ()
