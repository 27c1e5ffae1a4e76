"""Starlette: signed sessions; CSRF and messages by hand, as it brings none."""

from __future__ import annotations

import secrets

from markupsafe import Markup
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from asgi_consent import ConsentMiddleware
from asgi_consent.integrations.starlette import consent_of, requires
from e2e.frameworks.pages import SECRET, SETTINGS, STATIC, page, rows, ticks


async def home(request: Request) -> Response:
    token = request.session.setdefault("csrf", secrets.token_hex(8))
    html = page.render(
        csrf=Markup('<input type="hidden" name="csrf" value="{}">').format(token),
        name=request.session.get("name", "nobody"),
        message=request.session.pop("message", ""),
        statistics=consent_of(request).allows("statistics"),
    )
    response = HTMLResponse(html)
    response.set_cookie("counted", "1")
    return response


async def sign_in(request: Request) -> Response:
    async with request.form() as form:
        if form.get("csrf", "") != request.session.get("csrf"):
            return PlainTextResponse("CSRF", 403)
        request.session["name"] = str(form["name"])
    request.session["message"] = "Welcome"
    return RedirectResponse("/", 303)


@requires("statistics")
async def track(request: Request) -> Response:
    return PlainTextResponse("tracked")


async def stream(request: Request) -> Response:
    return StreamingResponse(rows(), media_type="text/html")


async def events(request: Request) -> Response:
    return StreamingResponse(ticks(), media_type="text/event-stream")


async def download(request: Request) -> Response:
    headers = {"content-disposition": 'attachment; filename="page.html"'}
    return HTMLResponse("<p>kept as it is</p>", headers=headers)


async def missing(request: Request, error: Exception) -> Response:
    return HTMLResponse("<h1>Not here</h1>", 404)


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


app = Starlette(
    routes=[
        Route("/", home),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/track", track, methods=["POST"]),
        Route("/stream", stream),
        Route("/events", events),
        Route("/download", download),
        WebSocketRoute("/socket", socket),
        Mount("/static", StaticFiles(directory=STATIC)),
    ],
    middleware=[
        Middleware(ConsentMiddleware, settings=SETTINGS, secret_key=SECRET),
        Middleware(SessionMiddleware, secret_key=SECRET),
    ],
    exception_handlers={404: missing},
)
