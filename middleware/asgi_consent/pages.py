"""Our own pages, as answers: the preferences, the visitor's rights, what went wrong."""

from __future__ import annotations

from typing import Any

from asgi_consent.banner.render import Banner
from asgi_consent.exchange import Exchange, Refusal
from asgi_consent.types import Header, Headers

_HTML = "text/html; charset=utf-8"
# They need nothing but their style sheet and their forms.
_POLICY = (
    b"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)


class Pages:
    def __init__(self, banner: Banner) -> None:
        self._banner = banner

    async def send(
        self,
        exchange: Exchange,
        status: int,
        name: str,
        address: str,
        headers: Headers | None = None,
        *,
        scripts: bool = False,
        **more: Any,
    ) -> None:
        """`name` is that of its template, `address` where its way back leads to; `scripts`: it has
        a script of ours."""
        request, language = exchange.request, self.language(exchange)
        more["secure"] = request.secure
        body = self._banner.page(name, exchange.decision, request.root, address, language, **more)
        policy = _POLICY + (b"; script-src 'self'" if scripts else b"")
        head: Header = (b"content-security-policy", policy)
        await exchange.answer(status, _HTML, body, [head, *(headers or [])])

    def language(self, exchange: Exchange) -> str:
        """The tag of the language to answer in."""
        return self._banner.language(*exchange.languages)

    async def refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        if exchange.wants_json:
            error = {"error": refusal.message}
            await exchange.answer_json(refusal.status, error, refusal.headers)
            return
        await self.send(
            exchange,
            refusal.status,
            "error",
            exchange.request.root + "/",
            refusal.headers,
            title=refusal.title,
            message=refusal.message,
        )
