"""The app's policy: our files pass it, and nothing else that did not pass before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.http.csp import CSP, OwnFiles, admit, nonce_of, parse_policies
from tests.http.csp_oracle import FALLBACKS, Ask, allowed

PAGE = "https://shop.example/cart"
GUARD = "https://shop.example/_consent/guard.js"
STYLE = "https://shop.example/_consent/banner.css"
DIGEST = "sha256-guard"
FILES = OwnFiles((GUARD.encode(),), (STYLE.encode(),), lambda: (f"'{DIGEST}'".encode(),))


def admitted(value: bytes) -> bytes:
    ((_, after),) = admit([(CSP, value)], FILES).headers
    return after


@pytest.mark.parametrize(
    ("policy", "nonce"),
    [
        (b"script-src 'nonce-abc' 'strict-dynamic'", b"abc"),
        (b"default-src 'nonce-d'; img-src *", b"d"),
        (b"default-src 'nonce-d'; script-src 'self'", b""),
        (b"script-src 'self'; script-src-elem 'nonce-e=='", b"e=="),
        (b"img-src 'nonce-x'", b""),
        (b"SCRIPT-SRC 'NONCE-Q'", b"Q"),
        (b"img-src *, script-src 'nonce-second'", b"second"),
    ],
)
def test_nonce_is_read_where_scripts_get_it_from(policy: bytes, nonce: bytes) -> None:
    assert nonce_of([(b"Content-Security-Policy", policy)]) == nonce


def test_policies_are_split_as_browsers_split_them() -> None:
    text = b" Img-Src\ta.example  b.example ;; script-src;img-src c.example , default-src 'none'"

    assert parse_policies(text) == [
        {b"img-src": b"a.example  b.example", b"script-src": b""},
        {b"default-src": b"'none'"},
    ]


@pytest.mark.threat("T14")
@pytest.mark.parametrize(
    "policy",
    [
        b"img-src 'none'",
        b"default-src 'self'",
        b"script-src * ; style-src 'self'",
        b"script-src 'nonce-a' 'strict-dynamic'; style-src 'self'",
        b"frame-ancestors 'none'",
        b"",
    ],
)
def test_policy_that_lets_us_through_stays_byte_for_byte(policy: bytes) -> None:
    assert admitted(policy) == policy


@pytest.mark.threat("T14")
@pytest.mark.parametrize(
    ("policy", "front"),
    [
        (
            b"default-src 'none'",
            f"script-src-elem {GUARD}; style-src-elem {STYLE}; ".encode(),
        ),
        (
            b"script-src 'strict-dynamic' 'sha256-app'; style-src 'self'",
            f"script-src-elem 'strict-dynamic' 'sha256-app' '{DIGEST}'; ".encode(),
        ),
        (
            b"style-src 'nonce-s'; style-src-elem https://a.example",
            f"style-src-elem https://a.example {STYLE}; ".encode(),
        ),
    ],
)
def test_our_files_are_named_in_front_one_by_one(policy: bytes, front: bytes) -> None:
    assert admitted(policy) == front + policy


@pytest.mark.threat("T14")
@pytest.mark.parametrize(
    ("policy", "front"),
    [
        (b"script-src a.example\x0b*", b"script-src-elem a.example\x0b* " + GUARD.encode() + b"; "),
        (b"style-src 'none'\x0b*", b"style-src-elem 'none'\x0b* " + STYLE.encode() + b"; "),
        (b"script-src x'nonce-n'", b"script-src-elem x'nonce-n' " + GUARD.encode() + b"; "),
        (
            b"script-src 'none'; script-src-elem 'self' \xe9",
            b"script-src-elem " + GUARD.encode() + b"; ",
        ),
    ],
)
def test_what_browsers_take_for_one_source_or_none_is_neither_split_nor_counted(
    policy: bytes, front: bytes
) -> None:
    assert admitted(policy) == front + policy


def test_digest_is_asked_for_only_where_addresses_do_not_count() -> None:
    dynamic = [(CSP, b"script-src 'strict-dynamic' 'sha256-app'")]

    assert admit(dynamic, FILES).with_integrity
    assert not admit([(CSP, b"script-src 'none'")], FILES).with_integrity
    assert not admit([], FILES).with_integrity


SOURCES = [
    *("'none'", "'self'", "'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'", "'nonce-n'"),
    *("'sha256-app'", "*", "https:", "data:", "a.example", "*.a.example", "https://b.example/js/"),
    *("shop.example", "https://b.example/js/app.js", "'report-sample'", "'unsafe-hashes'"),
]
DIRECTIVES = [
    *sorted({name for names in FALLBACKS.values() for name in names}),
    *("sandbox", "require-trusted-types-for", "base-uri"),
]
URLS = [
    *(
        GUARD,
        STYLE,
        GUARD + "x",
        "https://shop.example/_consent/kept",
        "https://shop.example/app.js",
    ),
    *("https://a.example/x.js", "https://sub.a.example/x.js", "https://b.example/js/app.js"),
    *("https://b.example/other.js", "http://a.example/x.js", "data:text/javascript,1"),
]
directives = st.tuples(st.sampled_from(DIRECTIVES), st.lists(st.sampled_from(SOURCES), max_size=5))
policies = st.lists(
    st.lists(directives, max_size=4).map(
        lambda found: "; ".join(" ".join((name, *sources)) for name, sources in found)
    ),
    min_size=1,
    max_size=3,
).map(lambda found: ", ".join(found).encode())
asks = st.builds(
    Ask,
    kind=st.sampled_from(sorted(FALLBACKS)),
    url=st.sampled_from(URLS),
    nonce=st.sampled_from(["", "n", "other"]),
    digest=st.sampled_from(["", "sha256-app", DIGEST]),
    by_script=st.booleans(),
)


def is_ours(ask: Ask) -> bool:
    if ask.kind == "script":
        return ask.url == GUARD or ask.digest == DIGEST
    return ask.kind == "style" and ask.url == STYLE


@pytest.mark.threat("T14")
@given(policies, asks)
def test_nothing_passes_after_that_did_not_pass_before_but_our_files(
    policy: bytes, ask: Ask
) -> None:
    after = admitted(policy)

    if allowed(after, ask, PAGE) and not is_ours(ask) and ask.digest != DIGEST:
        assert allowed(policy, ask, PAGE)
    if allowed(policy, ask, PAGE):
        assert allowed(after, ask, PAGE)


@given(policies)
def test_our_files_pass_whatever_the_policy(policy: bytes) -> None:
    admission = admit([(CSP, policy)], FILES)
    ((_, after),) = admission.headers
    digest = DIGEST if admission.with_integrity else ""

    guard = Ask("script", GUARD, nonce=admission.nonce.decode(), digest=digest)
    assert allowed(after, guard, PAGE)
    assert allowed(after, Ask("style", STYLE), PAGE)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(value: bytes) -> None:
    assert admitted(value).endswith(value)
