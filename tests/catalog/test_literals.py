"""Code that only gives names to values is never gated; anything that could do something is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.catalog.literals import is_mere_data
from asgi_consent.settings import Settings

SNIPPET = "fbq('init', '1')"

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(values) | st.dictionaries(st.text(), values))
def test_any_json_given_to_a_name_is_data(value: object) -> None:
    assert is_mere_data(f"window.__STATE__ = {json.dumps(value)};".encode())


@pytest.mark.parametrize(
    "code",
    [
        "var a = {b: 1, 'c': [2, \"3\"]}",
        "dataLayer = [{}]",
        "window.x = window.x || {}",
        "/* settings */ const a = {};\nlet b = [];\n",
        '// <![CDATA[\nvar GLOBALS = {"a": "b"};\n// ]]>',
        "var a = {b: -1.5e3, c: !0, d: null, e: `text`}",
    ],
)
def test_configuration_is_data(code: str) -> None:
    assert is_mere_data(code.encode())


@pytest.mark.parametrize(
    "code",
    [
        "",
        "{}",
        "a = {b: f()}",
        "a = {b: `${f()}`}",
        "a = {get b() {}}",
        "a = {b}",
        "a = {}; f()",
        "a = {}\n(f)()",
        "a = {}.b",
        "a = {}[b]",
        "a = [].map(f)",
        "location = ['//evil.example']",
        "window.location = ['//evil.example']",
        "image.src = ['//evil.example/pixel']",
        "a = {b: 1",
        "a = 1",
        "a = {b: new Image}",
        "a = {b: c ? {} : {}}",
        "a = '' + {}",
    ],
)
def test_what_could_do_something_is_code(code: str) -> None:
    assert not is_mere_data(code.encode())


@given(st.text(alphabet="ab={}[]()'\"`$\\/*,:;.\n |!-1"))
def test_data_holds_no_call(code: str) -> None:
    if is_mere_data(code.encode()):
        bare = json.dumps(code)
        assert "=" in bare


def test_state_that_quotes_a_snippet_passes_and_the_snippet_does_not() -> None:
    matcher = Settings().policy.matcher
    state = f"window.__APOLLO_STATE__ = {json.dumps({'html': SNIPPET})}".encode()

    assert matcher.inline(SNIPPET.encode())
    assert matcher.inline(state) == ()
