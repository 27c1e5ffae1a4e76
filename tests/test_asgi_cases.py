"""Awkward things that apps and servers do: 35 cases in which other middleware was seen to fail.

Each number below has at least one test with `@pytest.mark.asgi_case(number)`, here or where the
code it is about is tested; the last test of this file sees to it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.types import App, Header, Headers, Message, Receive, Scope, Send
from tests.asgi import Answer, SimpleApp, get, scope_of

CASES = {
    1: "Content-Length",
    2: "1xx, 204, 304",
    3: "HEAD",
    4: "Range and 206",
    5: "ETag and If-None-Match",
    6: "bodies in gzip, br, zstd",
    7: "pathsend",
    8: "zerocopysend",
    9: "early hints and Link",
    10: "trailers",
    11: "push, debug and unknown messages",
    12: "server-sent events",
    13: "slow chunks",
    14: "back pressure",
    15: "a client that has gone",
    16: "an error of the app in mid-stream",
    17: "an error of our own",
    18: "background tasks",
    19: "context variables",
    20: "mounts and root_path",
    21: "cookies split by HTTP/2",
    22: "several Set-Cookie",
    23: "the case of header names",
    24: "headers and bodies in odd shapes",
    25: "charsets other than UTF-8",
    26: "byte order mark, no Content-Type",
    27: "not HTML, attachment, no-transform",
    28: "</body> in odd places",
    29: "Vary and Cache-Control",
    30: "Content-Security-Policy",
    31: "WebSocket",
    32: "lifespan",
    33: "sloppy cookies",
    34: "title case and a last message without a body, as Django sends",
    35: "one big body",
}

Protect = Callable[..., ConsentMiddleware]
asgi_case = pytest.mark.asgi_case

HTML: Header = (b"content-type", b"text/html; charset=utf-8")
BEFORE = b"what is not asked for"
TRACKER = b"<img src=https://t.example/p.gif>"
GATED = b"data-consent-src=https://t.example/p.gif"
NAVIGATES: Headers = [(b"sec-fetch-dest", b"document"), (b"sec-fetch-mode", b"navigate")]


def page(html: bytes) -> bytes:
    return b"<!doctype html><html><head></head><body>" + html + b"</body></html>"


def sends(*messages: Message) -> App:
    """An app that sends these messages and nothing else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(dict(message))

    return app


def start(*headers: Header, status: int = 200, **more: Any) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [*headers], **more}


