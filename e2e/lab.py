"""Pages that no decent site has: every way to fetch or store, by third parties and by scripts."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from asgi_consent.demo.app import SETTINGS
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import App

HOST = "lab.localhost"

#: page → its body; {t} is a third party that nobody declared
BODIES = {
    "plug-ins": (
        '<object classid="clsid:D27CDB6E-AE6D-11cf-96B8-444553540000" data="{t}/movie.swf">'
        '<embed src="{t}/embedded.swf" type="application/x-shockwave-flash"></object>'
    ),
    "elements": (
        '<img src="{t}/img.gif"><img srcset="{t}/srcset.gif 1x"><picture><source '
        'srcset="{t}/source.gif"><img alt=""></picture><iframe src="{t}/frame"></iframe>'
        '<iframe srcdoc="&lt;img src={t}/srcdoc.gif&gt;"></iframe><video src="{t}/v.mp4" '
        'poster="{t}/poster.gif" preload="auto"></video><audio src="{t}/a.mp3" preload="auto">'
        '</audio><embed src="{t}/e"><svg><image href="{t}/svg.gif" /></svg>'
        '<svg><script href="{t}/svg.js"></script></svg><div><template shadowrootmode="open">'
        '<img src="{t}/shadow.gif"></template></div><script src="{t}/s.js"></script>'
        '<script type="module" src="{t}/m.js"></script><noscript><img src="{t}/no.gif"></noscript>'
    ),
    "hints": (
        '<link rel="preload" as="image" href="{t}/preload.gif"><link rel="prefetch" '
        'href="{t}/prefetch"><link rel="modulepreload" href="{t}/mp.js"><link rel="stylesheet" '
        'href="{t}/s.css"><link rel="icon" href="{t}/icon.png">'
    ),
    "bases": (
        '<noscript><base href="{t}/"></noscript><img src="based.gif"><script src="based.js"></script>'
        '<base href="/own/"><base href="{t}/"><img src="based-again.gif">'
    ),
    # Without scripts what a noscript leaves open goes on behind it, and ends inside an attribute.
    "unfinished": "".join(
        f"<div><noscript>{start}</noscript><p title={quote}{end}<img src={{t}}/{at}.gif>{quote}></div>"
        for at, (start, end, quote) in enumerate(
            (
                ("<!--", "-->", '"'),
                ("<!-- --!", "-->", '"'),
                ("<textarea>", "</textarea>", '"'),
                ("<style>", "</style>", '"'),
                ("<script>", "</script>", '"'),
                ("<script><!--<script>", "</script></script>", '"'),
                ("<b title='", "'>", '"'),
                ('<b title="', '">', "'"),
                ("<textarea title='", "'></textarea>", '"'),
                ("<svg><![CDATA[", "]]>", '"'),
            )
        )
    ),
    "styles": (
        '<style>@import "{t}/import.css"; @import url({t}/import-url.css);'
        '@font-face {{ font-family: f; src: url("{t}/font.woff2") }}'
        "p {{ font-family: f; background: url({t}/p.gif) }} li {{ list-style-image: url('{t}/li.gif') }}"
        "i {{ --x: url({t}/x.gif); background: var(--x) }} b {{ cursor: url({t}/c.cur), auto;"
        'background: image-set("{t}/set.gif" 1x) }} u {{ background: u\\72l({t}/escaped.gif) }}</style>'
        "<p>p</p><ul><li>li</ul><i>i</i><b>b</b><u>u</u>"
        '<div style="background:url({t}/div.gif)">d</div><div hidden style="background:url({t}/h.gif)">'
        '</div><div style="background:url(&quot;{t}/quoted.gif&quot;)">q</div>'
        "<svg><style>rect {{ fill: url({t}/rect.svg#a) }} @import '{t}/svg.css';</style>"
        '<rect width="9" height="9" filter="url({t}/filter.svg#a)" mask="url({t}/mask.svg#a)"/></svg>'
        '<table background="{t}/table.gif"><tr><td background="{t}/td.gif">t</table>'
    ),
    "texts": (
        '<script type="importmap">{{"imports": {{"far": "{t}/far.js", "near": "/near.js"}}}}</script>'
        '<script type="module">import "{t}/static.js";</script>'
        '<script type="module">import "far";</script>'
        '<script>import("{t}/dynamic.js").catch(() => {{}});</script>'
        '<script type="speculationrules">{{"prefetch": [{{"source": "list", "urls": ["{t}/rules"],'
        '"eagerness": "immediate"}}]}}</script>'
        '<script src="data:text/javascript,import(%22{t}/data.js%22)"></script>'
        '<iframe src="data:text/html,<img src={t}/in-data.gif>"></iframe>'
        '<svg width="9" height="9"><image><set attributeName="href" to="{t}/set.gif" /></image></svg>'
    ),
    "refresh": '<meta http-equiv="refresh" content="0; url={t}/refreshed">',
    "clicks": '<a href="/plain" ping="{t}/ping">go</a>',
    "marked": (
        '<script src="{t}/gated.js" data-consent-gated="necessary"></script>'
        '<script src="{t}/marked.js" data-consent="necessary"></script>'
        '<img src="{t}/marked.gif" data-consent="necessary" data-consent-gated>'
        '<iframe srcdoc="<img src={t}/inner.gif>" data-consent="necessary"></iframe>'
    ),
    "scripted": (
        "<script>new Image().src = '{t}/image';"
        "for (const [tag, name] of [['script', 'src'], ['iframe', 'src'], ['img', 'srcset']]) {{"
        "  const one = document.createElement(tag); one[name] = '{t}/' + tag; document.body.append(one);"
        "  const two = document.createElement(tag); two.setAttribute(name, '{t}/set-' + tag);"
        "  document.body.append(two); }}"
        "const three = document.createElement('script'); three.src = new URL('{t}/url');"
        "document.body.append(three);"
        "fetch('{t}/fetch').catch(() => {{}}); navigator.sendBeacon('{t}/beacon');"
        "const x = new XMLHttpRequest(); x.open('GET', '{t}/xhr'); x.send();"
        "try {{ new WebSocket('{t}'.replace('http', 'ws')) }} catch {{}}"
        "const link = document.createElement('link'); link.href = '{t}/link'; link.rel = 'prefetch';"
        "document.head.append(link); const late = document.createElement('link');"
        "late.href = '{t}/late.css'; late.rel = 'author'; document.head.append(late);"
        "late.setAttribute('rel', 'stylesheet');"
        "let turn = 0; const picture = new Image();"
        "picture.src = {{ toString: () => turn++ ? '{t}/second' : '/own.gif' }};"
        "try {{ new EventSource('{t}/events') }} catch {{}}"
        "document.cookie = 'scripted=1'; cookieStore.set('stored', '1');"
        "Object.getOwnPropertyDescriptor(Document.prototype, 'cookie').set.call(document, 'low=1');"
        "document.title = document.cookie;</script>"
    ),
    "own-frame": '<iframe src="/plain" data-consent="statistics" width="400" height="200"></iframe>',
    "plain": "<p>nothing here</p>",
}


async def _page(request: Request) -> Response:
    third_party = f"http://legacy.localhost:{request.url.port}"
    name = request.path_params["name"]
    body = BODIES[name].format(t=third_party)
    page = HTMLResponse(
        f"<!doctype html><title>{name}</title><body>{body}", headers={"etag": '"1"'}
    )
    page.set_cookie("undeclared", "1", httponly=True)
    page.set_cookie("session", "1", httponly=True)
    return page


async def _layout(request: Request) -> Response:
    """A body that is a grid or flex container, as the query says."""
    style = f"body{{margin:0;{request.url.query.replace('%20', ' ')}}}"
    return HTMLResponse(f"<!doctype html><style>{style}</style><body><nav>n</nav><main>m</main>")


async def _worker(request: Request) -> Response:
    """A page with a service worker that passes everything on, as most do."""
    return HTMLResponse(
        "<!doctype html><title>worker</title><script>navigator.serviceWorker.register('/sw.js')</script>"
    )


async def _worker_script(request: Request) -> Response:
    code = (
        "addEventListener('install', () => skipWaiting());"
        "addEventListener('activate', (event) => event.waitUntil(clients.claim()));"
        "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));"
    )
    return Response(code, media_type="text/javascript")


async def _form(request: Request) -> Response:
    form = "<form method=post action=/order><button>Order</button></form>"
    return HTMLResponse(f"<!doctype html><title>form</title><body>{form}")


async def _order(request: Request) -> Response:
    film = f"http://video.localhost:{request.url.port}/film"
    return HTMLResponse(
        f"<!doctype html><title>order</title><body><p>Thank you</p><iframe src={film} width=400 "
        "height=300></iframe>"
    )


async def _redirect(request: Request) -> Response:
    response = RedirectResponse("/plain", status_code=302)
    response.set_cookie("on_redirect", "1")
    return response


async def _broken(request: Request) -> Response:
    response = HTMLResponse("<h1>broken</h1>", status_code=500)
    response.set_cookie("on_error", "1")
    return response


async def _path_cookie(request: Request) -> Response:
    """Statistics cookies with all that makes cookies hard to remove."""
    response = PlainTextResponse("set")
    response.set_cookie("_tally_http", "1", httponly=True)
    response.set_cookie("_tally_path", "1", path="/deep/down")
    response.set_cookie("_tally_both", "1", path="/deep", httponly=True)
    return response


def lab(secret_key: str) -> App:
    """The lab behind the middleware, with the demo's declarations."""
    app = Starlette(
        routes=[
            Route("/worker", _worker),
            Route("/sw.js", _worker_script),
            Route("/form", _form),
            Route("/order", _order, methods=["POST"]),
            Route("/redirect", _redirect),
            Route("/layout", _layout),
            Route("/broken", _broken),
            Route("/set", _path_cookie),
            Route("/{name}", _page),
        ]
    )
    return ConsentMiddleware(app, settings=Path(SETTINGS), secret_key=secret_key)
