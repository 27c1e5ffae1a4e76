"""A site whose pages a shared cache may keep; it counts what reaches it."""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from asgi_consent import ConsentMiddleware
from tests.conftest import SHOP

PUBLIC = "public, max-age=600"
asked: dict[str, int] = {}


def counted(request: Request) -> None:
    asked[request.url.path] = asked.get(request.url.path, 0) + 1


async def page(request: Request) -> Response:
    counted(request)
    name = request.path_params["name"]
    headers = {"cache-control": PUBLIC, "etag": f'"{name}"'}
    if request.headers.get("if-none-match", "").endswith(f'"{name}"'):
        return Response(status_code=304, headers=headers)
    html = f"<!doctype html><title>{name}</title><body><script src=https://counter.example/c.js></script>"
    return HTMLResponse(
        html + f"<iframe src=https://films.example/{name}></iframe>", headers=headers
    )


async def welcome(request: Request) -> Response:
    """A page that a careless app calls public although it sets a cookie."""
    counted(request)
    response = HTMLResponse("<!doctype html><p>welcome", headers={"cache-control": PUBLIC})
    response.set_cookie("basket", request.query_params["visitor"])
    return response


async def prices(request: Request) -> Response:
    counted(request)
    return JSONResponse({"m1": 900}, headers={"cache-control": PUBLIC})


async def told(request: Request) -> Response:
    return JSONResponse(asked)


app = ConsentMiddleware(
    Starlette(
        routes=[
            Route("/page/{name}", page),
            Route("/welcome", welcome),
            Route("/prices", prices),
            Route("/told", told),
        ]
    ),
    settings={**SHOP, "delivery": os.environ.get("DELIVERY", "visitor")},
)
