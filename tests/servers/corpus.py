"""One app whose answers are awkward in one way each, for every server of the matrix."""

from __future__ import annotations

import atexit
import gzip
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import Receive, Scope, Send
from tests.asgi import SECRET
from tests.conftest import shop_settings

TRACKER = "<img src=https://t.example/p.gif>"
PAGE = f"<!doctype html><html><head><title>t</title></head><body>{TRACKER}</body></html>"
FOLDER = Path(tempfile.mkdtemp(prefix="asgi-consent-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
(FOLDER / "page.html").write_text(PAGE)
(FOLDER / "data.bin").write_bytes(bytes(range(256)) * 400)


async def page(request: Request) -> Response:
    response = Response(PAGE, media_type="text/html", headers={"etag": '"v1"'})
    response.set_cookie("basket", "1")
    response.set_cookie("_counter", "1")
    response.headers["link"] = "</own.css>; rel=preload, <https://t.example/x>; rel=preload"
    return response


async def chunks(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(PAGE), 7):
            yield PAGE[at : at + 7].encode()

    return StreamingResponse(pieces(), media_type="text/html")


async def coded(request: Request) -> Response:
    headers = {"content-encoding": "gzip"}
    return Response(gzip.compress(PAGE.encode()), media_type="text/html", headers=headers)


async def file(request: Request) -> Response:
    return FileResponse(FOLDER / request.path_params["name"])


async def events(request: Request) -> Response:
    async def stream() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b"data: %d\n\n" % number

    return StreamingResponse(stream(), media_type="text/event-stream")


async def echo(request: Request) -> Response:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    cookies = [v.decode("latin-1") for k, v in request.scope["headers"] if k == b"cookie"]
    return JSONResponse(
        {"cookies": cookies, "size": size, "consent": request.scope["consent"].status}
    )


async def empty(request: Request) -> Response:
    return Response(status_code=204)


async def moved(request: Request) -> Response:
    response = RedirectResponse("/page", status_code=302)
    response.set_cookie("_counter", "1")
    return response


async def missing(request: Request) -> Response:
    return Response(PAGE, status_code=404, media_type="text/html")


async def breaks(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield PAGE.encode()
        raise RuntimeError("in mid-stream")

    return StreamingResponse(pieces(), media_type="text/html")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept(headers=[(b"set-cookie", b"_counter=1"), (b"set-cookie", b"basket=1")])
    await websocket.send_text(websocket.headers.get("cookie", ""))
    await websocket.send_text((await websocket.receive_text()).upper())
    await websocket.close()


class Extensions:
    """Early hints before the answer and trailers after it, where the server offers them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        offered = scope.get("extensions") or {}
        links = [b"</own.css>; rel=preload", b"<https://t.example/x>; rel=preload"]
        if "http.response.early_hint" in offered:
            await send({"type": "http.response.early_hint", "links": links})
        trailers = "http.response.trailers" in offered
        headers = [(b"content-type", b"text/html")]
        await send(
            {"type": "http.response.start", "status": 200, "headers": headers, "trailers": trailers}
        )
        await send({"type": "http.response.body", "body": PAGE.encode()})
        if trailers:
            kept = [(b"server-timing", b"db;dur=5"), (b"repr-digest", b"sha-256=:abc=:")]
            await send({"type": "http.response.trailers", "headers": kept, "more_trailers": False})


app = ConsentMiddleware(
    Starlette(
        routes=[
            Route("/page", page),
            Route("/chunks", chunks),
            Route("/coded", coded),
            Route("/file/{name}", file),
            Route("/events", events),
            Route("/echo", echo, methods=["GET", "POST"]),
            Route("/empty", empty),
            Route("/moved", moved),
            Route("/missing", missing),
            Route("/breaks", breaks),
            Mount("/extensions", Extensions()),
            WebSocketRoute("/socket", socket),
        ]
    ),
    settings=shop_settings(),
    secret_key=SECRET,
)
