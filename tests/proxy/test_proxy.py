"""`asgi-consent proxy` in front of a real site, over real sockets."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.asgi import SECRET
from tests.processes import LOOPBACK, PATIENCE, free_port
from tests.proxy.conftest import Running, StartProxy
from tests.proxy.site import TRACKER

MEGABYTE = 1024 * 1024


def seen_by_the_site(client: httpx2.Client, **more: object) -> dict[str, list[str]]:
    """The headers that reached it."""
    found: dict[str, list[str]] = {}
    for name, value in client.get("/echo", **more).json()["headers"]:  # type: ignore[arg-type]
        found.setdefault(name, []).append(value)
    return found


def test_page_in_any_coding_is_gated_and_has_one_banner(client: httpx2.Client) -> None:
    answer = client.get("/page", headers={"accept-encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert TRACKER not in answer.text
    assert "data-consent-src=https://t.example/p.gif" in answer.text
    assert answer.text.count("<asgi-consent") == 1


@pytest.mark.threat("T31")
def test_cookies_of_one_visitor_never_go_with_the_next(client: httpx2.Client) -> None:
    signed_in = client.get("/sign-in")
    client.cookies.clear()

    assert signed_in.headers.get_list("set-cookie") == [
        "session=of-one-visitor; HttpOnly; Path=/; SameSite=lax",
        "basket=1; Path=/; SameSite=lax",
    ]
    assert "cookie" not in seen_by_the_site(client)
    assert seen_by_the_site(client, headers={"cookie": "session=2; x=1"})["cookie"] == ["session=2"]


def test_site_hears_who_asks_and_no_lies(
    client: httpx2.Client, site: Running, proxy: Running
) -> None:
    lies = {"x-forwarded-for": "10.0.0.1", "forwarded": "for=10.0.0.1", "x-real-ip": "10.0.0.1"}
    seen = seen_by_the_site(client, headers={**lies, "connection": "x-private", "x-private": "1"})

    assert seen["host"] == [f"{LOOPBACK}:{site.port}"]
    assert seen["x-forwarded-for"] == [LOOPBACK]
    assert seen["x-forwarded-host"] == [f"{LOOPBACK}:{proxy.port}"]
    assert seen["via"] == ["1.1 asgi-consent"]
    assert not {"x-real-ip", "x-private"} & seen.keys()


def test_path_and_query_arrive_byte_for_byte(proxy: Running, client: httpx2.Client) -> None:
    target = b"/echo//a%2Fb/..%2f%C3%A9?x=%zz&y=[1]"
    answer = raw(
        proxy, b"GET " + target + b" HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    )

    assert (
        json.loads(answer.partition(b"\r\n\r\n")[2])["path"] == target.partition(b"?")[0].decode()
    )


def test_addresses_of_the_site_become_ours(client: httpx2.Client, proxy: Running) -> None:
    assert client.get("/moved").headers["location"] == f"{proxy.address}/page"


@pytest.mark.parametrize("code", [204, 304, 404, 500])
def test_status_and_headers_pass(client: httpx2.Client, code: int) -> None:
    answer = client.get(f"/status/{code}")

    assert (answer.status_code, answer.content) == (code, b"")
    assert answer.headers["etag"] == '"1"'
    assert client.head(f"/status/{code}").status_code == code


def test_body_of_a_request_arrives_with_and_without_a_length(client: httpx2.Client) -> None:
    pieces = iter([b"a" * 10_000] * 3)

    assert client.post("/echo", content=b"x" * 100_000).json()["size"] == 100_000
    assert client.post("/echo", content=pieces).json()["size"] == 30_000
    assert client.post("/echo").json()["size"] == 0


def test_stream_is_passed_on_as_it_comes(client: httpx2.Client) -> None:
    with client.stream("GET", "/waits") as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: first\n\n"
        httpx2.get(f"{client.base_url}/release", trust_env=False)
        assert next(pieces) == b"data: second\n\n"


@pytest.mark.threat("T19")
def test_big_bodies_take_no_memory(client: httpx2.Client, proxy: Running) -> None:
    client.get("/big", params={"megabytes": 1})
    before, most = proxy.memory, 0
    with client.stream("GET", "/big", params={"megabytes": 300}) as answer:
        for number, _ in enumerate(answer.iter_raw()):
            if number % 200 == 0:
                most = max(most, proxy.memory)
    pieces = (b"x" * MEGABYTE for _ in range(300))
    assert client.post("/echo", content=pieces).json()["size"] == 300 * MEGABYTE

    assert max(most, proxy.memory) - before < 32 * MEGABYTE


def test_site_hears_that_the_visitor_has_left(client: httpx2.Client, proxy: Running) -> None:
    with client.stream("GET", "/forever") as answer:
        next(answer.iter_raw())
    told = httpx2.get(f"{proxy.address}/told?left+/forever", trust_env=False, timeout=PATIENCE)

    assert "left /forever" in told.json()


# ---- WebSocket


def test_websocket_goes_through_both_ways(proxy: Running) -> None:
    address = f"ws://{LOOPBACK}:{proxy.port}/socket"
    headers = {"cookie": "basket=2; _ga=1", "origin": proxy.address}
    with connect(
        address,
        subprotocols=[Subprotocol("talk"), Subprotocol("chat")],
        additional_headers=headers,
    ) as open_socket:
        assert open_socket.subprotocol == "chat"
        assert open_socket.response is not None
        assert open_socket.response.headers.get_all("set-cookie") == ["basket=1"]
        seen = json.loads(open_socket.recv())
        assert seen["cookie"] == "basket=2"
        assert seen["origin"] == f"http://{seen['host']}"
        for text in ("hello", "x" * MEGABYTE):
            open_socket.send(text)
            assert open_socket.recv() == text
        open_socket.send("bye")
        with pytest.raises(ConnectionClosed) as closed:
            open_socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "good bye")


@pytest.mark.parametrize("path", ["/closed-socket", "/page", "/nowhere"])
def test_websocket_that_the_site_declines_is_declined(proxy: Running, path: str) -> None:
    with pytest.raises(InvalidStatus) as declined, connect(f"ws://{LOOPBACK}:{proxy.port}{path}"):
        pass
    assert 400 <= declined.value.response.status_code < 600


# ---- what must not pass


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    "head",
    [
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nabcde",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET http://b@169.254.169.254/ HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET @evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"TRACE /echo HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nHost: a\r\nX y: 1\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 20_000 + b"\r\n",
    ],
)  # fmt: skip
def test_request_that_may_be_read_in_two_ways_ends_here(
    client: httpx2.Client, proxy: Running, head: bytes
) -> None:
    before = client.get("/told").json()
    smuggled = b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    answer = raw(proxy, head + smuggled)

    assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"405", b"501")
    assert client.get("/told").json() == before


def raw(server: Running, data: bytes) -> bytes:
    """All that the server says to these bytes."""
    answer = b""
    with socket.create_connection((LOOPBACK, server.port), timeout=3) as connection:
        try:
            connection.sendall(data)
            while piece := connection.recv(65_536):
                answer += piece
        except (ConnectionError, TimeoutError):
            pass
    return answer


# ---- a site that fails


@contextmanager
def bad_site(answer: bytes) -> Iterator[str]:
    """Says `answer` to whoever comes, and closes."""
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)


@pytest.mark.threat("T16")
@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX y z\r\n\r\n"])
def test_site_that_talks_nonsense_is_a_502(start_proxy: StartProxy, answer: bytes) -> None:
    with bad_site(answer) as address, start_proxy(address) as proxy:
        found = httpx2.get(proxy.address, trust_env=False)

    assert found.status_code == 502
    assert "The site cannot be reached" in found.text
    assert found.headers["cache-control"] == "no-store"


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n<p>short",
    ],
)
def test_answer_that_breaks_off_is_seen_to_break_off(
    start_proxy: StartProxy, answer: bytes
) -> None:
    with (
        bad_site(answer) as address,
        start_proxy(address) as proxy,
        pytest.raises((httpx2.RemoteProtocolError, httpx2.HTTPStatusError)),
    ):
        httpx2.get(proxy.address, trust_env=False).raise_for_status()


def test_site_that_is_not_there_is_a_502_and_one_that_sleeps_a_504(
    start_proxy: StartProxy, site: Running
) -> None:
    with start_proxy(f"http://{LOOPBACK}:{free_port()}") as proxy:
        assert httpx2.get(proxy.address, trust_env=False).status_code == 502
    with start_proxy(site.address, "--timeout=0.3") as proxy:
        late = httpx2.get(f"{proxy.address}/silent", trust_env=False)
        assert late.status_code == 504
        assert "takes too long" in late.text
        assert "retry-after" in late.headers


def test_page_that_breaks_in_the_middle_is_gated_and_broken(client: httpx2.Client) -> None:
    got: list[bytes] = []
    with client.stream("GET", "/breaks") as answer, pytest.raises(httpx2.RemoteProtocolError):
        got.extend(answer.iter_raw())
    assert TRACKER.encode() not in b"".join(got)


@pytest.mark.threat("T18")
def test_address_that_leads_back_to_the_proxy_ends(start_proxy: StartProxy) -> None:
    port = free_port()
    with start_proxy(f"http://{LOOPBACK}:{port}", port=port) as proxy:
        assert httpx2.get(proxy.address, trust_env=False).status_code == 508


# ---- running


def test_request_in_flight_ends_before_the_proxy_does(
    start_proxy: StartProxy, site: Running
) -> None:
    with start_proxy(site.address) as proxy:
        with httpx2.stream("GET", f"{proxy.address}/waits", trust_env=False) as answer:
            pieces = answer.iter_raw()
            next(pieces)
            proxy.process.send_signal(signal.SIGTERM)
            refused(proxy)
            httpx2.get(f"{site.address}/release", trust_env=False)
            assert list(pieces) == [b"data: second\n\n"]
        assert proxy.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def refused(proxy: Running) -> None:
    """Wait until no new connection is taken."""
    while True:
        try:
            socket.create_connection((LOOPBACK, proxy.port), timeout=1).close()
        except OSError:
            return


def test_more_visitors_than_allowed_are_told_to_come_back(
    start_proxy: StartProxy, site: Running
) -> None:
    with start_proxy(site.address, "--connections=2") as proxy:
        one = socket.create_connection((LOOPBACK, proxy.port))
        two = socket.create_connection((LOOPBACK, proxy.port))
        with one, two:
            assert httpx2.get(f"{proxy.address}/page", trust_env=False).status_code == 503


def test_scheme_and_host_come_from_a_trusted_proxy_in_front(
    start_proxy: StartProxy, site: Running, client: httpx2.Client
) -> None:
    told = {"x-forwarded-proto": "https", "x-forwarded-host": "shop.example", "sec-fetch-site": "same-origin"}  # fmt: skip
    choose = {"data": {"choice": "accept"}, "headers": told}
    with start_proxy(site.address, "--trust=127.0.0.0/8") as proxy:
        trusted = httpx2.post(f"{proxy.address}/_consent/choice", trust_env=False, **choose)  # type: ignore[arg-type]
    lied = client.post("/_consent/choice", **choose)  # type: ignore[arg-type]

    assert trusted.headers["set-cookie"].startswith("__Host-asgi_consent=")
    assert lied.headers["set-cookie"].startswith("asgi_consent=")


@pytest.mark.threat("T7", "T23")
def test_secret_is_never_told(proxy: Running, logs: Path) -> None:
    assert SECRET not in (logs / "proxy").read_text()
