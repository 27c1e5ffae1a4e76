"""The camera maker's site: an ordinary Starlette app that asks nobody before it sets cookies.

It is written as most sites are. What holds it to its privacy policy is the middleware around it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from asgi_consent.assets import STATIC, TEMPLATES
from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.demo.third_parties import HOSTS, World
from asgi_consent.integrations.jinja import consent_context

_DAY = 24 * 3600
# No e-mail and no name ever goes into a cookie: what a browser keeps is a random number.
_ACCOUNTS = {"ines@halden.example": "Ines", "jon@halden.example": "Jon"}
_PASSWORD = "aperture"

CAMERAS = {
    "m1": ("Halden M1", "A rangefinder for people who walk.", "2 490 €"),
    "field": ("Halden Field", "Medium format, folded into a coat pocket.", "4 150 €"),
    "pilot": ("Halden Pilot", "One lens, one dial, nothing else.", "890 €"),
}
JOURNAL = {
    "winter-light": ("Winter light", "Why the hour before the snow is the best one of the year."),
    "one-lens": ("A year with one lens", "What you stop carrying, and what you start to see."),
}


@dataclass
class Site:
    """The pages; `world` is only read, to show what reached it."""

    world: World
    remembered: dict[str, str] = field(default_factory=dict[str, str])  # number → e-mail
    views: int = 0  # counted here, without touching anybody's device

    def __post_init__(self) -> None:
        self._templates = Jinja2Templates(
            TEMPLATES / "demo", context_processors=[consent_context, _page_context]
        )

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.home),
                Route("/cameras/{name}", self.camera),
                Route("/journal", self.journal),
                Route("/journal/{name}", self.post),
                Route("/account", self.account, methods=["GET", "POST"]),
                Route("/account/leave", self.leave, methods=["POST"]),
                Route("/look", self.look, methods=["POST"]),
                Route("/privacy", self.privacy),
                Route("/third-parties", self.third_parties, methods=["GET", "POST"]),
                Mount("/assets", StaticFiles(directory=STATIC / "demo")),
            ],
            middleware=[Middleware(SessionMiddleware, secret_key=secrets.token_urlsafe(32))],
            exception_handlers={404: self.missing},
        )

    def _page(self, request: Request, template: str, **context: object) -> Response:
        self.views += 1
        number = request.cookies.get("visit_number")
        page = self._templates.TemplateResponse(
            request,
            template,
            {"cameras": CAMERAS, "journal": JOURNAL, "views": self.views, **context},
        )
        # As everywhere: cookies on arrival, hints in a header. The middleware decides.
        number = number or secrets.token_hex(8)
        page.set_cookie("visit_number", number, max_age=365 * _DAY, httponly=True)
        if "newsletter" in request.query_params:
            page.set_cookie("campaign", request.query_params["newsletter"][:20], max_age=30 * _DAY)
        page.headers["link"] = (
            f"<{_third_party(request, 'hints')}/early.css>; rel=preload; as=style"
        )
        return page

    async def home(self, request: Request) -> Response:
        seen = request.cookies.get("recently_viewed", "").split(".")
        return self._page(request, "home.html", seen=[name for name in seen if name in CAMERAS])

    async def camera(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in CAMERAS:
            raise HTTPException(404)
        page = self._page(request, "camera.html", name=name)
        page.set_cookie("recently_viewed", name, max_age=30 * _DAY)
        page.set_cookie("recently_viewed", name, max_age=30 * _DAY, path="/cameras")
        return page

    async def journal(self, request: Request) -> Response:
        return self._page(request, "journal.html")

    async def post(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in JOURNAL:
            raise HTTPException(404)
        return self._page(request, "post.html", name=name)

    async def privacy(self, request: Request) -> Response:
        return self._page(request, "privacy.html", clauses=CLAUSES.values())

    async def third_parties(self, request: Request) -> Response:
        if request.method == "POST":
            self.world.hits.clear()
            return RedirectResponse("/third-parties", status_code=303)
        return self._page(
            request,
            "third_parties.html",
            hosts=HOSTS,
            counts=self.world.counts(),
            hits=self.world.hits[-20:],
        )

    async def missing(self, request: Request, error: Exception) -> Response:
        page = self._page(request, "missing.html")
        page.status_code = 404
        return page

    # ---- the account

    async def account(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._sign_in(request)
        request.session.setdefault("form", secrets.token_urlsafe(16))
        email = self.remembered.get(request.cookies.get("remember_me", ""), "")
        return self._page(request, "account.html", email=email, wrong=False)

    async def _sign_in(self, request: Request) -> Response:
        form = await request.form()
        email = str(form.get("email", ""))
        if not secrets.compare_digest(str(form.get("form")), request.session.get("form", "")):
            return Response("This form is not yours.", status_code=403)
        if email not in _ACCOUNTS or form.get("password") != _PASSWORD:
            return self._page(request, "account.html", email=email, wrong=True)
        request.session["name"] = _ACCOUNTS[email]
        response = RedirectResponse("/account", status_code=303)
        if form.get("remember"):
            number = secrets.token_urlsafe(16)
            self.remembered[number] = email
            response.set_cookie("remember_me", number, max_age=90 * _DAY, httponly=True)
        return response

    async def leave(self, request: Request) -> Response:
        request.session.pop("name", None)
        return RedirectResponse("/account", status_code=303)

    async def look(self, request: Request) -> Response:
        form = await request.form()
        look = "dark" if form.get("look") == "dark" else "light"
        back = request.headers.get("referer", "").removeprefix(str(request.base_url))
        response = RedirectResponse(request.url_for("home").path + back, status_code=303)
        response.set_cookie("look", look, max_age=365 * _DAY)
        return response


def _third_party(request: Request, name: str) -> str:
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{name}.localhost{port}"


def _page_context(request: Request) -> dict[str, object]:
    return {
        "third_party": lambda name: _third_party(request, name),
        "name_of_user": request.session.get("name"),
        "look": request.cookies.get("look", ""),
    }
