"""A WebSocket through to the site: the handshake first, then two pumps until either side closes."""

from __future__ import annotations

import asyncio
import logging

from asgi_consent.http.headers import without
from asgi_consent.proxy.client import Client, Closed, Declined, Socket, UpstreamError
from asgi_consent.proxy.framing import target_of
from asgi_consent.proxy.headers import Mapping
from asgi_consent.proxy.hops import Hops
from asgi_consent.types import Headers, Receive, Scope, Send

_log = logging.getLogger("asgi_consent")

_OWN = (b"sec-websocket-accept", b"sec-websocket-extensions", b"sec-websocket-protocol")
#: codes that stand for what happened and are never sent, RFC 6455 section 7.4.1
_UNSENDABLE = {1005: 1000, 1006: 1011, 1015: 1011}


async def forward_socket(
    client: Client, mapping: Mapping, hops: Hops, scope: Scope, receive: Receive, send: Send
) -> None:
    if (await receive())["type"] != "websocket.connect":
        return
    headers = mapping.to_site(scope["headers"], hops)
    protocols = list(scope.get("subprotocols") or ())
    try:
        async with client.websocket(target_of(scope), headers, protocols) as socket:
            kept = without(mapping.to_visitor(socket.headers, hops), _OWN)
            await send(
                {"type": "websocket.accept", "subprotocol": socket.protocol, "headers": kept}
            )
            await _pump(socket, receive, send)
    except Declined as declined:
        await _decline(declined.status, mapping.to_visitor(declined.headers, hops), scope, send)
    except UpstreamError as error:
        _log.warning("asgi-consent: WebSocket: %s", error)
        await _decline(504 if error.late else 502, [], scope, send)


async def _pump(socket: Socket, receive: Receive, send: Send) -> None:
    """Until one side is done; then the other is told, and is not waited for."""
    left = asyncio.Event()
    pumps = [
        asyncio.ensure_future(_to_site(socket, receive, left)),
        asyncio.ensure_future(_to_visitor(socket, send, left)),
    ]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        ends = await asyncio.gather(*pumps, return_exceptions=True)
    for end in ends:
        if isinstance(end, UpstreamError):
            await send({"type": "websocket.close", "code": 1011})
        elif isinstance(end, Exception):
            raise end


async def _to_site(socket: Socket, receive: Receive, left: asyncio.Event) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        text, data = message.get("text"), message.get("bytes")
        await socket.send(text if text is not None else data or b"")
    left.set()
    code = int(message.get("code") or 1000)
    await socket.close(_UNSENDABLE.get(code, code), str(message.get("reason") or ""))


async def _to_visitor(socket: Socket, send: Send, left: asyncio.Event) -> None:
    while not isinstance(data := await socket.receive(), Closed):
        key = "text" if isinstance(data, str) else "bytes"
        await send({"type": "websocket.send", key: data})
    if not left.is_set():
        code = _UNSENDABLE.get(data.code, data.code)
        await send({"type": "websocket.close", "code": code, "reason": data.reason})


async def _decline(status: int, headers: Headers, scope: Scope, send: Send) -> None:
    """Answer the handshake with `status` where the server can, else with its 403."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    kept = [
        (name, value)
        for name, value in without(headers, {b"content-length"})
        if name.lower() in (b"set-cookie", b"location", b"www-authenticate", b"retry-after")
    ]
    status = status if 300 <= status < 600 else 502
    await send({"type": "websocket.http.response.start", "status": status, "headers": kept})
    await send({"type": "websocket.http.response.body", "body": b""})
