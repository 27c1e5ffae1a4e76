"""Flask behind a WSGI adapter: its signed session and flashed messages, CSRF by Flask-WTF."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, flash, get_flashed_messages, redirect, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup

from asgi_consent import current_consent
from asgi_consent.integrations.flask import protect, requires
from e2e.frameworks.pages import SECRET, SETTINGS, STATIC, page, plain_rows, plain_ticks

site = Flask(__name__, static_folder=STATIC, static_url_path="/static")
site.config["SECRET_KEY"] = SECRET
site.config["SESSION_COOKIE_NAME"] = "renamed_session"
CSRFProtect(site)


@site.get("/")
def home() -> Any:
    html = page.render(
        csrf=Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf()),
        name=session.get("name", "nobody"),
        message=" ".join(map(str, get_flashed_messages())),
        statistics=current_consent().allows("statistics"),
    )
    response = Response(html)
    response.set_cookie("counted", "1")
    return response


@site.post("/sign-in")
def sign_in() -> Any:
    session["name"] = request.form["name"]
    flash("Welcome")
    return redirect("/", 303)


@site.post("/track")
@requires("statistics")
def track() -> str:
    return "tracked"


@site.get("/stream")
def stream() -> Any:
    return Response(plain_rows(), mimetype="text/html")


@site.get("/events")
def events() -> Any:
    return Response(plain_ticks(), mimetype="text/event-stream")


@site.get("/download")
def download() -> Any:
    headers = {"content-disposition": 'attachment; filename="page.html"'}
    return Response("<p>kept as it is</p>", headers=headers)


@site.errorhandler(404)
def missing(error: Exception) -> Any:
    return "<h1>Not here</h1>", 404


app = protect(site, SETTINGS, SECRET)
