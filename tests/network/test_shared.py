"""`delivery = "shared"` behind the caches of deploy/: kept, and nobody gets another state's page."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest

from tests.network.conftest import app_process, nginx_with, varnish
from tests.processes import LOOPBACK, ROOT, free_port

APP = "tests.network.site:app"
PAGES = [f"/page/{number}" for number in range(5)]
NAVIGATES = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}
CATEGORIES = ("marketing", "preferences", "statistics")
#: what visitors do, roughly; the last one has no state of its own
HABITS: list[tuple[float, list[str] | None]] = [
    (0.55, None),
    (0.24, [*CATEGORIES]),
    (0.19, []),
    (0.015, ["statistics"]),
    (0.005, ["marketing", "statistics"]),
]


@pytest.fixture(scope="module", params=["nginx", "varnish"])
def cache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("shared")
    app = free_port()
    with app_process(folder, APP, app, more={"DELIVERY": "shared"}):
        if request.param == "nginx":
            port = free_port()
            config = (ROOT / "deploy" / "cache-nginx.conf").read_text().replace("8001", str(app))
            config = config.replace("8080", f"{LOOPBACK}:{port}")
            with nginx_with(folder, port, config.replace("/var/cache/nginx", str(folder))):
                yield f"http://{LOOPBACK}:{port}"
        else:
            vcl = (ROOT / "deploy" / "cache.vcl").read_text().replace("8001", str(app))
            with varnish(folder, vcl) as port:
                yield f"http://{LOOPBACK}:{port}"


@dataclass
class Visitor:
    """Keeps cookies as over HTTPS, which ends in front of the cache."""

    client: httpx2.Client
    grants: list[str] | None = None
    gpc: bool = False
    cookies: dict[str, str] = field(default_factory=dict[str, str])

    def asks(
        self, method: str, path: str, headers: dict[str, str], **more: object
    ) -> httpx2.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**headers, **({"cookie": cookie} if cookie else {})}
        sent |= {"sec-gpc": "1"} if self.gpc else {}
        answer = self.client.request(method, path, headers=sent, **more)  # type: ignore[arg-type]
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer

    def opens(self, path: str, **headers: str) -> httpx2.Response:
        return self.asks("GET", path, {**NAVIGATES, **headers})

    def chooses(self, grants: list[str]) -> None:
        self.grants = grants
        body = {"choice": "save", "categories": grants, "services": []}
        same = {"sec-fetch-site": "same-origin"}
        self.asks("POST", "/_consent/choice", same, json=body).raise_for_status()

    def gets_own(self, answer: httpx2.Response) -> bool:
        html, grants = answer.text, self.grants or []
        return (
            f'grants={",".join(grants)}"' in html
            and ("<script src=https://counter.example/c.js>" in html) is ("statistics" in grants)
            and ("<iframe src=https://films.example/" in html) is ("marketing" in grants)
            and ('id="banner"' in html) is (self.grants is None)
            and ("Global Privacy Control" in html) is (self.gpc and self.grants is None)
        )


@pytest.fixture
def client(cache: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=cache, trust_env=False, timeout=20) as client:
        yield client


def settle(last: Visitor) -> None:
    """Until the seconds are over in which a page says that the choice was saved."""
    while re.search(r'role="status"[^>]*>[^<]', last.opens("/page/settle").text):
        pass


def test_pages_are_kept_as_without_us_and_nobody_gets_another_state(client: httpx2.Client) -> None:
    chance = random.Random(5)
    visitors = [Visitor(client) for _ in range(200)]
    for visitor in visitors:
        choice = chance.choices([h[1] for h in HABITS], [h[0] for h in HABITS])[0]
        if choice is not None:
            visitor.chooses(choice)
    settle([visitor for visitor in visitors if visitor.grants is not None][-1])
    for visitor in visitors * 3:  # the cache is warm
        visitor.opens(chance.choice(PAGES))

    hits, asked = 0, 2000
    for _ in range(asked):
        visitor = chance.choice(visitors)
        answer = visitor.opens(chance.choice(PAGES))
        assert visitor.gets_own(answer)
        assert "set-cookie" not in answer.headers
        hits += answer.headers["x-cache"] == "HIT"

    # Without us, and warm, every one of these would be a hit. What is missing is asked for by the
    # two of 200 visitors who are in no state of their own.
    assert hits / asked >= 0.99


def test_any_choice_gets_its_own_page(client: httpx2.Client) -> None:
    chance = random.Random(6)
    visitors = [Visitor(client, gpc=chance.random() < 0.3) for _ in range(60)]
    for visitor in visitors:
        if chance.random() < 0.7 and not visitor.gpc:
            visitor.chooses([name for name in CATEGORIES if chance.random() < 0.5])
    for _ in range(5):
        for visitor in visitors:
            assert visitor.gets_own(visitor.opens(chance.choice(PAGES)))


def test_choice_is_seen_at_once_and_so_is_its_withdrawal(client: httpx2.Client) -> None:
    visitor = Visitor(client)
    for grants in ([*CATEGORIES], [], ["statistics"], [*CATEGORIES]):
        visitor.chooses(grants)
        assert visitor.gets_own(visitor.opens(PAGES[0]))


def test_browsers_ask_again_each_time_and_get_a_304(client: httpx2.Client) -> None:
    visitor = Visitor(client)
    page = visitor.opens(PAGES[0])

    assert "max-age=0, must-revalidate" in page.headers["cache-control"]
    assert visitor.opens(PAGES[0], **{"if-none-match": page.headers["etag"]}).status_code == 304
    visitor.chooses(["statistics"])
    again = visitor.opens(PAGES[0], **{"if-none-match": page.headers["etag"]})
    assert again.status_code == 200
    assert visitor.gets_own(again)


def test_forged_state_spoils_nobodys_page(client: httpx2.Client) -> None:
    chosen = Visitor(client)
    chosen.chooses([*CATEGORIES])
    state = chosen.cookies["__Host-asgi_consent_variant"]
    for _ in range(2):  # what the first might have left in the cache, the second would get
        forger = Visitor(client, cookies={"__Host-asgi_consent_variant": state})
        assert forger.gets_own(forger.opens("/page/forged"))
    direct = client.get("/page/forged", headers={**NAVIGATES, "x-consent-variant": state})

    assert Visitor(client).gets_own(direct)
    assert chosen.gets_own(chosen.opens("/page/forged"))


def test_fragment_never_takes_the_place_of_a_page(client: httpx2.Client) -> None:
    visitor = Visitor(client)
    for _ in range(2):
        piece = visitor.asks("GET", "/page/piece", {"hx-request": "true"})
        assert "<asgi-consent" not in piece.text
        assert visitor.gets_own(visitor.opens("/page/piece"))
