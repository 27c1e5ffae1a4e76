"""What a request costs: CPU time that the middleware adds to an app.

    python benchmarks/request.py

One that is no page next to Starlette's SessionMiddleware, which reads a signed cookie as well; a
page of 100 kB next to its GZipMiddleware, which has to read a page as well. No server is in it, so
these are the middleware's own microseconds; read the ratio.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from itsdangerous import TimestampSigner
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware

from asgi_consent import ConsentMiddleware
from asgi_consent.consent import Consent, Status
from asgi_consent.signing import ConsentSigner
from asgi_consent.types import App, Message, Receive, Scope, Send

KEY = secrets.token_urlsafe(32)
_ROUNDS, _REQUESTS, _PAGES = 9, 2000, 100
_BODY = b'{"stock":5}'
#: what Chromium sends with a fetch() of a page's own
_HEADERS = [
    (b"host", b"shop.example"),
    (b"connection", b"keep-alive"),
    (b"sec-ch-ua-platform", b'"Linux"'),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156 Safari/537.36"),
    (b"sec-ch-ua", b'"Chromium";v="156", "Not=A?Brand";v="24"'),
    (b"sec-ch-ua-mobile", b"?0"),
    (b"accept", b"*/*"),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"cors"),
    (b"sec-fetch-dest", b"empty"),
    (b"referer", b"https://shop.example/cameras"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"en-GB,en;q=0.9"),
]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"11")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def _page(number: int) -> bytes:
    """100 kB with 120 elements that fetch, 40 of them from others."""
    row = (
        b'<article id="a%d"><h2>Camera</h2><p>' + b"Made to be repaired. " * 32 + b"</p>"
        b'<a href="/c/%d">More</a><img src="/i/%d.avif" alt=""><img src="/j/%d.avif" alt="">'
        b'<img src="https://www.google-analytics.com/collect?c=%d" alt=""></article>'
    )
    rows = b"".join(row % ((at + number,) * 5) for at in range(120))
    return b'<!doctype html><html lang="en"><head><title>Cameras</title></head><body>' + rows


class Pages:
    """An app that sends the same page again and again, or each time another one."""

    def __init__(self, *, same: bool) -> None:
        self._same = same
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._sent += not self._same
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _page(self._sent)})


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    pass


#: and with a navigation
_NAVIGATES = {
    b"accept": b"text/html",
    b"sec-fetch-mode": b"navigate",
    b"sec-fetch-dest": b"document",
}


def _scope(cookies: bytes, *, navigates: bool = False) -> Scope:
    headers = [*_HEADERS, (b"cookie", cookies)] if cookies else list(_HEADERS)
    if navigates:
        headers = [(name, _NAVIGATES.get(name, value)) for name, value in headers]
    return {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"},
        **{"scheme": "https", "path": "/api/stock", "raw_path": b"/api/stock", "root_path": ""},
        **{"query_string": b"", "headers": headers, "client": ("192.0.2.1", 50000)},
    }


async def _cost(of: App, cookies: bytes, *, pages: bool = False) -> float:
    """µs of CPU time a request, the best of several rounds."""
    best = float("inf")
    requests = _PAGES if pages else _REQUESTS
    for _ in range(_ROUNDS):
        scopes = [_scope(cookies, navigates=pages) for _ in range(requests)]
        started = time.process_time()
        for scope in scopes:
            await of(scope, _receive, _send)
        best = min(best, (time.process_time() - started) / requests * 1e6)
    return best


async def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASGI_CONSENT_LEDGER"] = f"sqlite:///{Path(folder) / 'ledger.db'}"
        ours, session = ConsentMiddleware(app, secret_key=KEY), SessionMiddleware(app, KEY)
        stored = base64.b64encode(json.dumps({"user": 5}).encode())
        first = b"session=" + TimestampSigner(KEY).sign(stored)
        print(f"{'':<34}{'bare':>8}{'sessions':>10}{'ours':>8}{'ours : sessions':>18}   µs")
        for what, cookies in (
            ("no cookie", b""),
            ("the app's own session", first),
            ("and a consent", first + b"; __Host-asgi_consent=" + _consent()),
        ):
            bare = await _cost(app, cookies)
            rival, added = await _cost(session, cookies) - bare, await _cost(ours, cookies) - bare
            print(f"{what:<34}{bare:8.1f}{rival:10.1f}{added:8.1f}{added / rival:18.1f}")
        print(
            f"\n{'a page of 100 kB':<34}{'bare':>8}{'gzip':>10}{'ours':>8}{'ours : gzip':>18}   µs"
        )
        for what, same in (("each time another", False), ("seen before", True)):
            site = Pages(same=same)
            ours, zipped = ConsentMiddleware(site, secret_key=KEY), GZipMiddleware(site)
            bare = await _cost(site, b"", pages=True)
            rival, added = [await _cost(of, b"", pages=True) - bare for of in (zipped, ours)]
            print(f"{what:<34}{bare:8.1f}{rival:10.1f}{added:8.1f}{added / rival:18.2f}")
    return 0


def _consent() -> bytes:
    signer = ConsentSigner([KEY], revisions={1}, lifetime=timedelta(days=180))
    given = Consent(
        status=Status.GIVEN,
        categories=frozenset(("statistics",)),
        subject_id=secrets.token_urlsafe(16),
        record_id=secrets.token_urlsafe(16),
        revision=1,
        time=int(time.time()) - 60,
        answered=True,
    )
    return signer.write(given)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
