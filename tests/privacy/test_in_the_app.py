"""The check on its way: what the app sets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asgi_consent import ConsentMiddleware
from tests.asgi import SimpleApp, get

Protect = Callable[..., ConsentMiddleware]
HEADERS = [
    (b"content-type", b"text/plain"),
    (b"set-cookie", b"basket=jan%40example.com; Path=/"),
    (b"set-cookie", b"session=a8f3c9; Path=/"),
]


@pytest.mark.parametrize(
    ("mode", "set_"), [("report", ["basket", "session"]), ("block", ["session"])]
)
def test_personal_data_is_told_by_name_and_kind_and_kept_back_if_wanted(
    protect: Protect, caplog: pytest.LogCaptureFixture, mode: str, set_: list[str]
) -> None:
    app = protect(SimpleApp(b"x", headers=HEADERS), personal_data=mode)

    answer = get(app)

    assert answer.set_cookie_names == set_
    assert 'cookie "basket" holds personal data: e-mail address in its value' in caplog.text
    assert "jan" not in caplog.text


def test_what_a_script_wrote_is_told_when_it_comes_back(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    app = protect(SimpleApp(b"x", headers=HEADERS))
    get(app)
    caplog.clear()

    for _ in range(3):
        get(app, headers=[(b"cookie", b"note=jan%40example.com; basket=jan%40example.com")])

    assert caplog.text.count("personal data") == 1  # what the app sets was told on its way out
    assert 'cookie "note", set by a script, holds personal data: e-mail address' in caplog.text
    assert "jan" not in caplog.text


def test_nobody_can_fill_the_log_by_sending_cookies(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    app = protect(SimpleApp(b"x"))

    for number in range(40):
        sent = b"; ".join(b"n%d-%d=a@example.com" % (number, at) for at in range(50))
        get(app, headers=[(b"cookie", sent)])

    assert caplog.text.count("\n") < 600


def test_the_app_tells_whose_hash_to_look_for(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    import hashlib

    value = hashlib.sha256(b"jan@example.com").hexdigest().encode()
    app = protect(SimpleApp(b"x", headers=[(b"set-cookie", b"basket=" + value)]))
    get(app)
    assert "personal data" not in caplog.text

    app.watch_email("jan@example.com")
    get(app)

    assert "e-mail address (SHA256)" in caplog.text
