"""The decent site that all of them are: it asks, waits, forgets when told to, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

YEAR = 365 * 24 * 3600
UNDECIDED, YES, NO, WITHDRAWN = "", "yes", "no", "withdrawn"

BUTTON = (
    "font:600 16px sans-serif;padding:10px 20px;border:1px solid #223;background:#223;color:#fff"
)


@dataclass
class View:
    """One page that is being made for a visitor in a certain state."""

    state: str
    path: str
    port: int
    gpc: bool
    head: str = ""
    body: str = ""
    banner: str = ""
    answers: str = (
        f'<button name="choice" value="no" style="{BUTTON}">Reject all</button> '
        f'<button name="choice" value="yes" style="{BUTTON}">Accept all</button>'
    )
    boxes: str = '<label><input type="checkbox" name="statistics"> Statistics</label>'
    dialog_answers: str = '<button name="choice" value="no">Reject all</button> <button name="choice" value="save">Save my choices</button>'
    footer: str = '<a href="#" id="reopen">Cookie settings</a>'
    text: str = f"<p>{'A page about cameras, long enough to be scrolled. ' * 12}</p>" * 9
    probe: bool = True
    script: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def at(self, name: str, path: str = "", scheme: str = "http") -> str:
        """An address at a third party that nobody declared."""
        return f"{scheme}://{name}.others.localhost:{self.port}{path}"

    def sets(self, cookie: str) -> None:
        self.headers.append(("set-cookie", cookie))


Feature = Callable[[View], None]


def _html(view: View) -> str:
    reopen = (
        "document.getElementById('reopen')?.addEventListener('click', (e) => { e.preventDefault();"
        "document.getElementById('layer').showModal(); });"
        "document.getElementById('more')?.addEventListener('click', () => "
        "document.getElementById('layer').showModal());"
    )
    probe = (
        "try { localStorage.length } catch { document.getElementById('banner')?.remove() }"
        if view.probe
        else ""
    )
    asks = view.state == UNDECIDED and view.answers
    banner = (
        '<section id="banner" style="position:fixed;bottom:0;left:0;right:0;background:#fff;'
        'padding:20px;border-top:2px solid #223"><p>May we use cookies?</p>'
        f'<form method="post" action="/choice">{view.answers} <button type="button" id="more">'
        f"Choose</button></form>{view.banner}</section>"
        if asks
        else ""
    )
    layer = (
        '<dialog id="layer"><h2>Cookie choices</h2><form method="post" action="/choice">'
        f"{view.boxes}<p>{view.dialog_answers}</p></form></dialog>"
    )
    if view.state == YES:
        view.body += f'<script src="{view.at("tracker", "/t.js")}"></script>'
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{view.path}</title>'
        f'<link rel="icon" href="data:,">{view.head}</head><body><nav><a href="/">Home</a> '
        f'<a href="/second">Second</a></nav>{view.body}{view.text}<footer>{view.footer}</footer>'
        f"{banner}{layer}<script>{reopen}{probe}{view.script}</script></body></html>"
    )


_FETCHES = (
    "addEventListener('install', (e) => e.waitUntil?.(fetch('{0}', {{mode: 'no-cors'}}).catch(() => 0)));"
    "if (!('clients' in self)) fetch('{0}', {{mode: 'no-cors'}});"
)


async def answer(request: Request, feature: Feature) -> Response:
    path, port = request.url.path, request.url.port or 80
    if path == "/choice":
        return await _choice(request, feature)
    if path.startswith("/fetches"):
        target = "/own.gif" if "own" in path else f"http://background.others.localhost:{port}/f"
        return Response(_FETCHES.format(target), media_type="text/javascript")
    if path.startswith("/own"):
        return Response(b"", media_type="image/gif")
    state = request.cookies.get("cookie_choice", UNDECIDED)
    view = View(state, path, port, gpc=request.headers.get("sec-gpc") == "1")
    feature(view)
    answer = HTMLResponse(_html(view), headers={"cache-control": "no-store"})
    for name, value in view.headers:
        answer.headers.append(name, value)
    return answer


async def _choice(request: Request, feature: Feature) -> Response:
    form = await request.form()
    before = request.cookies.get("cookie_choice", UNDECIDED)
    choice = YES if form.get("choice") == "yes" else WITHDRAWN if before == YES else NO
    answer = RedirectResponse("/", status_code=303)
    view = View(choice, "/choice", 80, gpc=False)
    feature(view)
    session = ("x-session-choice", "1") in view.headers
    answer.set_cookie("cookie_choice", choice, max_age=None if session else 180 * 24 * 3600)
    for name in ("_visits", "_metrics"):
        if choice != YES and name in request.cookies:
            answer.delete_cookie(name)
    return answer


def third_party(request: Request) -> Response:
    path = request.url.path
    kinds = {".js": "text/javascript", ".css": "text/css", ".gif": "image/gif"}
    kind = next((kind for ending, kind in kinds.items() if path.endswith(ending)), "text/plain")
    return Response(b"", media_type=kind, headers={"access-control-allow-origin": "*"})
