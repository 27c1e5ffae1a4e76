"""The app of `proxy.py`: one page and one JSON answer, with and without the middleware."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from asgi_consent import ConsentMiddleware

PAGE = (Path(os.environ["BENCH_FOLDER"]) / "www" / "page.html").read_bytes()


async def page(request: Request) -> Response:
    return HTMLResponse(PAGE)


async def data(request: Request) -> Response:
    return JSONResponse({"stock": 5})


bare = Starlette(routes=[Route("/page", page), Route("/json", data)])
gated = ConsentMiddleware(bare)
