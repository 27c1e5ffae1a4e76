"""Answers of the app that are no pages and carry HTML, on the paths that the settings name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.errors import SettingsError
from asgi_consent.settings import read_settings
from asgi_consent.types import Header
from tests.asgi import SimpleApp, get

Protect = Callable[..., ConsentMiddleware]
HTML_IN = ["/api/cards", "/live/"]
JSON: Header = (b"content-type", b"application/json; charset=utf-8")
EVENTS: Header = (b"content-type", b"text/event-stream")
FETCHED = [(b"sec-fetch-dest", b"empty"), (b"sec-fetch-mode", b"cors")]
CARDS = json.dumps({"cards": ['<img src="https://t.example/p.gif">', "<b>own</b>"]}).encode()


def protected(protect: Protect, *pieces: bytes, headers: list[Header]) -> ConsentMiddleware:
    return protect(SimpleApp(*pieces, headers=headers), html_in=HTML_IN)


def test_json_of_a_named_path_is_gated_without_a_banner(protect: Protect) -> None:
    app = protected(protect, CARDS, headers=[JSON, (b"content-length", b"%d" % len(CARDS))])

    answer = get(app, "/api/cards", FETCHED)

    card, own = json.loads(answer.body)["cards"]
    assert "data-consent-src=" in card
    assert own == "<b>own</b>"
    assert b"asgi-consent" not in answer.body
    assert answer.all("content-length") == []
    assert answer.first("cache-control") == b"private"


@pytest.mark.parametrize("path", ["/api", "/api/cards/7", "/other", "/live"])
def test_other_paths_are_nobodys_business(protect: Protect, path: str) -> None:
    app = protected(protect, CARDS, headers=[JSON])

    assert get(app, path, FETCHED).body == CARDS


def test_coded_json_is_read_and_coded_again(protect: Protect) -> None:
    headers = [JSON, (b"content-encoding", b"gzip")]
    app = protected(protect, gzip.compress(CARDS), headers=headers)

    answer = get(app, "/api/cards", [*FETCHED, (b"accept-encoding", b"gzip")])

    assert b"data-consent-src=" in gzip.decompress(answer.body)


def test_events_are_gated_as_they_come(protect: Protect) -> None:
    first, second = b"event: card\ndata: <b>own</b>\n\n", b'data: <img src="//t.example/p.gif">\n\n'
    app = protected(protect, first[:20], first[20:] + second, headers=[EVENTS])

    answer = get(app, "/live/cards", [(b"accept", b"text/event-stream"), *FETCHED])

    assert answer.body.startswith(first + b"data: <img ")
    assert b"data-consent-src=" in answer.body


def test_picture_on_a_named_path_is_left_alone(protect: Protect) -> None:
    app = protected(protect, CARDS, headers=[(b"content-type", b"image/png")])

    assert get(app, "/live/picture", FETCHED).body == CARDS


def test_observing_changes_nothing(protect: Protect) -> None:
    app = protect(SimpleApp(CARDS, headers=[JSON]), html_in=HTML_IN, mode="observe")

    answer = get(app, "/api/cards", FETCHED)

    assert answer.body == CARDS
    assert answer.headers == [JSON]


def test_path_without_a_slash_is_named_as_a_mistake() -> None:
    with pytest.raises(SettingsError) as error:
        read_settings({"html_in": ["api/cards"]})

    assert '"api/cards" is none' in str(error.value)
