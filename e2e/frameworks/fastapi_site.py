"""FastAPI: the consent as a dependency; the rest as in Starlette, on which it is built."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from asgi_consent import ConsentMiddleware
from asgi_consent.integrations.fastapi import ConsentDependency, requires
from e2e.frameworks import starlette_site as pages
from e2e.frameworks.pages import SECRET, SETTINGS, STATIC

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=SECRET)
app.add_middleware(ConsentMiddleware, settings=SETTINGS, secret_key=SECRET)
app.mount("/static", StaticFiles(directory=STATIC))
app.add_api_websocket_route("/socket", pages.socket)
app.add_exception_handler(404, pages.missing)


@app.get("/")
async def home(request: Request, consent: ConsentDependency) -> Response:
    response = await pages.home(request)
    assert consent.allows("necessary")
    return response


@app.post("/track", dependencies=[requires("statistics")])
async def track() -> Response:
    return PlainTextResponse("tracked")


@app.post("/sign-in")
async def sign_in(request: Request) -> Response:
    return await pages.sign_in(request)


@app.get("/stream", response_class=HTMLResponse)
async def stream(request: Request) -> Response:
    return await pages.stream(request)


@app.get("/events")
async def events(request: Request) -> Response:
    return await pages.events(request)


@app.get("/download")
async def download(request: Request) -> Response:
    return await pages.download(request)
