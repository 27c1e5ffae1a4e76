"""The response on its way out: headers, HTML, and everything that is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.banner import render
from asgi_consent.http.headers import size_of
from asgi_consent.types import Header, Message, Receive, Scope, Send
from tests.asgi import Answer, SimpleApp, get, post

Protect = Callable[..., ConsentMiddleware]

HTML: Header = (b"content-type", b"text/html; charset=utf-8")
PAGE = b"<html><head></head><body><img src=https://t.example/p.gif></body></html>"
GATED = b"data-consent-src=https://t.example/p.gif"
BANNER = b"<asgi-consent"
GUARD = b"/_consent/guard.js"


def with_headers(
    protect: Protect,
    *headers: Header,
    body: bytes = PAGE,
    status: int = 200,
    ask: list[Header] | None = None,
    path: str = "/",
) -> Answer:
    return get(protect(SimpleApp(body, headers=headers, status=status)), path, headers=ask or [])


@pytest.mark.parametrize("status", [200, 201, 404, 500])
def test_page_of_any_status_gets_guard_banner_and_gating(protect: Protect, status: int) -> None:
    answer = with_headers(protect, HTML, status=status)

    assert answer.status == status
    assert GATED in answer.body
    assert answer.body.count(BANNER) == 1
    assert answer.body.index(b"<head>") < answer.body.index(GUARD) < answer.body.index(b"</head>")


@pytest.mark.parametrize("status", [200, 301, 302, 304, 404, 500])
def test_set_cookie_is_filtered_on_every_status(protect: Protect, status: int) -> None:
    cookies = [
        (b"Set-Cookie", b"basket=1; Path=/"),
        (b"set-cookie", b"_counter=1; HttpOnly"),
        (b"set-cookie", b"undeclared=1"),
        (b"set-cookie", b"nameless"),
        (b"set-cookie", b"_counter_old=1; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT"),
        (b"set-cookie", b"asgi_consent=forged"),
        (b"set-cookie", b"asgi_consent=; Max-Age=0"),
    ]

    answer = with_headers(protect, (b"location", b"/x"), *cookies, status=status)

    assert answer.set_cookie_names == ["basket", "_counter_old"]
    assert answer.all("set-cookie")[1] == (
        b"_counter_old=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    )


@pytest.mark.asgi_case(22)
def test_several_allowed_cookies_keep_their_order_and_bytes(protect: Protect) -> None:
    answer = with_headers(
        protect, (b"set-cookie", b"basket=b; Path=/ ;  x"), (b"set-cookie", b"basket=a;Secure")
    )

    assert answer.all("set-cookie") == [b"basket=b; Path=/ ;  x", b"basket=a;Secure"]


def test_link_header_to_others_is_dropped(protect: Protect) -> None:
    link = (b"link", b"<https://t.example/x.js>; rel=preload, </own.css>; rel=preload")

    assert with_headers(protect, HTML, link).all("link") == [b"</own.css>; rel=preload"]
    assert with_headers(protect, (b"link", b"<//t.example>; rel=preconnect")).all("link") == []


@pytest.mark.threat("T16")
@pytest.mark.asgi_case(1)
def test_length_digests_and_ranges_of_the_old_body_are_gone(protect: Protect) -> None:
    stale = [(b"Content-Length", b"72"), (b"digest", b"x"), (b"accept-ranges", b"bytes")]

    answer = with_headers(protect, HTML, *stale)

    assert answer.first("content-length") is None
    assert answer.first("digest") is None
    assert answer.first("accept-ranges") is None


@pytest.mark.threat("T31")
@pytest.mark.asgi_case(29)
def test_page_is_private_and_varies_by_cookie_and_gpc(protect: Protect) -> None:
    answer = with_headers(protect, HTML, (b"cache-control", b"public, max-age=60"))

    assert answer.all("cache-control") == [b"private, max-age=60"]
    assert (answer.first("vary") or b"").startswith(b"cookie, sec-gpc, ")


@pytest.mark.threat("T31")
def test_what_sets_a_cookie_stays_out_of_shared_caches(protect: Protect) -> None:
    image = (b"content-type", b"image/png")
    public = (b"cache-control", b"public, max-age=60")

    setting = with_headers(protect, image, public, (b"set-cookie", b"basket=1"))
    denied = with_headers(protect, image, public, (b"set-cookie", b"_counter=1"))

    assert setting.all("cache-control") == [b"private, max-age=60"]
    assert denied.all("cache-control") == [b"public, max-age=60"]


@pytest.mark.asgi_case(5)
def test_same_visitor_in_the_same_state_still_gets_a_304(protect: Protect) -> None:
    tagged = SimpleApp(PAGE, headers=[HTML, (b"etag", b'"v1"')])
    page = protect(tagged)
    tag = get(page, headers=[(b"accept", b"text/html")]).first("etag")
    assert tag is not None
    assert tag.startswith(b'W/"v1-ac')

    get(page, headers=[(b"accept", b"text/html"), (b"if-none-match", tag)])
    assert dict(tagged.scope["headers"])[b"if-none-match"] == b'W/"v1", "v1"'

    after = get(
        page, headers=[(b"accept", b"text/html"), (b"if-none-match", tag), (b"sec-gpc", b"1")]
    )
    assert b"if-none-match" not in dict(tagged.scope["headers"])
    assert after.first("etag") != tag


def test_304_names_the_variant_it_confirms(protect: Protect) -> None:
    answer = with_headers(
        protect, (b"etag", b'"v1"'), status=304, body=b"", ask=[(b"accept", b"text/html")]
    )

    assert (answer.first("etag") or b"").startswith(b'W/"v1-ac')
    assert answer.body == b""


def test_304_to_a_script_that_has_a_page_of_ours_varies_too(protect: Protect) -> None:
    ask = [(b"if-none-match", b'W/"v1-ac00000000"'), (b"sec-fetch-dest", b"empty")]

    answer = with_headers(protect, (b"etag", b'"v1"'), status=304, body=b"", ask=ask)

    assert b"private" in (answer.first("cache-control") or b"")
    assert (answer.first("etag") or b"").startswith(b'W/"v1-ac')


def test_page_framed_and_page_alone_have_different_tags(protect: Protect) -> None:
    tags = {
        with_headers(protect, HTML, (b"etag", b'"v1"'), ask=[(b"sec-fetch-dest", use)]).first(
            "etag"
        )
        for use in (b"document", b"iframe", b"empty")
    }

    assert len(tags) == 3


@pytest.mark.asgi_case(3)
def test_head_has_the_headers_of_the_page_and_no_body(protect: Protect) -> None:
    app = protect(SimpleApp(b"", headers=[HTML, (b"content-length", b"72"), (b"etag", b'"v1"')]))
    head, whole = get(app, method="HEAD"), get(app)

    assert head.headers == whole.headers
    assert head.body == b""


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"application/json")],
        [(b"content-type", b"text/plain")],
        [(b"content-type", b"application/pdf")],
        [(b"content-type", b"text/event-stream")],
        [(b"content-type", b"application/xhtml+xml")],
        [HTML, (b"content-disposition", b'attachment; filename="a.html"')],
        [HTML, (b"cache-control", b"no-transform")],
        [(b"x-content-type-options", b"nosniff")],
    ],
)
@pytest.mark.asgi_case(27)
def test_what_is_no_page_passes_byte_for_byte(protect: Protect, headers: list[Header]) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(PAGE)), (b"etag", b'"v"')]

    answer = with_headers(protect, *headers)

    assert answer.headers == headers
    assert answer.body == PAGE


@pytest.mark.asgi_case(4)
def test_partial_content_is_left_alone(protect: Protect) -> None:
    ask = [(b"range", b"bytes=5-"), (b"sec-fetch-dest", b"video")]

    assert with_headers(protect, HTML, status=206, ask=ask).body == PAGE


def test_whole_page_sent_as_a_part_that_nobody_asked_for_is_gated(protect: Protect) -> None:
    assert GATED in with_headers(protect, HTML, status=206).body


@pytest.mark.asgi_case(26)
def test_html_without_a_content_type_is_recognised_as_browsers_do(protect: Protect) -> None:
    assert GATED in with_headers(protect).body
    assert GATED.decode() in with_headers(protect, body=PAGE.decode().encode("utf-16")).body.decode(
        "utf-16"
    )
    for other in (b"plain text", b"<?xml version='1.0'?><feed/>", b'{"x": "<p>"}'):
        assert with_headers(protect, body=other).body == other


def test_stream_without_a_content_type_is_not_held_up(protect: Protect) -> None:
    answer = get(protect(SimpleApp(b"token 1 ", b"token 2", headers=[])))

    assert answer.pieces[:2] == [b"token 1 ", b"token 2"]


def test_charset_that_the_page_names_late_is_waited_for(protect: Protect) -> None:
    """In ISO-2022-JP the bytes of a tag may be those of letters."""
    letters = "\u30f6\u30f6".encode("iso2022_jp")
    head = b"<html><head>", b"<meta charset=iso-2022-jp></head><body>" + letters + b"</body>"

    answer = get(protect(SimpleApp(*head, headers=[(b"content-type", b"text/html")])))

    assert letters in answer.body


def test_page_with_a_service_worker_in_between_gets_guard_and_banner(protect: Protect) -> None:
    ask = [(b"sec-fetch-dest", b"empty"), (b"sec-fetch-mode", b"navigate")]

    answer = with_headers(protect, HTML, ask=ask)

    assert GUARD in answer.body
    assert BANNER in answer.body


def test_observed_body_that_is_not_what_it_says_passes(protect: Protect) -> None:
    app = SimpleApp(b"not gzip", headers=[HTML, (b"content-encoding", b"gzip")])

    assert get(protect(app, mode="observe")).body == b"not gzip"


@pytest.mark.threat("T15")
def test_utf_16_page_is_gated_and_stays_utf_16(protect: Protect) -> None:
    body = PAGE.decode().encode("utf-16")

    answer = with_headers(protect, (b"content-type", b"text/html"), body=body)

    assert answer.body.startswith(body[:2])
    assert GATED.decode() in answer.body.decode("utf-16")


@pytest.mark.asgi_case(25)
def test_banner_is_ascii_so_that_it_fits_any_charset(protect: Protect) -> None:
    body = "<body>\xe4".encode("latin-1")

    answer = with_headers(protect, (b"content-type", b"text/html; charset=iso-8859-1"), body=body)

    assert answer.body.endswith(b"\xe4")
    assert answer.body[:-1].isascii()


@pytest.mark.asgi_case(30)
def test_nonce_of_the_apps_policy_goes_onto_our_scripts(protect: Protect) -> None:
    policy = (b"content-security-policy", b"script-src 'nonce-r4nd0m' 'strict-dynamic'")

    answer = with_headers(protect, HTML, policy)

    assert answer.body.count(b'nonce="r4nd0m"') == 2
    assert answer.all("content-security-policy")[0] == policy[1]


def test_fragment_is_gated_and_gets_no_banner(protect: Protect) -> None:
    answer = with_headers(
        protect, HTML, body=b"<img src=https://t.example/p.gif>", ask=[(b"hx-request", b"true")]
    )

    assert answer.body == b'<img data-consent-gated="undeclared" ' + GATED + b">"


@pytest.mark.threat("T29")
def test_framed_page_of_our_own_gets_the_guard_but_no_banner(protect: Protect) -> None:
    answer = with_headers(protect, HTML, ask=[(b"sec-fetch-dest", b"iframe")])

    assert GUARD in answer.body
    assert BANNER not in answer.body


FRAME = b"<html><head></head><body><iframe src=https://films.example/1></iframe></body></html>"


@pytest.mark.threat("T29")
@pytest.mark.parametrize(
    ("site", "buttons"), [(b"same-origin", True), (b"same-site", False), (b"cross-site", False)]
)
def test_placeholder_in_somebody_elses_frame_offers_no_press(
    protect: Protect, site: bytes, buttons: bool
) -> None:
    ask = [(b"sec-fetch-dest", b"iframe"), (b"sec-fetch-site", site)]

    answer = with_headers(protect, HTML, body=FRAME, ask=ask)

    assert b"srcdoc=" in answer.body
    assert (b"/_consent/choice" in answer.body) is buttons


@pytest.mark.threat("T12")
def test_address_of_a_page_cannot_bring_in_what_we_put_in_ourselves(protect: Protect) -> None:
    address = "/" + "".join(
        value for name, value in vars(render).items() if name in ("_ADDRESS", "_STYLE_NONCE")
    )
    policy = (b"content-security-policy", b"style-src 'nonce-r4nd0m'")

    answer = with_headers(protect, HTML, policy, path=address)

    assert answer.body.count(b"r4nd0m") == with_headers(protect, HTML, policy).body.count(b"r4nd0m")


def test_page_that_answers_a_post_is_not_loaded_again(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE, headers=[HTML]))

    assert b"data-no-reload" in post(app, "/order", b"x=1").body
    assert b"data-no-reload" not in get(app).body


def test_very_long_address_does_not_make_every_page_long(protect: Protect) -> None:
    long, short = (with_headers(protect, HTML, path="/" + "x" * n) for n in (60_000, 1))

    assert len(long.body) <= len(short.body) + 100


@pytest.mark.asgi_case(13)
def test_every_piece_leaves_at_once(protect: Protect) -> None:
    pieces = [b"<html><head></head><body><p>one", b"</p><p>two", b"</p></body></html>"]

    answer = get(protect(SimpleApp(*pieces, headers=[HTML])))

    assert answer.pieces[0].endswith(b"<p>one")
    assert answer.pieces[1] == b"</p><p>two"


def test_cookies_that_linger_are_removed_by_every_path_and_domain(protect: Protect) -> None:
    answer = with_headers(protect, HTML, ask=[(b"cookie", b"odd=1; basket=1")], path="/a/b")

    removed = [value for value in answer.all("set-cookie") if value.startswith(b"odd=;")]
    assert b"odd=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" in removed
    assert any(b"Path=/a;" in value and b"Domain=shop.example" in value for value in removed)
    assert not any(b"basket" in value for value in answer.all("set-cookie"))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_removals_never_make_the_head_too_large_for_a_proxy(protect: Protect, scheme: str) -> None:
    """nginx takes 4096 bytes unless told otherwise, and answers 502 to more."""
    names = b"; ".join(b"old_cookie_%d=1" % n for n in range(100))
    app = protect(SimpleApp(PAGE, headers=[HTML, (b"x-app", b"x" * 1000)]))

    for answer in (
        get(
            app,
            "/a/b/c/d",
            headers=[(b"host", b"www.shop.example"), (b"cookie", names)],
            scheme=scheme,
        ),
        post(app, "/_consent/choice", b"choice=reject&return=/a/b/c", scheme=scheme),
    ):
        assert answer.set_cookie_names
        assert size_of(answer.headers) < 3800


def test_lingering_cookies_do_not_cost_an_image_its_cache(protect: Protect) -> None:
    answer = with_headers(protect, (b"content-type", b"image/png"), ask=[(b"cookie", b"odd=1")])

    assert answer.all("set-cookie") == []


def test_cookie_of_another_path_is_remembered_for_its_removal(protect: Protect) -> None:
    app = protect(SimpleApp(b"", headers=[(b"set-cookie", b"_counter_p=1; Path=/deep")]))
    consent = _cookie(post(app, "/_consent/choice", b"choice=accept"), b"asgi_consent")

    scopes = _cookie(get(app, headers=[(b"cookie", consent)]), b"asgi_consent_scopes")
    withdrawn = post(
        app,
        "/_consent/choice",
        b"choice=reject",
        headers=[(b"sec-fetch-site", b"same-origin"), (b"cookie", consent + b"; " + scopes)],
    )

    assert any(
        value.startswith(b"_counter_p=; Path=/deep; Max-Age=0")
        for value in withdrawn.all("set-cookie")
    )
    assert b"asgi_consent_scopes=; Path=/; Max-Age=0" in b"\n".join(withdrawn.all("set-cookie"))


@pytest.mark.parametrize(
    ("path", "raw", "root", "expected"),
    [
        ("/sub/set", b"/app/sub/set", "/app", b"Path=/app/sub;"),
        ("/my shop/set", b"/my%20shop/set", "", b"Path=/my%20shop;"),
    ],
)
def test_cookie_without_a_path_is_removed_where_the_browser_put_it(
    protect: Protect, path: str, raw: bytes, root: str, expected: bytes
) -> None:
    app = protect(SimpleApp(PAGE, headers=[HTML, (b"set-cookie", b"_counter_p=1")]))
    consent = _cookie(post(app, "/_consent/choice", b"choice=accept"), b"asgi_consent")
    visit = get(app, path, headers=[(b"cookie", consent)], raw_path=raw, root_path=root)
    scopes = _cookie(visit, b"asgi_consent_scopes")

    later = get(app, headers=[(b"cookie", scopes), (b"accept", b"text/html")])

    assert any(value.startswith(b"_counter_p=; " + expected) for value in later.all("set-cookie"))
    assert b"asgi_consent_scopes=; Path=/; Max-Age=0" in b"\n".join(later.all("set-cookie"))


@pytest.mark.threat("T17")
@pytest.mark.asgi_case(7)
def test_html_file_sent_by_path_is_gated(protect: Protect, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [HTML]})
        await send({"type": "http.response.pathsend", "path": str(path)})

    answer = get(protect(app))

    assert GATED in answer.body
    assert answer.messages[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_other_file_sent_by_path_stays_with_the_server(protect: Protect) -> None:
    message: Message = {"type": "http.response.pathsend", "path": "/x.png"}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"image/png")],
            }
        )
        await send(message)

    assert get(protect(app)).messages[-1] == message


@pytest.mark.threat("T17")
@pytest.mark.asgi_case(9)
def test_early_hints_to_others_are_dropped(protect: Protect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        links = [b"<https://t.example/x>; rel=preload", b"</own.css>; rel=preload"]
        await send({"type": "http.response.early_hint", "links": links})

    assert get(protect(app)).messages[0]["links"] == [b"</own.css>; rel=preload"]


@pytest.mark.asgi_case(11)
def test_unknown_messages_and_keys_pass(protect: Protect) -> None:
    messages: list[Message] = [
        {"type": "http.response.debug", "info": {}},
        {"type": "http.response.start", "status": 200, "trailers": True},
        {"type": "http.response.body", "more_body": True},
        {"type": "http.response.body"},
        {"type": "http.response.trailers", "headers": [], "more_trailers": False},
    ]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(dict(message))

    found = get(protect(app)).messages

    assert [m["type"] for m in found] == [messages[n]["type"] for n in (0, 1, 3, 4)]
    assert found[1]["trailers"] is True


@pytest.mark.asgi_case(16)
def test_error_in_the_middle_of_a_page_is_not_hidden(protect: Protect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [HTML]})
        await send({"type": "http.response.body", "body": b"<p>", "more_body": True})
        raise RuntimeError("app broke")

    with pytest.raises(RuntimeError, match="app broke"):
        get(protect(app))


def _cookie(answer: Answer, name: bytes) -> bytes:
    for value in answer.all("set-cookie"):
        if value.startswith(name + b"="):
            return value.partition(b";")[0]
    raise AssertionError(f"{name!r} was not set")
