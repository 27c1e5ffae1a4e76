"""Coded bodies piece by piece: at once, in little memory, and never unread."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.errors import CodingError
from asgi_consent.page_body import Opening, read_opening
from asgi_consent.types import Header, Message, Receive, Scope, Send
from tests.asgi import SimpleApp, get, scope_of
from tests.http.codings import CODINGS, AppSide, bomb, client_side, packed, unpacked

Protect = Callable[..., ConsentMiddleware]

HTML: Header = (b"content-type", b"text/html; charset=utf-8")
PAGE = b"<html><head></head><body><img src=https://t.example/p.gif></body></html>"
GATED = b"data-consent-src=https://t.example/p.gif"
BANNER = b"<asgi-consent"

every_coding = pytest.mark.parametrize("coding", CODINGS)
every_layering = pytest.mark.parametrize("coding", [*CODINGS, b"gzip, br", b"zstd, br, gzip"])


# ---- a stream


@every_coding
@pytest.mark.parametrize("accepted", [True, False])
def test_what_the_app_flushes_can_be_read_at_once(
    protect: Protect, coding: bytes, accepted: bool
) -> None:
    texts = [b"<html><head></head><body><p>one", b"</p><p>two" * 30_000, b"</p></body></html>"]
    layer = AppSide(coding)
    sent = [layer.pack(text) + layer.flush() for text in texts]
    read: Callable[[bytes], bytes] = client_side(coding) if accepted else bytes
    arrived: list[bytes] = []
    seen: list[bytes] = []  # by the client, each time after the app has sent something

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [HTML, (b"content-encoding", coding)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for data in sent:
            await send({"type": "http.response.body", "body": data, "more_body": True})
            seen.append(b"".join(map(read, arrived)))
            arrived.clear()
        await send({"type": "http.response.body", "body": layer.finish()})

    async def send(message: Message) -> None:
        arrived.append(message.get("body", b""))

    asked = [(b"accept-encoding", coding if accepted else b"identity")]
    anyio.run(protect(app), scope_of("/", asked), _receive, send)

    assert seen[0].endswith(b"<p>one")
    assert seen[1] == texts[1]
    assert b"</body>" in seen[2]


@pytest.mark.threat("T19")
@every_coding
@pytest.mark.parametrize("more", [{}, {"mode": "observe"}])
def test_bomb_costs_no_memory_and_lets_others_work(
    protect: Protect, coding: bytes, more: dict[str, str]
) -> None:
    app = protect(
        SimpleApp(bomb(coding, 32 << 20), headers=[HTML, (b"content-encoding", coding)]), **more
    )
    lengths: list[int] = []
    turns = 0

    async def send(message: Message) -> None:
        lengths.append(len(message.get("body", b"")))

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count_turns)
            await app(scope_of("/", [(b"accept-encoding", b"")]), _receive, send)
            tasks.cancel_scope.cancel()

    get(app, "/first")  # what is made once
    tracemalloc.start()
    try:
        anyio.run(run)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    if not more:
        assert sum(lengths) >= 32 << 20
        assert max(lengths) < 128 * 1024
    assert peak < 2 << 20
    assert turns > 400


# ---- what is broken


@every_coding
def test_page_that_is_not_in_its_coding_is_an_error(protect: Protect, coding: bytes) -> None:
    for kind in (HTML, (b"x-app", b"1")):
        app = SimpleApp(b"\x1f\x8b" + PAGE, headers=[kind, (b"content-encoding", coding)])
        with pytest.raises(CodingError, match=coding.decode()):
            get(protect(app))


@every_coding
def test_page_that_breaks_is_gated_up_to_there_and_has_no_end(
    protect: Protect, coding: bytes
) -> None:
    layer = AppSide(coding)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    broken = [layer.pack(PAGE) + layer.flush(), b"\xff" * 100_000]
    app = protect(SimpleApp(*broken, headers=[HTML, (b"content-encoding", coding)]))
    with pytest.raises(CodingError):
        anyio.run(app, scope_of("/", [(b"accept-encoding", b"")]), _receive, send)

    assert GATED in b"".join(message.get("body", b"") for message in sent)
    assert all(message["more_body"] for message in sent[1:])


@every_coding
def test_page_that_breaks_off_is_gated_as_far_as_it_goes(protect: Protect, coding: bytes) -> None:
    layer = AppSide(coding)
    body = layer.pack(PAGE) + layer.flush()

    answer = get(protect(SimpleApp(body, headers=[HTML, (b"content-encoding", coding)])))

    assert GATED in unpacked(coding, answer.body)


@every_coding
def test_observed_page_that_is_broken_is_not_looked_at_again(
    protect: Protect, coding: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    pieces = (b"\xff" * 100, b"\xff" * 100, PAGE)
    app = SimpleApp(*pieces, headers=[HTML, (b"content-encoding", coding)])

    assert get(protect(app, mode="observe")).body == b"".join(pieces)
    assert caplog.text == ""


# ---- the opening


def opening_of(data: bytes, coding: bytes, *, complete: bool = False) -> Opening | None:
    return read_opening(data, coding=coding, declared=b"", sniff=True, complete=complete)


@given(st.sampled_from([b"", *CODINGS, b"br, gzip"]), st.integers(0, 1400), st.booleans())
def test_opening_is_the_same_wherever_it_is_cut(coding: bytes, blanks: int, is_page: bool) -> None:
    text = b" " * blanks + (b"<html>" if is_page else b"plain") + b"." * 2000
    body = packed(coding, text)

    for end in {*range(0, len(body), 50), len(body)}:
        found = opening_of(body[:end], coding)
        assert found in (None, Opening(is_page, ""))
    assert opening_of(body, coding) == opening_of(body, coding, complete=True)


@every_layering
def test_opening_is_told_by_what_is_flushed(coding: bytes) -> None:
    data = b"<html>" + b"." * 1024
    for name in coding.split(b", "):
        layer = AppSide(name)
        data = layer.pack(data) + layer.flush()

    assert opening_of(data, coding) == Opening(True, "")


@every_coding
def test_charset_of_a_coded_page_is_found(coding: bytes) -> None:
    body = packed(coding, b"<meta charset=iso-2022-jp>")

    assert opening_of(body[: len(body) // 2], coding) is None
    assert opening_of(body, coding, complete=True) == Opening(True, "iso2022_jp_ext")


@every_coding
def test_opening_of_a_broken_body_counts_as_a_page(coding: bytes) -> None:
    assert opening_of(b"\xff" * 100, coding) == Opening(True, "")


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
