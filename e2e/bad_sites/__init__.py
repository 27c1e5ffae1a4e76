"""Small sites, each breaking one rule in a way seen in the wild, and its good twin beside it.

All of them are one decent site with one feature added. `verify` has to fail exactly the check that a
bad site is made for, and none of a good twin.
"""

from __future__ import annotations

from starlette.requests import Request

from asgi_consent.types import Receive, Scope, Send
from e2e.bad_sites import afterwards, asking, before
from e2e.bad_sites.decent import Feature, answer, third_party
from e2e.bad_sites.table import SITES, BadSite

__all__ = ["SITES", "BadSite", "Lab", "afterwards", "asking", "before"]


class Lab:
    """Every site by its host name, bad as `name`, good as `good-name`, and the third parties."""

    def __init__(self) -> None:
        self.features: dict[str, Feature] = {"decent.localhost": lambda view: None}
        for one in SITES:
            self.features[f"{one.name}.localhost"] = one.bad
            if one.good is not None:
                self.features[f"good-{one.name}.localhost"] = one.good

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
            return
        request = Request(scope, receive)
        host = (request.url.hostname or "").lower()
        feature = self.features.get(host)
        found = third_party(request) if feature is None else await answer(request, feature)
        await found(scope, receive, send)
