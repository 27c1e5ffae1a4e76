"""Pages that would hold up a run: dialogs, popups, downloads, what never ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from asgi_consent.audit.session import Session
from asgi_consent.audit.verify import Plan, UnreachableError, verify
from asgi_consent.audit.wall import wall
from asgi_consent.types import Receive, Scope, Send
from e2e.world import serving

PAGES = {
    "/dialogs": "<script>alert(1); confirm(2); addEventListener('beforeunload', (e) => "
    "e.preventDefault()); localStorage.seen = 1</script>",
    "/popups": "<script>for (let i = 0; i < 5; i++) open('/other'); localStorage.seen = 1</script>",
    "/download": "<script>localStorage.seen = 1</script><a id=a href=/file download>f</a>"
    "<script>a.click()</script>",
    "/busy": "<script>localStorage.seen = 1; setTimeout(() => { for (;;); }, 300)</script>",
    "/endless": "<script>localStorage.seen = 1</script><img src=/stream>",
    "/other": "other",
}


async def _awkward(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    path = scope["path"]
    type_ = b"application/octet-stream" if path == "/file" else b"text/html"
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", type_)]}
    await send(start)
    if path == "/stream":
        await send({"type": "http.response.body", "body": b"GIF89a", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
    body = f"<!doctype html><body>{PAGES.get(path, '')}".encode()
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(_awkward) as port:
        yield port


@pytest.mark.parametrize("path", ["/dialogs", "/popups", "/download", "/endless"])
def test_page_is_looked_at_and_left(
    playwright: Playwright, port: int, tmp_path: Path, path: str
) -> None:
    with wall(allow_private=True) as walled:
        session = Session(playwright, walled, tmp_path, patience=1)
        session.opens(f"http://127.0.0.1:{port}{path}")

        assert [item.name for item in session.looks().items if item.name != "popup"] == ["seen"]
        assert session.context.pages == [session.page]
        session.leaves()
        contacts, _ = session.close()

    assert {contact.host for contact in contacts} == {"127.0.0.1"}


def test_busy_script_does_not_hold_up_a_run(
    playwright: Playwright, port: int, tmp_path: Path
) -> None:
    with wall(allow_private=True) as walled:
        session = Session(playwright, walled, tmp_path, patience=1)
        session.opens(f"http://127.0.0.1:{port}/busy")
        session.page.wait_for_timeout(500)
        start = time.monotonic()

        assert session.looks().items == []  # nothing can be asked of it

        session.close()
    assert time.monotonic() - start < 60


def test_site_that_does_not_answer_is_said_plainly(playwright: Playwright) -> None:
    with serving(_awkward) as port:
        pass

    with pytest.raises(UnreachableError, match="does not answer"):
        verify(Plan([f"http://127.0.0.1:{port}/"], allow_private=True), playwright=playwright)


@pytest.mark.threat("T18")
def test_redirect_to_a_private_address_is_not_followed(
    playwright: Playwright, tmp_path: Path
) -> None:
    """The wall refuses it whoever asks: here the page itself is the private address."""
    with serving(_awkward) as port, wall(allow_private=False, ports=frozenset((port,))) as walled:
        session = Session(playwright, walled, tmp_path, patience=1)
        answer = session.opens(f"http://127.0.0.1:{port}/other")
        session.close()

    assert answer is not None
    assert answer.status == 502
    assert "private address" in next(one.refused for one in walled.passages if one.port == port)
