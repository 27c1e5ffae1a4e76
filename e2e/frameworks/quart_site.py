"""Quart: its signed session and flashed messages; CSRF by hand, as it brings none."""

from __future__ import annotations

import secrets
from typing import Any

from markupsafe import Markup
from quart import (
    Quart,
    Response,
    flash,
    get_flashed_messages,
    redirect,
    request,
    session,
    websocket,
)

from asgi_consent import current_consent
from asgi_consent.integrations.quart import protect, requires
from e2e.frameworks.pages import SECRET, SETTINGS, STATIC, page, rows, ticks

app = Quart(__name__, static_folder=str(STATIC), static_url_path="/static")
app.secret_key = SECRET
app.config["SESSION_COOKIE_NAME"] = "renamed_session"


@app.get("/")
async def home() -> Any:
    token = session.setdefault("csrf", secrets.token_hex(8))
    html = page.render(
        csrf=Markup('<input type="hidden" name="csrf" value="{}">').format(token),
        name=session.get("name", "nobody"),
        message=" ".join(map(str, get_flashed_messages())),
        statistics=current_consent().allows("statistics"),
    )
    response = Response(html)
    response.set_cookie("counted", "1")
    return response


@app.post("/sign-in")
async def sign_in() -> Any:
    form = await request.form
    if form.get("csrf", "") != session.get("csrf"):
        return "CSRF", 403
    session["name"] = form["name"]
    await flash("Welcome")
    return redirect("/", 303)


@app.post("/track")
@requires("statistics")
async def track() -> str:
    return "tracked"


@app.get("/stream")
async def stream() -> Any:
    return Response((row.encode() async for row in rows()), mimetype="text/html")


@app.get("/events")
async def events() -> Any:
    response = Response((tick.encode() async for tick in ticks()), mimetype="text/event-stream")
    response.timeout = None
    return response


@app.get("/download")
async def download() -> Any:
    headers = {"content-disposition": 'attachment; filename="page.html"'}
    return Response("<p>kept as it is</p>", headers=headers)


@app.errorhandler(404)
async def missing(error: Exception) -> Any:
    return "<h1>Not here</h1>", 404


@app.websocket("/socket")
async def socket() -> None:
    await websocket.send(await websocket.receive())


protect(app, SETTINGS, SECRET)
