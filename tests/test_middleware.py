"""The line from scope to app: what the app gets to see."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from asgi_consent import ConsentMiddleware, Decision, SecretKeyError, SettingsError, Status
from asgi_consent.http.cookies import LONGEST_HEADER
from asgi_consent.types import Header, Message, Receive, Scope, Send
from tests.asgi import SECRET, SimpleApp, get, post

Protect = Callable[..., ConsentMiddleware]


def test_secret_key_alone_protects_a_page() -> None:
    app = SimpleApp(b"<script src=https://www.google-analytics.com/ga.js></script>")

    answer = get(ConsentMiddleware(app, secret_key=SECRET))

    assert b"data-consent-src=https://www.google-analytics.com" in answer.body
    assert b"May we use cookies?" in answer.body


def test_secret_key_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASGI_CONSENT_SECRET_KEY", f"older-{SECRET},{SECRET}")

    assert get(ConsentMiddleware(SimpleApp())).status == 200


@pytest.mark.threat("T7")
def test_without_a_secret_key_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASGI_CONSENT_SECRET_KEY", raising=False)

    with pytest.raises(SecretKeyError):
        ConsentMiddleware(SimpleApp())


def test_mistakes_in_the_settings_stop_the_start(tmp_path: Path) -> None:
    path = tmp_path / "consent.toml"
    path.write_text("mode = 'x'\nfoo = 1\n")

    with pytest.raises(SettingsError) as caught:
        ConsentMiddleware(SimpleApp(), settings=path, secret_key=SECRET)

    assert len(caught.value.problems) == 2


def test_all_three_ways_to_add_it_work() -> None:
    async def home(request: Request) -> PlainTextResponse:
        consent = request.scope["consent"]
        assert isinstance(consent, Decision)
        return PlainTextResponse(f"{consent.status} {consent.allows('statistics')}")

    routes = [Route("/", home)]
    listed = Starlette(routes=routes, middleware=[Middleware(ConsentMiddleware, secret_key=SECRET)])
    added = Starlette(routes=routes)
    added.add_middleware(ConsentMiddleware, secret_key=SECRET)
    wrapped = ConsentMiddleware(Starlette(routes=routes), secret_key=SECRET)

    for app in (listed, added, wrapped):
        assert TestClient(app).get("/").text == "unknown False"


def test_undeclared_and_refused_cookies_never_reach_the_app(protect: Protect) -> None:
    app = SimpleApp()

    get(protect(app), headers=[(b"cookie", b"basket=1; _counter=2; odd=3; asgi_consent=forged")])

    assert app.cookies == [b"basket=1"]


def test_our_own_cookies_never_reach_the_app_even_if_declared(protect: Protect) -> None:
    app = SimpleApp()
    service = {"id": "all", "name": "All", "category": "necessary", "purpose": "x"}

    get(
        protect(app, services=[{**service, "cookies": ["asgi_*", "any"]}]),
        headers=[(b"cookie", b"asgi_consent=x; any=1")],
    )

    assert app.cookies == [b"any=1"]


@pytest.mark.threat("T3")
def test_cookie_with_a_look_alike_name_never_reaches_the_app(protect: Protect) -> None:
    app = SimpleApp()

    get(protect(app), headers=[(b"cookie", b'\xa0basket=evil; "basket"=evil; basket=1')])

    assert app.cookies == [b"basket=1"]


def test_granted_cookies_reach_the_app(protect: Protect) -> None:
    app = SimpleApp()
    protected = protect(app)
    consent = post(protected, "/_consent/choice", b"choice=accept").first("set-cookie")
    assert consent is not None
    token = consent.partition(b";")[0]

    get(protected, headers=[(b"cookie", b"_counter=2; " + token)])

    assert app.cookies == [b"_counter=2"]
    assert app.scope["consent"].status is Status.GIVEN


@pytest.mark.threat("T3")
def test_consent_that_came_twice_is_no_consent(protect: Protect) -> None:
    app = SimpleApp()
    protected = protect(app)
    consent = post(protected, "/_consent/choice", b"choice=accept").first("set-cookie")
    assert consent is not None
    token = consent.partition(b";")[0]

    get(protected, headers=[(b"cookie", token + b"; " + token)])

    assert app.scope["consent"].status is Status.UNKNOWN


@pytest.mark.threat("T3")
def test_over_https_only_the_host_prefix_counts(protect: Protect) -> None:
    app = SimpleApp()
    protected = protect(app)
    secure = post(protected, "/_consent/choice", b"choice=accept", scheme="https")
    token = (secure.first("set-cookie") or b"").partition(b";")[0]
    name, _, value = token.partition(b"=")

    get(protected, headers=[(b"cookie", b"asgi_consent=" + value)], scheme="https")
    statuses = [app.scope["consent"].status]
    get(protected, headers=[(b"cookie", token)], scheme="https")
    statuses.append(app.scope["consent"].status)
    assert statuses == [Status.UNKNOWN, Status.GIVEN]
    assert name == b"__Host-asgi_consent"
    assert b"; Secure" in (secure.first("set-cookie") or b"")


@pytest.mark.asgi_case(4, 6)
def test_page_is_asked_for_whole_and_in_a_readable_coding(protect: Protect) -> None:
    app = SimpleApp()
    headers = [
        (b"accept", b"text/html"),
        (b"accept-encoding", b"br, gzip;q=0.8, zstd"),
        (b"range", b"bytes=0-9"),
    ]

    get(protect(app), headers=headers)

    seen = dict(app.scope["headers"])
    assert seen[b"accept-encoding"] == b"br, gzip;q=0.8, zstd"
    assert b"range" not in seen


def test_image_is_asked_for_as_the_browser_wants_it(protect: Protect) -> None:
    app = SimpleApp()
    headers = [(b"sec-fetch-dest", b"image"), (b"accept-encoding", b"br"), (b"range", b"bytes=0-")]

    get(protect(app), headers=headers)

    seen = dict(app.scope["headers"])
    assert seen[b"accept-encoding"] == b"br"
    assert seen[b"range"] == b"bytes=0-"


@pytest.mark.asgi_case(32)
def test_lifespan_passes_through(protect: Protect) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])
        assert "consent" not in scope

    async def nothing() -> Message:
        return {}

    async def drop(message: Message) -> None:
        pass

    anyio.run(protect(app), {"type": "lifespan"}, nothing, drop)

    assert seen == ["lifespan"]


@pytest.mark.asgi_case(31)
def test_websocket_cookies_are_filtered_both_ways(protect: Protect) -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept(
            headers=[(b"set-cookie", b"_counter=1"), (b"set-cookie", b"basket=1")]
        )
        await websocket.send_json(websocket.cookies)
        await websocket.close()

    app = protect(Starlette(routes=[WebSocketRoute("/talk", talk)]))

    with TestClient(app).websocket_connect(
        "/talk", headers={"cookie": "basket=1; _counter=2"}
    ) as session:
        assert session.receive_json() == {"basket": "1"}
        assert session.extra_headers == [(b"set-cookie", b"basket=1")]


def test_observe_changes_nothing_and_tells(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    page = b"<script src=https://counter.example/c.js></script>"
    headers = [
        (b"content-type", b"text/html"),
        (b"content-length", b"%d" % len(page)),
        (b"set-cookie", b"odd=1"),
        (b"link", b"<https://t.example>; rel=preconnect"),
        (b"cache-control", b"public"),
    ]
    app = SimpleApp(page, headers=headers)
    asked = [(b"host", b"shop.example"), (b"cookie", b"_counter=1"), (b"accept-encoding", b"br")]

    with caplog.at_level(logging.INFO, "asgi_consent"):
        answer = get(protect(app, mode="observe"), headers=asked)

    assert answer.headers == headers
    assert answer.body == page
    assert app.scope["headers"] == asked
    assert 'would hold back undeclared cookie "odd"' in caplog.text
    assert 'would hold back cookie "_counter" of counter (statistics)' in caplog.text
    assert 'would hold back script of host "counter.example"' in caplog.text
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_operator_hears_of_services_that_visitors_are_not_told_about(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    page = (
        b"<script src=https://www.google-analytics.com/ga.js></script>"
        b"<script src=https://cdn.jsdelivr.net/x.js></script>"
        b"<script src=https://counter.example/c.js></script>"
    )

    get(protect(SimpleApp(page)))

    assert 'add id = "google-analytics"' in caplog.text
    assert 'add id = "jsdelivr"' in caplog.text  # passes, being necessary
    assert "counter" not in caplog.text


def test_mistyped_mark_is_named(protect: Protect, caplog: pytest.LogCaptureFixture) -> None:
    get(protect(SimpleApp(b"<script data-consent=statistic>x</script>")))

    assert 'data-consent="statistic", which is no category' in caplog.text
    assert 'did you mean "statistics"?' in caplog.text


def test_site_without_optional_categories_asks_nothing(protect: Protect) -> None:
    off = {"preferences": False, "statistics": False, "marketing": False}

    answer = get(protect(SimpleApp(b"<body>"), categories=off, services=[]))

    assert b"May we use cookies?" not in answer.body


@pytest.mark.threat("T23")
def test_each_thing_held_back_is_told_once_and_cannot_forge_log_lines(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    app = protect(SimpleApp())

    for _ in range(3):
        get(app, headers=[(b"cookie", b"\x1b[31modd\xff=1")])

    assert len(caplog.records) == 1
    assert caplog.messages[0].isascii()
    assert "\x1b" not in caplog.messages[0]


def test_rule_of_the_region_comes_from_the_operators_header(protect: Protect) -> None:
    app = SimpleApp()
    protected = protect(app, region={"header": "X-Country", "rules": {"US": "opt-out"}})

    get(protected, headers=[(b"x-country", b"us")])
    assert app.scope["consent"].allows("statistics")
    get(protected, headers=[(b"x-country", b"us"), (b"sec-gpc", b"1")])
    assert not app.scope["consent"].allows("marketing")
    get(protected)
    assert not app.scope["consent"].allows("statistics")


@pytest.mark.threat("T1")
@pytest.mark.parametrize(
    "headers",
    [
        [(b"cookie", b"asgi_consent=of-another-key")],
        [(b"cookie", b"asgi_consent=1; asgi_consent=2")],
        [(b"cookie", b"x=" + b"x" * LONGEST_HEADER + b"; asgi_consent=1")],
        [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-dest", b"iframe")],
        [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-dest", b"image")],
    ],
)
def test_opt_out_region_grants_nothing_where_a_refusal_may_be_hidden(
    protect: Protect, headers: list[Header]
) -> None:
    app = SimpleApp()

    get(protect(app, region={"rule": "opt-out"}), headers=headers)

    assert not app.scope["consent"].allows("statistics")


def test_visitor_who_comes_by_a_link_is_taken_as_silent(protect: Protect) -> None:
    app = SimpleApp()
    arrives = [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-dest", b"document")]

    get(protect(app, region={"rule": "opt-out"}), headers=arrives)

    assert app.scope["consent"].allows("statistics")


@pytest.mark.threat("T23")
def test_nobody_can_silence_the_log_by_sending_names(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    app = protect(SimpleApp())

    for turn in range(30):
        names = b"; ".join(b"n%d-%d=1" % (turn, n) for n in range(100))
        get(app, headers=[(b"cookie", names)])
    flood = len(caplog.records)
    app.app = SimpleApp(b"<script src=https://t.example></script>")
    get(app)

    assert flood <= 500
    assert 'script of host "t.example"' in caplog.text


@pytest.mark.threat("T24")
def test_log_has_no_part_of_an_address_but_the_host(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    get(protect(SimpleApp(b"<img src='https://u:p@t.example/ann@mail.example?token=1'>")))

    assert '"t.example"' in caplog.text
    assert "token" not in caplog.text
    assert "ann" not in caplog.text
