"""The cookie declaration says what is enforced, to people, to pages and to programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from asgi_consent import ConsentMiddleware
from asgi_consent.languages import LANGUAGES
from asgi_consent.types import Header
from tests.asgi import SimpleApp, get, post
from tests.test_endpoints import cookie_of

Protect = Callable[..., ConsentMiddleware]
HTML: Header = (b"content-type", b"text/html; charset=utf-8")


def declared(app: ConsentMiddleware) -> list[dict[str, Any]]:
    answer = get(app, "/_consent/declaration?as=json")
    assert answer.first("content-type") == b"application/json"
    found: list[dict[str, Any]] = json.loads(answer.body)["categories"]
    return found


def of_the_site(categories: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what is ours, which an app may not set."""
    for category in categories:
        category["services"] = [one for one in category["services"] if one["id"] != "asgi-consent"]
    return categories


def cookies_of(categories: list[dict[str, Any]]) -> set[str]:
    return {
        cookie["name"].replace("*", "x")
        for category in categories
        for service in category["services"]
        for cookie in service["cookies"]
    }


def addresses_of(categories: list[dict[str, Any]]) -> set[str]:
    """One below each host; a host that is a path alone is on the site itself."""
    hosts = [host for one in categories for service in one["services"] for host in service["hosts"]]
    return {
        f"{host}x" if host.startswith("/") else f"https://{host.replace('*', 'a')}/x"
        for host in hosts
    }


@pytest.mark.clause("C12")
@pytest.mark.parametrize("name", ["", "preferences", "statistics", "marketing"])
def test_what_passes_is_what_is_declared_for_the_category(protect: Protect, name: str) -> None:
    """Each declared cookie and host, with nothing agreed to and with one category."""
    everything = of_the_site(declared(protect(SimpleApp())))
    assert [category["id"] for category in everything] == [
        "necessary", "preferences", "statistics", "marketing",
    ]  # fmt: skip
    page = "".join(f'<img src="{one}">' for one in sorted(addresses_of(everything)))
    cookies = [(b"set-cookie", f"{one}=1".encode()) for one in sorted(cookies_of(everything))]
    app = protect(SimpleApp(f"<html><body>{page}".encode(), headers=[HTML, *cookies]))
    choice = f"choice=save&category={name}" if name else "choice=reject"

    answer = get(app, "/", [cookie_of(post(app, "/_consent/choice", choice.encode()))])

    granted = [one for one in everything if one["necessary"] or one["id"] == name]
    assert {*answer.set_cookie_names} & cookies_of(everything) == cookies_of(granted)
    images = BeautifulSoup(answer.body, "html.parser").find_all("img")
    shown = {str(image.get("src", "")) for image in images}
    assert shown & addresses_of(everything) == addresses_of(granted)


def test_page_and_part_name_all_that_the_data_names(protect: Protect) -> None:
    app = protect(SimpleApp())
    everything = declared(app)
    services = [service for one in everything for service in one["services"]]

    for form in ("page", "part"):
        answer = get(app, f"/_consent/declaration?as={form}")
        soup = BeautifulSoup(answer.body, "html.parser")
        text = soup.get_text(" ")
        for service in services:
            assert service["name"] in text
            assert service["vendor"] in text
            codes = {code.get_text() for code in soup.find_all("code")}
            named = [one["name"] for one in service["cookies"]]
            assert {*named, *service["storage"], *service["hosts"]} <= codes
        assert bool(soup.find("h1")) == (form == "page")


@pytest.mark.clause("C12")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_our_own_cookies_are_declared_by_the_names_and_lifetimes_they_have(
    protect: Protect, scheme: str
) -> None:
    app = protect(SimpleApp(), consent={"lifetime": "90d"})
    page = get(app, "/_consent/declaration?as=json", scheme=scheme)
    (ours, *_) = json.loads(page.body)["categories"][0]["services"]
    told = {cookie["name"]: cookie["lifetime"] for cookie in ours["cookies"]}

    for choice in (b"choice=accept", b"choice=save&reminder=on", b"choice=once&service=films"):
        answer = post(app, "/_consent/choice", choice, scheme=scheme)
        for cookie in answer.all("set-cookie"):
            name, _, rest = cookie.decode().partition("=")
            if "Max-Age=0" not in rest:
                days = "Max-Age=7776000" in rest
                assert told[name] == ("90 days" if days else "5 minutes")
    assert ours["name"] == "Your cookie choice"
    for where in ("declaration", "preferences"):
        assert "asgi_consent_reminder" in get(app, f"/_consent/{where}").body.decode()


def test_vendors_country_and_lifetimes_are_words_of_the_language(protect: Protect) -> None:
    service = {"id": "own", "name": "Own", "vendor": "Own AG", "country": "CH",
               "category": "statistics", "cookies": [{"name": "own", "lifetime": "2y"}]}  # fmt: skip
    app = protect(SimpleApp(), services=[service])

    german = get(app, "/_consent/declaration?as=part&lang=de").body.decode()
    data = json.loads(get(app, "/_consent/declaration?as=json&lang=de").body)

    assert "Schweiz" in german
    assert "2 Jahre" in german
    (own,) = data["categories"][2]["services"]
    assert (own["country"], own["cookies"][0]["lifetime"]) == ("CH", "2 Jahre")


def test_every_language_has_its_declaration(protect: Protect) -> None:
    app = protect(SimpleApp())

    for tag in LANGUAGES:
        answer = get(app, f"/_consent/declaration?lang={tag}")
        assert answer.status == 200
        soup = BeautifulSoup(answer.body, "html.parser")
        assert soup.html is not None
        assert soup.html["lang"] == tag


def test_programs_get_data_without_asking_twice(protect: Protect) -> None:
    answer = get(protect(SimpleApp()), "/_consent/declaration", [(b"accept", b"application/json")])

    assert json.loads(answer.body)["revision"] == 3


def test_markup_in_what_is_declared_is_only_text(protect: Protect) -> None:
    service = {"id": "own", "name": "<b>Own</b>", "vendor": "<i>AG</i>", "category": "statistics",
               "hosts": ["own.example"]}  # fmt: skip

    body = get(protect(SimpleApp(), services=[service]), "/_consent/declaration?as=part").body

    assert b"<b>Own" not in body
    assert b"<i>" not in body
