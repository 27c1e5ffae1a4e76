"""The demo as one ASGI app: the site behind the middleware, and the third parties by host name."""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.requests import Request as StarletteRequest

from asgi_consent.demo.site import Site
from asgi_consent.demo.third_parties import HOSTS, World
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.settings import Settings, load_settings
from asgi_consent.types import Receive, Scope, Send

SETTINGS = Path(__file__).with_name("consent.toml")


class Demo:
    """`protected` is the site with the middleware; `world` has the log of the third parties."""

    def __init__(self, settings: Settings | None = None, secret_key: str | None = None) -> None:
        self.world = World()
        self.site = Site(self.world)
        self.protected = ConsentMiddleware(
            self.site.app(),
            settings=settings or load_settings(SETTINGS),
            secret_key=secret_key or secrets.token_urlsafe(32),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = StarletteRequest(scope, receive)
            if request.url.hostname in HOSTS:
                response = await self.world(request)
                await response(scope, receive, send)
                return
        await self.protected(scope, receive, send)
