"""Shared caches in front of the app: nobody gets what was made for somebody else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from tests.network.conftest import app_process, nginx, varnish
from tests.processes import LOOPBACK, free_port

APP = "tests.network.site:app"
VISITORS = 200
PAGES = [f"/page/{number}" for number in range(5)]
CATEGORIES = ("marketing", "preferences", "statistics")

CACHING_NGINX = """
location / {{
  proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Host $http_host;
  proxy_cache pages; proxy_cache_key $uri$is_args$args; proxy_cache_valid any 10m;
  proxy_cache_revalidate on; add_header X-Cache $upstream_cache_status always;
}}
"""
#: looks up every page, also for visitors with cookies; what may be kept is decided by the app
CACHING_VARNISH = """
vcl 4.1;
backend app {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_recv {{ if (req.method == "GET") {{ return (hash); }} }}
sub vcl_deliver {{ if (obj.hits > 0) {{ set resp.http.X-Cache = "HIT"; }} else {{ set resp.http.X-Cache = "MISS"; }} }}
"""


@pytest.fixture(scope="module", params=["nginx", "varnish"])
def cache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("cache")
    app = free_port()
    with app_process(folder, APP, app):
        if request.param == "nginx":
            kept = f"proxy_cache_path {folder}/kept keys_zone=pages:1m;"
            with nginx(folder, CACHING_NGINX.format(port=app), kept) as port:
                yield f"http://{LOOPBACK}:{port}"
        else:
            with varnish(folder, CACHING_VARNISH.format(port=app)) as port:
                yield f"http://{LOOPBACK}:{port}"


@dataclass
class Visitor:
    client: httpx2.Client
    name: str
    grants: list[str] | None  # None before a choice

    def opens(self, path: str) -> httpx2.Response:
        headers = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
        return self.client.get(path, headers=headers)


def arrives(address: str, name: str, choice: list[str] | None) -> Visitor:
    client = httpx2.Client(base_url=address, trust_env=False, timeout=20)
    if choice is not None:
        body = {"choice": "save", "categories": choice, "services": []}
        same = {"sec-fetch-site": "same-origin"}
        client.post("/_consent/choice", json=body, headers=same).raise_for_status()
    return Visitor(client, name, choice)


@pytest.fixture(scope="module")
def visitors(cache: str) -> Iterator[list[Visitor]]:
    chance = random.Random(7)
    found = []
    for number in range(VISITORS):
        choice = [category for category in CATEGORIES if chance.random() < 0.5]
        choice_or_none = None if chance.random() < 0.2 else choice
        found.append(arrives(cache, f"v{number}", choice_or_none))
    yield found
    for visitor in found:
        visitor.client.close()


def is_made_for(visitor: Visitor, html: str) -> bool:
    grants = visitor.grants or []
    return (
        f'grants={",".join(grants)}"' in html
        and ("<script src=https://counter.example/c.js>" in html) is ("statistics" in grants)
        and ("<iframe src=https://films.example/" in html) is ("marketing" in grants)
        and ('id="banner"' in html) is (visitor.grants is None)
    )


def test_nobody_gets_a_page_made_for_somebody_else(visitors: list[Visitor]) -> None:
    chance = random.Random(8)
    for _ in range(2):
        chance.shuffle(visitors)
        for visitor in visitors:
            answer = visitor.opens(chance.choice(PAGES))
            assert answer.status_code == 200
            assert is_made_for(visitor, answer.text), visitor


def test_nobody_gets_somebody_elses_cookie(visitors: list[Visitor]) -> None:
    for visitor in visitors[:50]:
        answer = visitor.opens(f"/welcome?visitor={visitor.name}")
        assert answer.cookies.get("basket") == visitor.name
        again = visitor.opens("/welcome?visitor=same")
        assert again.headers.get("x-cache") != "HIT"


def test_own_page_is_confirmed_to_its_visitor_and_to_nobody_else(visitors: list[Visitor]) -> None:
    one, *others = visitors[:30]
    page = one.opens(PAGES[0])
    tag = {"if-none-match": page.headers["etag"], "sec-fetch-dest": "document"}

    # nginx asks for the whole page again when it may not keep it.
    assert one.client.get(PAGES[0], headers=tag).status_code in (200, 304)
    for other in others:
        answer = other.client.get(PAGES[0], headers=tag)
        if answer.status_code == 304:
            assert other.grants == one.grants
        else:
            assert is_made_for(other, answer.text)


def test_what_is_the_same_for_everybody_is_still_kept(cache: str, visitors: list[Visitor]) -> None:
    for visitor in visitors:
        assert visitor.client.get("/prices").json() == {"m1": 900}
    assert visitors[0].client.get("/told").json()["/prices"] == 1
