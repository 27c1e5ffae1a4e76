"""One request over HTTP/2, and all that comes back: early hints, headers, body, trailers."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events

from asgi_consent.types import Headers
from tests.processes import LOOPBACK, PATIENCE


@dataclass
class Http2Answer:
    hints: Headers = field(default_factory=Headers)
    headers: Headers = field(default_factory=Headers)
    trailers: Headers = field(default_factory=Headers)
    body: bytes = b""
    ended: bool = False


def fetch_http2(port: int, path: str, headers: list[tuple[str, str]]) -> Http2Answer:
    config = h2.config.H2Configuration(header_encoding=None)
    connection = h2.connection.H2Connection(config)
    answer = Http2Answer()
    with socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as server:
        connection.initiate_connection()
        asked = [
            (":method", "GET"),
            (":path", path),
            (":scheme", "http"),
            (":authority", f"{LOOPBACK}:{port}"),
        ]
        connection.send_headers(1, asked + headers, end_stream=True)
        server.sendall(connection.data_to_send())
        while not answer.ended:
            data = server.recv(65_536)
            assert data, "the server closed the connection"
            for event in connection.receive_data(data):
                _read(event, answer, connection)
            server.sendall(connection.data_to_send())
    return answer


def _read(event: object, answer: Http2Answer, connection: h2.connection.H2Connection) -> None:
    if isinstance(event, h2.events.InformationalResponseReceived):
        answer.hints += _pairs(event.headers)
    elif isinstance(event, h2.events.ResponseReceived):
        answer.headers += _pairs(event.headers)
    elif isinstance(event, h2.events.TrailersReceived):
        answer.trailers += _pairs(event.headers)
    elif isinstance(event, h2.events.DataReceived):
        answer.body += event.data
        connection.acknowledge_received_data(event.flow_controlled_length, 1)
    elif isinstance(event, h2.events.StreamEnded):
        answer.ended = True


def _pairs(headers: object) -> Headers:
    assert isinstance(headers, list)
    return [(bytes(name), bytes(value)) for name, value in headers]
