"""Litestar: its sessions in memory, its CSRF cookie, its flashed messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from jinja2 import DictLoader, Environment
from litestar import Litestar, MediaType, Request, Response, WebSocket, get, post, websocket
from litestar.config.csrf import CSRFConfig
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.params import Body
from litestar.plugins.flash import FlashConfig, FlashPlugin, flash
from litestar.response import Redirect, ServerSentEvent, Stream
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig
from litestar.utils.scope.state import ScopeState
from markupsafe import Markup

from asgi_consent import ConsentMiddleware, Decision
from asgi_consent.integrations.litestar import provide_consent, requires
from e2e.frameworks.pages import SECRET, SETTINGS, STATIC, page, rows

AnyRequest = Request[Any, Any, Any]
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
templates = TemplateConfig(
    instance=JinjaTemplateEngine.from_environment(Environment(loader=DictLoader({})))
)


@get("/", media_type=MediaType.HTML)
async def home(request: AnyRequest, consent: Decision) -> Response[str]:
    token = ScopeState.from_scope(request.scope).csrf_token
    messages = request.session.pop("_messages", [])
    html = page.render(
        csrf=Markup('<input type="hidden" name="_csrf_token" value="{}">').format(token),
        name=request.session.get("name", "nobody"),
        message=" ".join(str(message["message"]) for message in messages),
        statistics=consent.allows("statistics"),
    )
    response = Response(html, media_type=MediaType.HTML)
    response.set_cookie("counted", "1")
    return response


@post("/sign-in")
async def sign_in(request: AnyRequest, data: Form) -> Redirect:
    request.session["name"] = data["name"]
    flash(request, "Welcome", category="info")
    return Redirect("/", status_code=303)


@post("/track", guards=[requires("statistics")], status_code=200, media_type=MediaType.TEXT)
async def track(data: Form) -> str:
    return "tracked"


@get("/stream")
async def stream() -> Stream:
    return Stream(rows(), media_type=MediaType.HTML)


@get("/events")
async def events() -> ServerSentEvent:
    async def messages() -> AsyncGenerator[str, None]:
        for _ in range(3):
            yield "tick"

    return ServerSentEvent(messages())


@get("/download", media_type=MediaType.HTML)
async def download() -> Response[str]:
    headers = {"content-disposition": 'attachment; filename="page.html"'}
    return Response("<p>kept as it is</p>", headers=headers, media_type=MediaType.HTML)


@websocket("/socket")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


def missing(request: AnyRequest, error: Exception) -> Response[str]:
    return Response("<h1>Not here</h1>", status_code=404, media_type=MediaType.HTML)


site = Litestar(
    [
        home, sign_in, track, stream, events, download, socket,
        create_static_files_router("/static", [STATIC]),
    ],
    dependencies={"consent": provide_consent},
    middleware=[ServerSideSessionConfig().middleware],
    csrf_config=CSRFConfig(secret=SECRET),
    plugins=[FlashPlugin(FlashConfig(template_config=templates))],
    template_config=templates,
    exception_handlers={NotFoundException: missing},
)  # fmt: skip
asgi: Any = site
app = ConsentMiddleware(asgi, SETTINGS, SECRET)
