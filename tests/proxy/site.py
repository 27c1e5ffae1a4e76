"""The site behind the proxy, which tells what reached it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

TRACKER = "<img src=https://t.example/p.gif>"
PAGE = f"<!doctype html><html><head></head><body>{TRACKER}</body></html>"
PIECE = b"0123456789abcdef" * 4096  # 64 KiB

seen: list[str] = []
released = asyncio.Event()


async def page(request: Request) -> Response:
    seen.append("/page")
    response = Response(gzip.compress(PAGE.encode()), media_type="text/html")
    response.headers["content-encoding"] = "gzip"
    return response


async def echo(request: Request) -> Response:
    seen.append("/echo")
    headers = [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.scope["headers"]]
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return JSONResponse(
        {"headers": headers, "size": size, "path": request.scope["raw_path"].decode()}
    )


async def sign_in(request: Request) -> Response:
    response = Response("welcome", media_type="text/plain")
    response.set_cookie("session", "of-one-visitor", domain="127.0.0.1", httponly=True)
    response.set_cookie("basket", "1")
    return response


async def moved(request: Request) -> Response:
    return RedirectResponse(str(request.url_for("page")), status_code=303)


async def big(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(int(request.query_params["megabytes"]) * 16):
            yield PIECE

    return StreamingResponse(pieces(), media_type="application/octet-stream")


async def waits(request: Request) -> Response:
    """Sends its second half when somebody asks for /release."""
    released.clear()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await released.wait()
        yield b"data: second\n\n"

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def release(request: Request) -> Response:
    released.set()
    return Response()


async def forever(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.02)
        finally:
            seen.append("left /forever")

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def breaks(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield PAGE.encode()
        raise RuntimeError("in mid-stream")

    return StreamingResponse(pieces(), media_type="text/html")


async def silent(request: Request) -> Response:
    await asyncio.sleep(60)
    return Response()


async def status(request: Request) -> Response:
    return Response(status_code=int(request.path_params["code"]), headers={"etag": '"1"'})


async def told(request: Request) -> Response:
    """What arrived so far; with a query, only once that did."""
    while request.url.query and request.url.query.replace("+", " ") not in seen:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return JSONResponse(seen)


async def socket(websocket: WebSocket) -> None:
    await websocket.accept("chat", headers=[(b"set-cookie", b"basket=1"), (b"set-cookie", b"x=1")])
    await websocket.send_json(dict(websocket.headers))
    while (text := await websocket.receive_text()) != "bye":
        await websocket.send_text(text)
    await websocket.close(4000, "good bye")


async def closed_socket(websocket: WebSocket) -> None:
    await websocket.close()


app = Starlette(
    routes=[
        Route("/page", page, name="page"),
        Route("/echo/{rest:path}", echo, methods=["GET", "POST"]),
        Route("/echo", echo, methods=["GET", "POST"]),
        Route("/sign-in", sign_in),
        Route("/moved", moved),
        Route("/big", big),
        Route("/waits", waits),
        Route("/release", release),
        Route("/forever", forever),
        Route("/breaks", breaks),
        Route("/silent", silent),
        Route("/status/{code}", status),
        Route("/told", told),
        WebSocketRoute("/socket", socket),
        WebSocketRoute("/closed-socket", closed_socket),
    ]
)
