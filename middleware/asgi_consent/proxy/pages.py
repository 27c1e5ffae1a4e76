"""The few pages that are our own: what visitors see when there is no answer from the site."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from asgi_consent.assets import TEMPLATES
from asgi_consent.types import Headers, Scope, Send

_TEXTS = {
    400: ("This request cannot be read", "Please go back and try again."),
    404: ("There is no such page", "Perhaps it has moved."),
    405: ("Not this way", "This address does not take such requests."),
    408: ("That took too long", "The rest of your request did not arrive. Please try again."),
    501: ("This request cannot be read", "Please go back and try again."),
    502: ("The site cannot be reached", "Please try again in a few minutes."),
    504: ("The site takes too long to answer", "Please try again in a few minutes."),
    508: ("The site cannot be reached", "Its address leads in a circle."),
}
_RETRY = 30  # seconds


class Pages:
    def __init__(self, site_name: str = "") -> None:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
        )
        template = environment.get_template("no_answer.html")
        self._bodies = {
            status: template.render(title=title, message=message, site_name=site_name).encode()
            for status, (title, message) in _TEXTS.items()
        }

    async def send(
        self, send: Send, scope: Scope, status: int, headers: Headers | None = None
    ) -> None:
        body = self._bodies[status]
        head = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            *(headers or []),
        ]
        if status in (502, 504):
            head.append((b"retry-after", b"%d" % _RETRY))
        await send({"type": "http.response.start", "status": status, "headers": head})
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent})
