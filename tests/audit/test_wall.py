"""The wall: what it lets through, what it refuses, what it writes down. Real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from asgi_consent.audit.addresses import AddressError, is_public, read_site
from asgi_consent.audit.wall import wall


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that sends the same bytes to everybody; gives its port and what it was sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], heard
    listener.close()


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: 9\r\n\r\nhi"


def test_request_is_passed_on_and_written_down() -> None:
    with answering(OK) as (port, heard), wall(allow_private=True) as built:
        url = f"http://shop.localhost:{port}/a?b=1"
        answer = ask(built.port, f"GET {url} HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\n\r\n".encode())

    assert answer.endswith(b"hi")
    assert b"Connection: close" in answer  # nothing else may follow on the same connection
    assert b"Keep-Alive" not in answer
    assert heard[0].startswith(b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\n")
    (passage,) = built.passages
    assert (passage.method, passage.host, passage.port, passage.url, passage.refused) == (
        "GET",
        "shop.localhost",
        port,
        url,
        "",
    )


def test_tunnel_is_passed_on_and_written_down_by_host() -> None:
    with answering(b"pong") as (port, heard), wall(allow_private=True) as built:
        request = f"CONNECT shop.localhost:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", built.port), timeout=10) as connection:
            connection.sendall(request)
            assert b"200" in connection.recv(100)
            connection.sendall(b"ping")
            assert connection.recv(100) == b"pong"

    assert heard == [b"ping"]
    assert [(one.method, one.host, one.url) for one in built.passages] == [
        ("CONNECT", "shop.localhost", "")
    ]


@pytest.mark.threat("T18")
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "x.localhost", "[::1]", "169.254.169.254", "10.0.0.1"]
)
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
def test_private_addresses_are_refused_without_a_connection(host: str, method: str) -> None:
    with wall(allow_private=False) as built:
        target = f"{host}:443" if method == "CONNECT" else f"http://{host}/"
        answer = ask(built.port, f"{method} {target} HTTP/1.1\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 502")
    assert "private address" in built.passages[0].refused


@pytest.mark.threat("T18")
def test_other_ports_than_the_webs_are_refused() -> None:
    with wall(allow_private=False) as built:
        ask(built.port, b"CONNECT 93.184.216.34:22 HTTP/1.1\r\n\r\n")

    assert "port 22" in built.passages[0].refused


@pytest.mark.parametrize(
    "request_", [b"\r\n\r\n", b"GET\r\n\r\n", b"x" * 70000, b"GET http://[ HTTP/1.1\r\n\r\n", b""]
)
def test_nonsense_ends_the_connection(request_: bytes) -> None:
    with (
        wall(allow_private=True) as built,
        socket.create_connection(("127.0.0.1", built.port), timeout=10) as connection,
    ):
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
        assert built.passages == []


@pytest.mark.threat("T18")
@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("nonsense", False),
    ],
)
def test_what_belongs_to_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.threat("T18")
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://x/", "expected an address"),
        ("shop.example", "expected an address"),
        ("http://", "expected an address"),
        ("http://a b/", "expected an address"),
        ("http://x:99999/", "expected an address"),
        ("http://localhost/", "private address"),
        ("http://0x7f.1/", "private address"),
        ("http://[::ffff:127.0.0.1]/", "private address"),
        ("http://nobody.invalid/", "does not resolve"),
    ],
)
def test_address_that_cannot_be_audited_is_explained(url: str, why: str) -> None:
    with pytest.raises(AddressError, match=why):
        read_site(url, allow_private=False)
