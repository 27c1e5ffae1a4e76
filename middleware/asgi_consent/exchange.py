"""One request to our own addresses, and its answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from asgi_consent.decision import Decision
from asgi_consent.http.headers import media_type
from asgi_consent.http.request import Request
from asgi_consent.languages import N_
from asgi_consent.types import Header, Headers, Receive, Send

LARGEST_BODY = 16 * 1024  # bytes of a choice or a report
_SINGULAR = {"categories": "category", "services": "service"}


class Refusal(Exception):
    """A request that is answered with an error page."""

    def __init__(
        self, status: int, title: str, message: str, headers: Headers | None = None
    ) -> None:
        self.status, self.title, self.message = status, title, message
        self.headers = headers or []
        super().__init__(title)


NOTHING_HERE = Refusal(404, N_("Nothing here"), N_("There is no page at this address."))


class Fields:
    """The fields of a form or a JSON object, each a list of texts."""

    def __init__(self, fields: Mapping[str, list[str]], *, from_script: bool = False) -> None:
        self._fields = fields
        self.from_script = from_script

    def returning_to(self, address: str) -> Fields:
        return Fields({**self._fields, "return": [address]}, from_script=self.from_script)

    def first(self, name: str) -> str:
        return next(iter(self._fields.get(name, ())), "")

    def all(self, name: str) -> list[str]:
        return self._fields.get(name, [])


class Exchange:
    """One request to us, and its answer."""

    def __init__(self, request: Request, decision: Decision, receive: Receive, send: Send) -> None:
        self.request = request
        self.decision = decision
        #: the language that the form or the address names, before those the browser asks for
        self.languages: tuple[str, ...] = (self.query("lang"), *request.languages)
        self.has_begun = False  # whether some of the answer was sent
        self._receive = receive
        self._send = send

    def query(self, name: str) -> str:
        text = (self.request.scope.get("query_string") or b"").decode("latin-1")
        try:
            return next(iter(parse_qs(text, max_num_fields=20).get(name, ())), "")
        except ValueError:  # more fields than any address of ours has
            return ""

    @property
    def wants_json(self) -> bool:
        accept = self.request.header(b"accept") or b""
        sent = media_type(self.request.headers)
        return b"application/json" in accept or sent == b"application/json"

    async def body(self, largest: int = LARGEST_BODY) -> bytes:
        """At most `largest` bytes. Raises Refusal."""
        body = b""
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise Refusal(
                    400, N_("Not understood"), "The request ended before it was complete."
                )
            body += bytes(message.get("body", b""))
            if len(body) > largest:
                raise Refusal(
                    413, N_("Not understood"), "What belongs here is much smaller than this."
                )
            if not message.get("more_body"):
                return body

    async def fields(self, largest: int = LARGEST_BODY) -> Fields:
        body = await self.body(largest)
        try:
            if media_type(self.request.headers) == b"application/json":
                return Fields(_json_fields(json.loads(body)), from_script=True)
            fields = Fields(parse_qs(body.decode("utf-8"), max_num_fields=1000))
        except (ValueError, RecursionError):
            raise Refusal(400, N_("Not understood"), "The choice could not be read.") from None
        self.languages = (fields.first("lang"), *self.languages)
        return fields

    async def redirect(self, address: str, headers: Headers) -> None:
        location: Header = (b"location", address.encode("ascii"))
        await self.answer(303, "", b"", [location, *headers])

    async def answer_json(self, status: int, value: object, headers: Headers | None = None) -> None:
        body = json.dumps(value).encode()
        await self.answer(status, "application/json", body, headers)

    async def stream(self, kind: str, pieces: AsyncIterator[bytes], headers: Headers) -> None:
        head = [(b"content-type", kind.encode()), (b"cache-control", b"no-store"), *headers]
        start = {"type": "http.response.start", "status": 200, "headers": head}
        self.has_begun = True
        await self._send(start)
        if self.request.method != "HEAD":
            async for piece in pieces:
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def answer(
        self,
        status: int,
        kind: str,
        body: bytes,
        headers: Headers | None = None,
        *,
        cache: str = "no-store",
    ) -> None:
        head: Headers = [
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", cache.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        if kind:
            head.append((b"content-type", kind.encode()))
        start = {"type": "http.response.start", "status": status, "headers": head + (headers or [])}
        self.has_begun = True
        await self._send(start)
        sent = b"" if self.request.method == "HEAD" else body
        await self._send({"type": "http.response.body", "body": sent})


def _json_fields(value: Any) -> dict[str, list[str]]:
    """`{"choice": "save", "categories": ["statistics"]}` as form fields."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    fields: dict[str, list[str]] = {}
    for key, found in value.items():
        items = found if isinstance(found, list) else [found]
        name = str(key)
        fields[_SINGULAR.get(name, name)] = [str(item) for item in items]
    return fields