def body(data: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


@asgi_case(2)
@pytest.mark.parametrize("status", [204, 304])
def test_response_without_a_body_gets_none(protect: Protect, status: int) -> None:
    answer = get(protect(sends(start(HTML, status=status), body())), headers=NAVIGATES)

    assert answer.status == status
    assert answer.body == b""


@pytest.mark.threat("T17")
@asgi_case(8)
@pytest.mark.parametrize("by_offset", [True, False])
def test_part_of_a_file_sent_by_descriptor_is_gated(
    protect: Protect, tmp_path: Path, by_offset: bool
) -> None:
    html = page(TRACKER) * 2000  # more than is read at a time
    (tmp_path / "pages").write_bytes(BEFORE + html + b"<i>after</i>")
    with (tmp_path / "pages").open("rb", buffering=0) as file:
        file.seek(0 if by_offset else len(BEFORE))
        place = {"offset": len(BEFORE)} if by_offset else {}
        part = {"type": "http.response.zerocopysend", "file": file, "count": len(html), **place}
        app = sends(start(HTML), part)
        answer = get(protect(app), extensions={"http.response.zerocopysend": {}})

    assert TRACKER not in answer.body
    assert answer.body.count(GATED) == 2000
    assert BEFORE not in answer.body
    assert b"<i>after</i>" not in answer.body
    assert answer.messages[-1]["more_body"] is False


@asgi_case(8)
def test_other_file_sent_by_descriptor_stays_with_the_server(protect: Protect) -> None:
    message = {"type": "http.response.zerocopysend", "file": 3, "offset": 5, "count": 7}
    app = sends(start((b"content-type", b"video/mp4")), message)

    assert get(protect(app)).messages[1] == message


@asgi_case(10)
def test_trailers_pass_without_digests_of_the_old_body(protect: Protect) -> None:
    trailers = {
        "type": "http.response.trailers",
        "headers": [(b"Repr-Digest", b"sha-256=:abc=:"), (b"server-timing", b"db;dur=5")],
        "more_trailers": False,
    }
    answer = get(protect(sends(start(HTML, trailers=True), body(page(b"")), trailers)))
    plain = get(protect(sends(start(trailers=True), body(b"{}"), trailers)))

    assert answer.start["trailers"] is True
    assert answer.messages[-1]["headers"] == [(b"server-timing", b"db;dur=5")]
    assert plain.messages[-1] == trailers


@asgi_case(12)
def test_one_event_is_one_send(protect: Protect) -> None:
    events = [body(b"data: <img src=https://t.example/%d>\n\n" % n, more=True) for n in range(3)]
    messages = [start((b"content-type", b"text/event-stream")), *events, body()]

    assert get(protect(sends(*messages))).messages[1:] == messages[1:]


@asgi_case(14)
def test_app_waits_while_the_client_cannot_take_more(protect: Protect) -> None:
    produced: list[int] = []
    taken: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(HTML))
        for number in range(5):
            produced.append(number)
            await send(body(b"<p>" * 2000, more=True))
        await send(body())

    async def slow(message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        taken.append(len(produced))

    anyio.run(protect(app), scope_of(), _never, slow)

    # When a chunk arrives at the client the app has not begun with the next.
    assert taken[1:6] == [1, 2, 3, 4, 5]


@asgi_case(15)
def test_app_hears_that_the_client_has_gone(protect: Protect) -> None:
    heard: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append((await receive())["type"])
        await send(start(HTML))
        await send(body(page(TRACKER)))

    async def gone(message: Message) -> None:
        raise OSError("client disconnected")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(OSError, match="client disconnected"):
        anyio.run(protect(app), scope_of(), receive, gone)
    assert heard == ["http.disconnect"]


@asgi_case(17)
def test_nothing_ungated_leaves_where_we_fail_ourselves(
    protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Rewriter, data: bytes) -> bytes:
        raise RuntimeError("ours")

    monkeypatch.setattr(Rewriter, "feed", broken)
    answer = get(protect(SimpleApp(page(TRACKER))))

    assert answer.status == 200
    assert b"t.example" not in answer.body
    assert b"</body>" in answer.body  # the text and the structure of the page are there


_seen: ContextVar[str] = ContextVar("_seen", default="")


@asgi_case(18, 19)
def test_app_runs_in_the_task_and_context_of_its_caller(protect: Protect) -> None:
    async def run() -> tuple[int, int, str, list[str]]:
        inside: list[int] = []
        order: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            inside.append(anyio.get_current_task().id)
            _seen.set("by the app")
            await send(start(HTML))
            await send(body(page(b"")))
            order.append("background")  # what frameworks run after the last message

        async def send(message: Message) -> None:
            order.append("last" if not message.get("more_body", True) else "sent")

        await protect(app)(scope_of(), _never, send)
        return anyio.get_current_task().id, inside[0], _seen.get(), order

    outside, inside, seen, order = anyio.run(run)

    assert inside == outside
    assert seen == "by the app"
    assert order[-2:] == ["last", "background"]


@pytest.mark.threat("T33")
@asgi_case(21)
def test_cookies_that_http_2_splits_are_filtered_and_joined(protect: Protect) -> None:
    app = SimpleApp()
    crumbs = [(b"cookie", b"_counter=1"), (b"cookie", b"basket=2"), (b"cookie", b"session=3")]

    get(protect(app), headers=crumbs)

    assert app.cookies == [b"basket=2; session=3"]


@asgi_case(23, 34)
def test_headers_in_title_case_and_a_last_message_without_a_body(protect: Protect) -> None:
    headers = [
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Content-Length", b"999"),
        (b"ETag", b'"1"'),
        (b"Set-Cookie", b"_counter=1"),
        (b"Set-Cookie", b"basket=1"),
    ]
    last: Message = {"type": "http.response.body"}
    answer = get(protect(sends(start(*headers), body(page(TRACKER), more=True), last)))

    assert answer.body.count(b"<asgi-consent") == 1
    assert GATED in answer.body
    assert answer.all("content-length") == []
    assert answer.set_cookie_names == ["basket"]
    assert answer.messages[-1]["more_body"] is False


@asgi_case(24)
def test_headers_may_be_missing_and_a_body_may_be_a_view(protect: Protect) -> None:
    bare: Message = {"type": "http.response.start", "status": 200}
    view: Message = {"type": "http.response.body", "body": memoryview(page(TRACKER))}
    lazy: Message = {**bare, "headers": ((name, value) for name, value in [HTML])}

    assert GATED in get(protect(sends(lazy, view))).body
    assert GATED in get(protect(sends({**bare, "headers": ([*HTML],)}, view))).body
    assert GATED in get(protect(sends(bare, view)), headers=NAVIGATES).body


@asgi_case(28)
@pytest.mark.parametrize("size", [1, 7, 64 * 1024])
def test_exactly_one_banner_wherever_the_body_seems_to_end(protect: Protect, size: int) -> None:
    odd = b"<p title='</body>'><!-- </body> --><script>'</body>'</script>" + b"<p>" * 30_000
    html = page(odd)
    pieces = [html[at : at + size] for at in range(0, len(html), size)]

    answer = get(protect(SimpleApp(*pieces)))

    assert answer.body.count(b"<asgi-consent") == 1
    assert odd in answer.body
    assert get(protect(SimpleApp(b"<p>no end"))).body.count(b"<asgi-consent") == 1


@asgi_case(33)
def test_one_bad_cookie_does_not_cost_the_others(protect: Protect) -> None:
    app = SimpleApp()
    sloppy = b'bad"name=1; basket={"a": [1, 2]}; =x; y; sess ion=1; session=\xff;;  basket2=1'

    get(protect(app), headers=[(b"cookie", sloppy)])

    assert app.cookies == [b'basket={"a": [1, 2]}; session=\xff']


@pytest.mark.threat("T19")
@asgi_case(35)
def test_big_body_lets_others_work(protect: Protect) -> None:
    html = page(b"<p>some text and <a href=/x>a link</a></p>" * 25_000)
    turns = 0

    async def run() -> Answer:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(others)
            await protect(SimpleApp(html))(scope_of(), _never, send)
            tasks.cancel_scope.cancel()
        return Answer(sent)

    answer = anyio.run(run)

    assert len(answer.body) > len(html)
    assert turns >= len(html) // (256 * 1024)


def test_every_case_has_a_test() -> None:
    covered = set(_numbers(Path(__file__).parent))

    assert covered == CASES.keys()


def _numbers(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in _MARKS:
                yield from (int(ast.literal_eval(number)) for number in node.args)


_MARKS = ("asgi_case", "pytest.mark.asgi_case")


async def _never() -> Message:
    await anyio.sleep_forever()
    raise AssertionError("slept for ever")
