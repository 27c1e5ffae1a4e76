"""The same corpus on uvicorn, granian and hypercorn: the same answers, over real sockets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx2
import pytest
from websockets.sync.client import connect

from tests.asgi import post
from tests.processes import LOOPBACK, free_port, running
from tests.servers.corpus import PAGE, TRACKER, app
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


@pytest.mark.threat("T17")
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


@pytest.mark.threat("T15", "T16")
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


@pytest.mark.threat("T3")
def test_request_cookies_and_bodies_reach_the_app(client: httpx2.Client) -> None:
    cookies = "basket=1; _counter=2; session=3; \xa0__Host-asgi_consent=x".encode("latin-1")
    answer = client.post("/echo", content=b"x" * 300_000, headers=[(b"cookie", cookies)])

    assert answer.json() == {
        "cookies": ["basket=1; session=3"],
        "size": 300_000,
        "consent": "unknown",
    }


# How a browser that took such a cookie from a sibling host sends it: PortSwigger's "cookie
# chimera", measured on Chromium 156. Frameworks trim these names, or unquote them, to ours.
PLANTED = {
    "no-break space": b"\xa0%s",
    "next line": b"\x85%s",
    "no-break space in UTF-8": b"\xc2\xa0%s",
    "next line in UTF-8": b"\xc2\x85%s",
    "en quad": b"\xe2\x80\x80%s",
    "ideographic space": b"\xe3\x80\x80%s",
    "behind it": b"%s\xa0",
    "quoted": b'"%s"',
    "other case": b"%s",
    "in the value of another": b'basket="x; %s',
}


@pytest.mark.threat("T3")
@pytest.mark.parametrize("form", PLANTED)
def test_cookie_that_a_sibling_host_planted_grants_nothing(
    client: httpx2.Client, signed: bytes, form: str
) -> None:
    name = b"ASGI_CONSENT" if form == "other case" else b"asgi_consent"
    planted = PLANTED[form] % name + b"=" + signed + (b'"' if form.startswith("in") else b"")
    answers = [
        client.get("/echo", headers=[(b"cookie", cookie)])
        for cookie in (planted, b"basket=1; " + planted, b"asgi_consent=broken; " + planted)
    ]

    for answer in answers:
        assert answer.status_code in (200, 400)  # some servers refuse such bytes
        if answer.status_code == 200:
            assert answer.json()["consent"] == "unknown"
            assert signed.decode() not in answer.text


@pytest.mark.threat("T3")
def test_consent_that_came_twice_is_none_in_one_header_or_two(
    client: httpx2.Client, signed: bytes
) -> None:
    ours = b"asgi_consent=" + signed
    alone = client.get("/echo", headers=[(b"cookie", ours)])
    in_one = client.get("/echo", headers=[(b"cookie", ours + b"; " + ours)])
    in_two = client.get("/echo", headers=[(b"cookie", ours), (b"cookie", ours)])

    assert alone.json()["consent"] == "given"
    assert (in_one.json()["consent"], in_two.json()["consent"]) == ("unknown", "unknown")


@pytest.fixture(scope="session")
def signed() -> bytes:
    """A consent to everything that the attacker got on the site itself."""
    answer = post(app, "/_consent/choice", b"choice=accept")
    return (answer.first("set-cookie") or b"").partition(b"=")[2].partition(b";")[0]


@pytest.mark.threat("T16")
def test_every_answer_ends_where_the_next_one_begins(server: int) -> None:
    connection = HTTPConnection(LOOPBACK, server, timeout=30)
    paths = ["/page", "/chunks", "/empty", "/coded", "/file/data.bin", "/moved", "/page"]
    for method in ("GET", "HEAD"):
        for path in paths:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == {"/empty": 204, "/moved": 302}.get(path, 200)
            assert bool(body) == (method == "GET" and path not in ("/empty", "/moved"))
    connection.close()


@pytest.mark.threat("T16")
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


@pytest.mark.threat("T33")
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
