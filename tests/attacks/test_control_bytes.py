"""Line breaks and control bytes in every value that reaches a header, a log or a terminal."""

from __future__ import annotations

import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.proxy.framing import fault_of
from asgi_consent.types import Header, Message, Scope
from tests.asgi import SECRET, Answer, SimpleApp, call, get, post, scope_of
from tests.conftest import shop_settings

BREAKS = (b"\r\n", b"\n", b"\r", b"\0", b"\r\n\t", b"\x0b", b"\x0c", b"\x1b[31m", b"\x7f", b"\x85")
_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_value = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch

APP = ConsentMiddleware(
    SimpleApp(b"<p>hi<iframe src=https://films.example/x></iframe>"),
    shop_settings(region={"header": "x-region", "rules": {"US": "opt-out"}}),
    SECRET,
)


def is_well_formed(headers: list[Header]) -> bool:
    return all(_token(name) and _value(value) for name, value in headers)


def odd(text: bytes) -> bytes:
    return text + b"Set-Cookie: evil=1"


@pytest.fixture(autouse=True)
def _no_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASGI_CONSENT_LEDGER", "off")


@pytest.mark.threat("T13")
@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_nothing_of_a_request_breaks_out_of_a_header_of_ours(text: bytes) -> None:
    sent, plain = odd(text), odd(text).decode("latin-1")
    same = (b"sec-fetch-site", b"same-origin")
    percent = "".join(f"%{byte:02x}" for byte in sent)
    places: list[Header] = [
        *((name, b"x" + sent) for name in (
            b"cookie", b"accept-language", b"x-region", b"accept", b"accept-encoding",
            b"if-none-match", b"user-agent", b"sec-fetch-dest", b"sec-gpc", b"origin")),
        (b"host", b"shop.example" + sent), (b"referer", b"http://shop.example/" + sent),
        (b"cookie", b"asgi_consent_scopes=" + sent + b"; _counter" + sent + b"=1; _counter1=2"),
    ]  # fmt: skip
    paths = [f"/{plain}", f"/a/{plain}/b?{plain}", "/"]
    ours = [f"/_consent/{name}?return=/{percent}&lang={percent}&grants={percent}&v={percent}"
            for name in ("kept", "preferences", "guard.js", "rights", "state")]  # fmt: skip
    answers: list[Answer] = []
    for header in places:
        answers += [get(APP, "/x", [header]), get(APP, "/_consent/kept", [header])]
        answers.append(post(APP, "/_consent/choice", b"choice=reject", [same, header]))
    answers += [get(APP, path) for path in (*paths, *ours)]
    answers += [get(APP, path, root_path=f"/app{plain}") for path in ("/", "/_consent/kept")]
    form = f"choice=save&return=/{percent}&category={percent}&reminder=on&lang={percent}"
    for path in paths:
        answers.append(post(APP, "/_consent/choice", form.encode(), [same], root_path=path))

    for answer in answers:
        assert is_well_formed(answer.headers), answer.headers


@pytest.mark.threat("T13", "T3")
@pytest.mark.parametrize("text", BREAKS[:5], ids=ascii)
def test_header_of_the_app_that_breaks_out_is_not_sent(text: bytes) -> None:
    """Some servers write it as it is, and then the cookie in it would be one that nobody judged."""
    evil = [(b"x-name", odd(text)), (b"location", b"/" + odd(text)), (b"link", b"</a>" + odd(text)),
            (b"content-type", b"text/html"), (b"set-cookie", b"basket=1" + odd(text)),
            (b"x" + text, b"1"), (b"x-good", b"1")]  # fmt: skip
    for status in (200, 302, 304, 404):
        app = ConsentMiddleware(SimpleApp(b"<p>", headers=evil, status=status), shop_settings(), SECRET)  # fmt: skip
        headers = get(app).headers

        assert is_well_formed(headers)
        assert b"evil" not in b"".join(value for _, value in headers)
        assert (b"x-good", b"1") in headers


@pytest.mark.threat("T13")
def test_early_hint_that_breaks_out_is_not_sent() -> None:
    async def app(scope: Scope, receive: object, send: object) -> None:
        links = [b"</a.css>; rel=preload", b"</a>\r\nSet-Cookie: evil=1"]
        await send({"type": "http.response.early_hint", "links": links})  # type: ignore[operator]

    sent: list[Message] = call(ConsentMiddleware(app, shop_settings(), SECRET), scope_of()).messages

    assert sent == [{"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]}]


@pytest.mark.threat("T13", "T16")
@given(st.binary(max_size=20), st.sampled_from((b"x-any", b"host", b"content-length", b"cookie")))
def test_proxy_takes_no_header_that_it_could_not_write(value: bytes, name: bytes) -> None:
    if fault_of(scope_of("/", [(name, value)])) is None:
        assert is_well_formed([(name, value)])


@pytest.mark.threat("T23")
@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_no_line_of_the_log_is_forged_or_coloured(
    text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "asgi_consent")
    name = b"n" + text + b"WARNING asgi_consent forged"
    page = (b"<script src=https://h%s.example></script><i data-consent='%s'></i>"
            b"<script data-consent='%s'></script>") % (name, name, name)  # fmt: skip
    headers = [(b"content-type", b"text/html"), (b"set-cookie", name + b"=1"), (name, b"1"),
               (b"link", b"<https://" + name + b">; rel=preload"),
               (b"content-encoding", name)]  # fmt: skip
    app = ConsentMiddleware(SimpleApp(page, headers=headers), shop_settings(), SECRET)
    get(app, "/" + name.decode("latin-1"), [(b"cookie", name + b"=1"), (b"host", name)])
    report = b'{"csp-report":{"blocked-uri":"https://%s/","violated-directive":"%s"}}'
    post(app, "/_consent/report", report % (name, name))

    for record in caplog.records:
        assert record.getMessage().isascii()
        assert record.getMessage().isprintable()


@pytest.mark.threat("T23")
def test_no_token_and_no_value_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = post(APP, "/_consent/choice", b"choice=accept")
    token = (answer.first("set-cookie") or b"").partition(b";")[0]
    for cookie in (token, token[:-1], b"asgi_consent=private-value", b"other=private-value"):
        get(APP, "/?private-value", [(b"cookie", cookie), (b"authorization", b"private-value")])

    said = caplog.text
    assert "private-value" not in said
    assert token.partition(b"=")[2][:20].decode() not in said
