"""How long a verify and a scan take: python benchmarks/audit.py

Each is told in seconds, and in browser starts (profile, network log, one page, end), measured in
the same run: on a busy machine both grow alike. Budgets: a full verify of the demo in 30 s, a scan
of 20 pages in 90 s, on two cores that have nothing else to do.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from e2e.world import serving
from playwright.sync_api import Playwright, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from asgi_consent.audit.scan import ScanPlan, scan
from asgi_consent.audit.session import Session
from asgi_consent.audit.verify import Plan, verify
from asgi_consent.audit.wall import wall
from asgi_consent.demo.app import Demo
from asgi_consent.middleware import ConsentMiddleware

_PAGES = 20
_STARTS = 3


def browser_start(playwright: Playwright, url: str) -> float:
    """Seconds, the median of a few."""
    with wall(allow_private=True) as walled, tempfile.TemporaryDirectory() as folder:
        return statistics.median(
            timed(lambda at=at: one_visit(playwright, walled, Path(folder) / str(at), url))
            for at in range(_STARTS)
        )


def one_visit(playwright: Playwright, walled: object, folder: Path, url: str) -> None:
    session = Session(playwright, walled, folder)  # type: ignore[arg-type]
    session.opens(url)
    session.close()


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


async def _page(request: Request) -> HTMLResponse:
    links = "".join(f'<a href="/page/{number}">{number}</a> ' for number in range(_PAGES))
    return HTMLResponse(f"<!doctype html><title>page</title><body>{links}<p>{'text ' * 2000}</p>")


def many_pages() -> ConsentMiddleware:
    app = Starlette(routes=[Route("/", _page), Route("/page/{number}", _page)])
    return ConsentMiddleware(app, secret_key=os.urandom(32).hex())


def main() -> None:
    os.environ["ASGI_CONSENT_LEDGER"] = "off"  # nobody needs a record of these visitors
    with sync_playwright() as playwright, serving(Demo()) as demo, serving(many_pages()) as many:
        demo_url, many_url = f"http://127.0.0.1:{demo}/cameras/m1", f"http://127.0.0.1:{many}/"
        start = browser_start(playwright, demo_url)
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        print(f"{load}; a browser start {start:.2f} s")
        for name, budget, work in (
            (
                "verify of the demo",
                30,
                lambda: verify(Plan([demo_url], allow_private=True), playwright=playwright),
            ),
            (
                f"scan of {_PAGES} pages",
                90,
                lambda: scan(ScanPlan([many_url], allow_private=True), playwright=playwright),
            ),
        ):
            seconds = timed(work)
            print(f"{name:<20} {seconds:5.1f} s of {budget}, {seconds / start:4.1f} browser starts")


if __name__ == "__main__":
    main()
