"""Django: its sessions, CSRF, messages, templates, static files and admin."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings

from e2e.frameworks.pages import PAGE, SECRET, SETTINGS, STATIC, rows, ticks

FOLDER = Path(tempfile.mkdtemp(prefix="asgi-consent-django-"))
TEMPLATE = (
    PAGE.replace("{{ csrf }}", "{% csrf_token %}")
    .replace("{% if statistics %}", '{% ifconsent "statistics" %}')
    .replace("{% endif %}", "{% endifconsent %}")
)

settings.configure(
    SECRET_KEY=SECRET,
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SESSION_COOKIE_NAME="renamed_session",
    STATIC_URL="/static/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "builtins": ["asgi_consent.integrations.django_tags"],
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
            },
        }
    ],
    ASGI_CONSENT=SETTINGS,
    ASGI_CONSENT_SECRET_KEY=SECRET,
)

import django

django.setup()

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.template import engines
from django.urls import path
from django.views.static import serve

from asgi_consent.integrations.django import protect, requires

call_command("migrate", verbosity=0)
get_user_model().objects.create_superuser("admin", "admin@example.com", "admin")


def home(request: HttpRequest) -> HttpResponse:
    shown = {
        "name": request.session.get("name", "nobody"),
        "message": " ".join(map(str, messages.get_messages(request))),
    }
    response = HttpResponse(engines["django"].from_string(TEMPLATE).render(shown, request))
    response.set_cookie("counted", "1")
    return response


def sign_in(request: HttpRequest) -> HttpResponse:
    request.session["name"] = request.POST["name"]
    messages.success(request, "Welcome")
    return HttpResponseRedirect("/")


@requires("statistics")
async def track(request: HttpRequest) -> HttpResponse:
    return HttpResponse("tracked", content_type="text/plain")


async def stream(request: HttpRequest) -> Any:
    return StreamingHttpResponse(rows())


async def events(request: HttpRequest) -> Any:
    return StreamingHttpResponse(ticks(), content_type="text/event-stream")


def download(request: HttpRequest) -> Any:
    (FOLDER / "page.html").write_text("<p>kept as it is</p>")
    return FileResponse((FOLDER / "page.html").open("rb"), as_attachment=True)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("<h1>Not here</h1>", status=404)


handler404 = missing
urlpatterns = [
    path("", home),
    path("sign-in", sign_in),
    path("track", track),
    path("stream", stream),
    path("events", events),
    path("download", download),
    path("admin/", admin.site.urls),
    path("static/<path:path>", serve, {"document_root": STATIC}),
]
app = protect(get_asgi_application())
