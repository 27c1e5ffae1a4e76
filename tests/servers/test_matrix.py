"""The same corpus on uvicorn, granian and hypercorn: the same answers, over real sockets."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import httpx2
import pytest
from websockets.sync.client import connect

from tests.processes import LOOPBACK, free_port, running
from tests.servers.corpus import PAGE, TRACKER
from tests.servers.http2 import fetch_http2

APP = "tests.servers.corpus:app"
SERVERS = {
    "uvicorn": ["uvicorn", APP, "--port={port}", "--http=httptools", "--loop=uvloop"],
    "uvicorn-h11": ["uvicorn", APP, "--port={port}", "--http=h11", "--loop=asyncio"],
    "granian": ["granian", "--interface=asgi", "--host=127.0.0.1", "--port={port}", APP],
    "hypercorn": ["hypercorn", APP, "--bind=127.0.0.1:{port}"],
}
HTML_PATHS = ["/page", "/chunks", "/coded", "/file/page.html", "/missing", "/extensions/"]


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    port = free_port()
    command = [part.format(port=port) for part in SERVERS[request.param]]
    log = tmp_path_factory.mktemp("server") / "log"
    with running([sys.executable, "-m", *command], port, log=log):
        yield port


@pytest.fixture
def client(server: int) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"http://{LOOPBACK}:{server}", trust_env=False) as client:
        yield client


@pytest.mark.parametrize("path", HTML_PATHS)
def test_every_kind_of_page_is_gated_and_has_one_banner(client: httpx2.Client, path: str) -> None:
    answer = client.get(path, headers={"sec-fetch-dest": "document"})

    assert answer.status_code == (404 if path == "/missing" else 200)
    assert TRACKER not in answer.text
    assert "data-consent-src=https://t.example/p.gif" in answer.text
    assert answer.text.count("<asgi-consent") == 1


def test_headers_are_the_same_everywhere(client: httpx2.Client) -> None:
    answer = client.get("/page")

    assert [v.partition("=")[0] for v in answer.headers.get_list("set-cookie")] == ["basket"]
    assert answer.headers["link"] == "</own.css>; rel=preload"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["etag"].startswith('W/"v1-ac')


def test_page_is_confirmed_by_its_tag(client: httpx2.Client) -> None:
    tag = client.get("/page").headers["etag"]
    head = client.head("/page")

    assert head.headers["etag"] == tag
    assert head.content == b""


def test_file_that_is_no_page_arrives_whole_and_in_parts(client: httpx2.Client) -> None:
    whole = client.get("/file/data.bin")
    part = client.get("/file/data.bin", headers={"range": "bytes=256-511"})

    assert whole.content == bytes(range(256)) * 400
    assert (part.status_code, part.content) == (206, bytes(range(256)))


def test_what_is_no_page_is_left_alone(client: httpx2.Client) -> None:
    assert client.get("/events").text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert client.get("/empty").content == b""
    moved = client.get("/moved")
    assert (moved.status_code, moved.headers["location"]) == (302, "/page")
    assert "set-cookie" not in moved.headers


def test_request_cookies_and_bodies_reach_the_app(client: httpx2.Client) -> None:
    cookies = "basket=1; _counter=2; session=3; \xa0__Host-asgi_consent=x".encode("latin-1")
    answer = client.post("/echo", content=b"x" * 300_000, headers=[(b"cookie", cookies)])

    assert answer.json() == {
        "cookies": ["basket=1; session=3"],
        "size": 300_000,
        "consent": "unknown",
    }


def test_broken_page_is_seen_to_be_broken(client: httpx2.Client) -> None:
    got: list[bytes] = []
    with client.stream("GET", "/breaks") as answer, pytest.raises(httpx2.RemoteProtocolError):
        got.extend(answer.iter_raw())
    assert TRACKER.encode() not in b"".join(got)


def test_websocket_cookies_are_filtered_both_ways(server: int) -> None:
    headers = {"cookie": "_counter=1; basket=2"}
    with connect(f"ws://{LOOPBACK}:{server}/socket", additional_headers=headers) as socket:
        assert socket.recv() == "basket=2"
        socket.send("hello")
        assert socket.recv() == "HELLO"
        assert socket.response is not None
        # granian 2.8 sends none of the headers of an accept message.
        assert socket.response.headers.get_all("set-cookie") in (["basket=1"], [])


def test_choice_is_taken_and_kept(client: httpx2.Client) -> None:
    answer = client.post(
        "/_consent/choice", data={"choice": "accept"}, headers={"sec-fetch-site": "same-origin"}
    )
    assert answer.status_code == 303
    name, _, rest = answer.headers["set-cookie"].partition("=")
    cookie = f"{name}={rest.partition(';')[0]}; _counter=1"

    assert client.get("/echo", headers={"cookie": cookie}).json() == {
        "cookies": ["_counter=1"],
        "size": 0,
        "consent": "given",
    }


# ---- HTTP/2, in clear text with prior knowledge


@pytest.fixture(scope="module", params=["granian", "hypercorn"])
def http2_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    port = free_port()
    more = ["--http=2"] if request.param == "granian" else []
    command = [part.format(port=port) for part in SERVERS[request.param]] + more
    log = tmp_path_factory.mktemp("server") / "log"
    with running([sys.executable, "-m", *command], port, log=log):
        yield port


def test_cookies_that_http_2_splits_are_filtered_and_joined(http2_server: int) -> None:
    crumbs = [("cookie", "_counter=1"), ("cookie", "basket=2"), ("cookie", "session=3")]
    answer = fetch_http2(http2_server, "/echo", crumbs)

    assert b'"basket=2; session=3"' in answer.body


def test_early_hints_and_trailers_are_filtered(http2_server: int) -> None:
    answer = fetch_http2(http2_server, "/extensions/", [("sec-fetch-dest", "document")])

    assert all(b"t.example" not in value for _, value in answer.hints)
    assert answer.trailers in ([], [(b"server-timing", b"db;dur=5")])
    assert TRACKER.encode() not in answer.body
    assert len(answer.body) > len(PAGE)
