"""The demo's third parties: each on a host of its own, each counting what reaches it.

They do what the real ones do: set cookies, write to storage, load each other, send a beacon when
the page closes. Nothing here knows about consent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

_PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_YEAR = 365 * 24 * 3600

#: host → what it is, for the page that shows the counts
HOSTS = {
    "analytics.localhost": "Tally, analytics: a script with a cookie, storage and a beacon",
    "ads.localhost": "Adlane, ads: pixels in img and noscript, and a script",
    "tags.localhost": "Tagbox, tag manager: a script that inserts others",
    "video.localhost": "Reelhouse, video: a frame",
    "maps.localhost": "Wayfinder, maps: a frame",
    "fonts.localhost": "Typeshelf, web fonts: a style sheet",
    "chat.localhost": "Parlour, chat: a widget",
    "hints.localhost": "Prefetch.io, only hinted at: preconnect and preload, in tags and a header",
    "mystery.localhost": "nobody knows: inserted by the tag manager, never declared",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One request that reached a third party."""

    host: str
    path: str
    cookie: str
    referrer: str


@dataclass
class World:
    """Everything that reached the third parties, in order."""

    hits: list[Hit] = field(default_factory=list[Hit])

    def counts(self) -> Counter[str]:
        return Counter(hit.host for hit in self.hits)

    async def __call__(self, request: Request) -> Response:
        host = (request.url.hostname or "").lower()
        path = request.url.path
        if path == "/favicon.ico":
            return Response(status_code=404)
        if path == "/" and host in HOSTS:
            return HTMLResponse(f"<h1>{host}</h1><p>{self.counts()[host]} requests reached me.</p>")
        self.hits.append(
            Hit(
                host,
                path,
                request.headers.get("cookie", ""),
                request.headers.get("referer", ""),
            )
        )
        response = _answer(host, path, f"{request.url.scheme}://{{}}:{request.url.port}")
        response.headers["access-control-allow-origin"] = "*"
        response.headers["cache-control"] = "no-store"
        if host not in ("fonts.localhost", "hints.localhost"):
            response.set_cookie(
                host.partition(".")[0] + "_id",
                "x7f3a9",
                max_age=_YEAR,
                samesite="none",
                secure=True,
            )
        return response


def _answer(host: str, path: str, url: str) -> Response:
    name = host.partition(".")[0]
    if path.endswith(".gif"):
        return Response(_PIXEL, media_type="image/gif")
    if path.endswith(".css"):
        return Response(_FONT_CSS, media_type="text/css")
    if path.endswith(".js") and name in _SCRIPTS:
        script = _SCRIPTS[name]
        for host in HOSTS:
            script = script.replace(f"//{host}", url.format(host))
        return Response(script, media_type="text/javascript")
    if path.startswith("/embed") and name in _FRAMES:
        return HTMLResponse(_FRAMES[name])
    return PlainTextResponse("ok")


_SCRIPTS = {
    "analytics": """
(() => {
  const id = Math.random().toString(36).slice(2);
  document.cookie = `_tally=${id}; path=/; max-age=34000000`;
  localStorage.setItem("tally_visitor", id);
  sessionStorage.setItem("tally_session", id);
  indexedDB.open("tally_events", 1);
  const page = encodeURIComponent(location.pathname);
  fetch("//analytics.localhost/collect?page=" + page, { mode: "no-cors" });
  addEventListener("pagehide", () => navigator.sendBeacon("//analytics.localhost/leave"));
  document.documentElement.dataset.tally = "on";
})();
""",
    "ads": """
document.cookie = "_adlane=42; path=/; max-age=7776000";
localStorage.setItem("adlane_segment", "photography");
new Image().src = "//ads.localhost/view.gif";
""",
    "tags": """
for (const url of ["//ads.localhost/adlane.js", "//mystery.localhost/m.js"]) {
  const script = document.createElement("script");
  script.src = url;
  document.head.append(script);
}
""",
    "chat": """
addEventListener("DOMContentLoaded", () => {
  document.cookie = "parlour_talk=1; path=/; max-age=15000000";
  localStorage.setItem("parlour_open", "no");
  const button = Object.assign(document.createElement("button"), {
    className: "chat",
    textContent: "Ask us",
    onclick: () => alert("Nobody is here: this is a demo."),
  });
  document.body.append(button);
});
""",
    "mystery": "localStorage.setItem('mystery', '1'); document.cookie = 'mystery=1; path=/';",
    "hints": "/* a hint that was followed */",
}

_FONT_CSS = """
@font-face { font-family: "Typeshelf Grotesk"; src: local("Avenir Next"), local("Futura"); }
:root { --display: "Typeshelf Grotesk", system-ui, sans-serif; }
"""

_FRAME = """<!doctype html><meta charset="utf-8"><title>{title}</title><style>
html, body {{ height: 100%; margin: 0; }}
body {{ display: grid; place-items: center; font: 600 1rem system-ui; color: #fff;
  background: {background}; }}
</style><p>{text}</p>
<script>document.cookie = "{cookie}=1; SameSite=None; Secure; max-age=15000000"</script>"""
_FRAMES = {
    "video": _FRAME.format(
        title="Reelhouse",
        text="▶ Reelhouse: The M1 in the fjord",
        background="linear-gradient(160deg,#1b2735,#3a5a78)",
        cookie="reel",
    ),
    "maps": _FRAME.format(
        title="Wayfinder",
        text="⌖ Wayfinder: 3 dealers near you",
        background="linear-gradient(160deg,#2f5d50,#86a97d)",
        cookie="way",
    ),
}
