"""HTML in the strings of JSON and in the data of events: gated there, everything else untouched."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Page
from asgi_consent.html import in_events, in_json
from asgi_consent.html.gating import Gating
from asgi_consent.html.in_events import EventRewriter
from asgi_consent.html.in_json import JsonRewriter
from asgi_consent.html.rewriter import Rewriter
from tests.conftest import shop_settings
from tests.html.pages import cut, cuts, ignore, placeholder

POLICY = shop_settings().policy
_TRACKED = '<p>é</p><img src="https://counter.example/p.gif">'
_GATED = "data-consent-src"


def fragment() -> Rewriter:
    page = Page("shop.example", (Base("https", "shop.example", "/dir/page"),))
    return Rewriter(Gating(Decision(POLICY), page, placeholder, ignore), fragment=True)


def through(rewriter: JsonRewriter | EventRewriter, *pieces: bytes) -> bytes:
    return b"".join(map(rewriter.feed, pieces)) + rewriter.close()


def in_one(kind: type[JsonRewriter | EventRewriter], data: bytes) -> bytes:
    return through(kind(fragment), data)


@pytest.mark.parametrize("ascii", [True, False])
def test_markup_in_a_string_of_json_is_gated(ascii: bool) -> None:
    sent = json.dumps({"n": 1, "cards": [_TRACKED, "a"]}, ensure_ascii=ascii).encode()

    found = json.loads(in_one(JsonRewriter, sent))

    assert found["n"] == 1
    assert found["cards"][1] == "a"
    assert _GATED in found["cards"][0]
    assert 'src="https://counter' not in found["cards"][0].replace(_GATED, "")
    assert "<p>é</p>" in found["cards"][0]


def test_escaped_markup_is_seen_through() -> None:
    sent = json.dumps(_TRACKED).replace("<", "\\u003C").encode()

    assert _GATED in json.loads(in_one(JsonRewriter, sent))


@pytest.mark.parametrize(
    "sent",
    [
        b'{"a": "5 < 6", "b": "<p class=\\"x\\">own</p>", "c": "\\u003cimg src=/own.png>"}',
        b'[1.50, true, null, "\\ud800", "tab\there", "<b>", "\\"<i>\\""]',
        b'{"cut": "<img src=',
        b'"never ends <img src=https://counter.example/p.gif>',
        b"no json <img src=https://counter.example/p.gif>",
        b"",
    ],
)
def test_json_in_which_nothing_is_held_back_stays_byte_for_byte(sent: bytes) -> None:
    assert in_one(JsonRewriter, sent) == sent


_VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from([_TRACKED, 'a"b\\', "<p>\\</p>"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, st.booleans(), st.data())
def test_json_stays_json_however_it_is_cut(value: object, ascii: bool, data: st.DataObject) -> None:
    sent = json.dumps(value, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    whole = in_one(JsonRewriter, sent)

    assert through(JsonRewriter(fragment), *cut(sent, data.draw(cuts(sent)))) == whole
    assert _shape(json.loads(whole)) == _shape(value)
    if b"counter.example" not in sent:
        assert whole == sent


def _shape(value: object) -> object:
    """The value without its texts."""
    if isinstance(value, dict):
        return [_shape(inner) for inner in value.values()]
    return [*map(_shape, value)] if isinstance(value, list) else type(value)


@given(st.binary(), st.data())
@example(b'"\\"<"\\', None)
def test_any_bytes_pass_the_json_rewriter(sent: bytes, data: st.DataObject | None) -> None:
    pieces = cut(sent, data.draw(cuts(sent))) if data else [sent]

    assert through(JsonRewriter(fragment), *pieces) == in_one(JsonRewriter, sent)


def test_string_that_is_too_long_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_json, "LONGEST", 1000)
    sent = json.dumps({"a": _TRACKED * 60 + '\\"', "b": _TRACKED}).encode()

    found = json.loads(through(JsonRewriter(fragment), *(bytes([byte]) for byte in sent)))

    assert found["a"] == ""
    assert _GATED in found["b"]


# ---- events


def event(*lines: str, end: str = "\n") -> bytes:
    return (end.join(lines) + end + end).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_markup_in_an_event_is_gated(end: str, start: str) -> None:
    first = event(start + "data: <p>é", 'data:<img src="//counter.example/p.gif">', end=end)
    second = event("id: 7", "event: card", ": a comment", "data: 5 < 6", end=end)

    sent = in_one(EventRewriter, first + second)

    assert sent.endswith(second)
    lines = sent.removesuffix(second).decode().split(end)
    assert lines[0].endswith("data: <p>é")
    assert _GATED in lines[1]
    assert lines[2:] == ["", ""]


def test_json_in_an_event_is_read_as_json() -> None:
    sent = in_one(EventRewriter, event("data: " + json.dumps({"html": _TRACKED})))

    text = sent.removeprefix(b"data: ").removesuffix(b"\n\n")
    assert _GATED in json.loads(text)["html"]


def test_event_is_sent_on_with_its_empty_line() -> None:
    rewriter = EventRewriter(fragment)

    assert rewriter.feed(b"data: a\n") == b""
    assert rewriter.feed(b"\n") == b"data: a\n\n"
    assert rewriter.feed(b": still here\n\n") == b": still here\n\n"


@given(st.lists(st.sampled_from([b"data: <p>", b"data", b"id: 1", b":", b"\n", b"\r", b"\r\n",
                                 b'data: <img src="//counter.example/p.gif">', b"\xef\xbb\xbf"])),
       st.data())  # fmt: skip
def test_events_are_the_same_however_they_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    sent = b"".join(parts) + b"\n\n"

    found = through(EventRewriter(fragment), *cut(sent, data.draw(cuts(sent))))

    assert found == in_one(EventRewriter, sent)
    assert not [data for data in dispatched(found) if b' src="//counter' in data]


def dispatched(stream: bytes) -> list[bytes]:
    """What a page hears, by the words of the standard."""
    found: list[bytes] = []
    data: list[bytes] = []
    for line in re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf")):
        if not line:
            found += [b"\n".join(data)] if data else []
            data = []
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
    return found


def test_event_that_is_too_long_loses_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_events, "LONGEST", 1000)
    sent = event("data: " + _TRACKED * 60) + event("data: next")

    assert through(EventRewriter(fragment), *(bytes([byte]) for byte in sent)) == (
        b"\n" + event("data: next")
    )
