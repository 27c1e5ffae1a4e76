"""From observe to enforce, a share of the visitors at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.errors import SettingsError
from asgi_consent.settings import read_settings
from asgi_consent.types import Header
from tests.asgi import SimpleApp, get, post

Protect = Callable[..., ConsentMiddleware]

PAGE = b"<!doctype html><body><img src=https://t.example/p.gif>"
SHARE = {"mode": "observe", "rollout": {"header": "X-Enforce", "cookie": "basket"}}
ON: Header = (b"x-enforce", b"1")
OFF: Header = (b"x-enforce", b"0")


def is_enforced(app: ConsentMiddleware, *headers: Header) -> bool:
    answer = get(app, headers=headers)
    assert (answer.body == PAGE) is (b"<asgi-consent" not in answer.body)
    return answer.body != PAGE


@pytest.mark.parametrize(
    ("headers", "enforced"),
    [
        ([], False),
        ([ON], True),
        ([OFF], False),
        ([(b"x-enforce", b"yes")], False),
        ([ON, ON], False),
        ([(b"cookie", b"basket=1")], True),
        ([(b"cookie", b"basket=1; basket=1")], False),
        ([OFF, (b"cookie", b"basket=1")], False),
    ],
)
def test_header_or_cookie_says_who_is_enforced(
    protect: Protect, headers: list[Header], enforced: bool
) -> None:
    assert is_enforced(protect(SimpleApp(PAGE), **SHARE), *headers) is enforced


def test_who_has_chosen_is_held_to_it(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE), **SHARE)
    answer = post(app, "/_consent/choice", b"choice=reject")
    cookie = (b"cookie", answer.all("set-cookie")[0].partition(b";")[0])

    assert is_enforced(app, cookie)
    assert not is_enforced(app, cookie, OFF)


def test_header_means_nothing_unless_it_is_named(protect: Protect) -> None:
    assert not is_enforced(protect(SimpleApp(PAGE), mode="observe"), ON)
    assert is_enforced(protect(SimpleApp(PAGE), rollout={"header": "X-Enforce"}), OFF)


def test_cookie_must_be_one_that_may_be_kept() -> None:
    with pytest.raises(SettingsError, match=r"rollout.*necessary"):
        read_settings({"mode": "observe", "rollout": {"cookie": "enforce"}})
    with pytest.raises(SettingsError, match=r"rollout\.header"):
        read_settings({"mode": "observe", "rollout": {"header": "X Enforce"}})


def test_log_counts_what_would_be_held_back(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    headers = [(b"content-type", b"text/html"), (b"set-cookie", b"undeclared=1")]
    app = protect(SimpleApp(PAGE * 2, headers=headers), mode="observe")
    caplog.set_level(logging.INFO, "asgi_consent")

    for _ in range(1000):
        get(app, headers=[(b"cookie", b"left=1")])

    (line,) = [text for text in caplog.messages if "so far" in text]
    assert line == (
        "asgi-consent: mode observe, would hold back so far: 1,000 changed pages, 1,000 cookies, "
        "1,000 cookies of requests, 2,000 elements, 1,000 pages"
    )
