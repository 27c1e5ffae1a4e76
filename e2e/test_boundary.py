"""Whatever a hostile script tries, in whatever realm: the third party's log stays empty."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import App, Receive, Scope, Send
from e2e.attempts import ATTEMPTS, BEYOND_ANY_POLICY, FRESH_REALMS, attempts
from e2e.conftest import Visit
from e2e.visitor import Visitor
from e2e.world import SITE, Recorder, serving

THIRD_PARTY = "legacy.localhost"
_WORKER = "fetch(decodeURIComponent(location.search.slice(1)), { mode: 'no-cors' }).catch(() => {})"
_SERVICES = [
    {"id": "films", "name": "Films", "category": "marketing", "hosts": ["films.localhost"]}
]


async def _page(request: Request) -> Response:
    headers = {}
    if policy := request.query_params.get("policy"):
        headers["content-security-policy"] = policy
    return HTMLResponse(
        "<!doctype html><html><head><title>site</title></head><body><h1>Site</h1></body></html>",
        headers=headers,
    )


async def _worker(request: Request) -> Response:
    return Response(_WORKER, media_type="text/javascript")


class Site:
    """A site behind the middleware, and third parties that answer anything."""

    def __init__(self, **settings: Any) -> None:
        site = Starlette(
            routes=[Route("/worker-that-fetches.js", _worker), Route("/{path:path}", _page)]
        )
        self.protected: App = ConsentMiddleware(
            site,
            settings={"catalogue": {"use": False}, "services": _SERVICES, **settings},
            secret_key=secrets.token_urlsafe(32),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode().rpartition(":")[0]
        if host == SITE:
            await self.protected(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await Response("/**/", media_type="text/javascript")(scope, receive, send)


@pytest.fixture
def site(request: pytest.FixtureRequest, visit: Visit) -> Iterator[Visitor]:
    """A visitor of such a site; its settings are the parameter."""
    recorder = Recorder(Site(**getattr(request, "param", {})))
    with serving(recorder) as port:
        visitor = visit()
        visitor.port, visitor.recorder = port, recorder
        yield visitor


def tries_everything(visitor: Visitor, realm: str = "own") -> None:
    """Try all with one realm's functions, and wait for what takes longest: a worker's request."""
    visitor.opens("/")
    origin = visitor.address("", THIRD_PARTY)
    visitor.page.evaluate(f"({attempts(origin)})({FRESH_REALMS[realm]})")
    visitor.page.evaluate("new Worker('/worker-that-fetches.js?' + encodeURIComponent('/last'))")
    visitor.waits_for(SITE, "/last")


@pytest.mark.clause("C16", "C34")
@pytest.mark.parametrize("realm", FRESH_REALMS)
def test_nothing_that_scripts_try_reaches_anybody(site: Visitor, realm: str) -> None:
    tries_everything(site, realm)
    site.leaves()

    assert {arrival.path.strip("/") for arrival in site.sent()} <= BEYOND_ANY_POLICY


@pytest.mark.parametrize("site", [{"mode": "observe"}], indirect=True)
def test_all_of_it_reaches_somebody_where_we_only_observe(site: Visitor) -> None:
    """The control: every attempt is one that works."""
    tries_everything(site)

    for name in ATTEMPTS:
        site.waits_for(THIRD_PARTY, f"/{name}")
