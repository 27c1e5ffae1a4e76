"""A site with next to nothing on it, any policy of its own, and third parties that answer all."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import App, Receive, Scope, Send
from e2e.world import SECRET_KEY, SITE

THIRD_PARTY = "legacy.localhost"
_WORKER = "fetch(decodeURIComponent(location.search.slice(1)), { mode: 'no-cors' }).catch(() => {})"
_SERVICES = [
    {"id": "films", "name": "Films", "category": "marketing", "hosts": ["films.localhost"],
     "cookies": ["films*"], "storage": ["films*"]},
    {"id": "basket", "name": "Basket", "category": "necessary", "purpose": "Keeps it",
     "cookies": ["basket*"], "storage": ["basket*"]},
    {"id": "push", "name": "Push", "category": "marketing", "hosts": ["/push-worker.js"]},
]  # fmt: skip


async def _page(request: Request) -> Response:
    policy, meta = request.query_params.get("policy"), request.query_params.get("meta", "")
    if meta:
        meta = f'<meta http-equiv="Content-Security-Policy" content="{meta}">'
    return HTMLResponse(
        f"<!doctype html><html><head><title>site</title>{meta}</head><body><h1>Site</h1>"
        f"{request.query_params.get('body', '')}</body></html>",
        headers={"content-security-policy": policy} if policy else {},
    )


async def _worker(request: Request) -> Response:
    return Response(_WORKER, media_type="text/javascript")


def _answer(path: str) -> Response:
    """Of a third party: a script that says its name where the path is /say/name."""
    kind, _, name = path.strip("/").partition("/")
    code = f"(window.order ??= []).push({name!r})" if kind == "say" else "/**/"
    status = 404 if kind == "missing" else 200
    headers = {"access-control-allow-origin": "*"}
    return Response(code, status, headers, media_type="text/javascript")


class BareSite:
    """The settings of the middleware are the arguments."""

    def __init__(self, **settings: Any) -> None:
        site = Starlette(
            routes=[
                Route("/worker-that-fetches.js", _worker),
                Route("/push-worker.js", _worker),
                Route("/{path:path}", _page),
            ]
        )
        self.protected: App = ConsentMiddleware(
            site,
            settings={"catalogue": {"use": False}, "services": _SERVICES, **settings},
            secret_key=SECRET_KEY,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode().rpartition(":")[0]
        if host == SITE:
            await self.protected(scope, receive, send)
        elif scope["path"].startswith("/slow/"):
            await asyncio.sleep(1)
            await _answer(scope["path"].replace("/slow/", "/say/"))(scope, receive, send)
        elif scope["path"].startswith("/hang/"):  # it never answers
            while (await receive())["type"] != "http.disconnect":
                pass
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await _answer(scope["path"])(scope, receive, send)
