"""Other sites: posts in every form, ways back that lead away."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import ada_url
import pytest

from asgi_consent.http.request import local_address
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import Header
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings

# What browsers send with a POST to us: from a form, a fetch, a beacon, a frame with sandbox, …
CROSS_SITE_POSTS: dict[str, list[Header]] = {
    "form of another site": [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate")],
    "form of a sibling host": [(b"sec-fetch-site", b"same-site"), (b"sec-fetch-mode", b"navigate")],
    "fetch without CORS": [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"no-cors")],
    "form with enctype text/plain": [
        (b"sec-fetch-site", b"cross-site"),
        (b"content-type", b"text/plain"),
    ],
    "beacon": [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-dest", b"empty")],
    "address bar or another program": [(b"sec-fetch-site", b"none")],
    "older browser": [(b"origin", b"https://evil.example")],
    "older browser, sibling host": [(b"origin", b"http://www.shop.example")],
    "older browser, other port": [(b"origin", b"http://shop.example:8080")],
    "older browser, other scheme": [(b"origin", b"https://shop.example")],
    "sandboxed frame or data: page": [(b"origin", b"null")],
    "two origins": [(b"origin", b"http://shop.example http://evil.example")],
    "origin with more behind it": [(b"origin", b"http://shop.example.evil.example")],
    "origin with a name before it": [(b"origin", b"http://shop.example@evil.example")],
    "only a referrer": [(b"referer", b"http://shop.example/")],
    "forged destination header": [(b"sec-fetch-site", b"cross-site"), (b"origin", b"http://shop.example")],
    "odd spelling": [(b"sec-fetch-site", b"Same-Origin")],
    "a list": [(b"sec-fetch-site", b"same-origin, cross-site")],
    "nothing at all": [],
}  # fmt: skip
BODIES = {
    "choice": b"choice=accept",
    "rights": b"action=erase",
}


@pytest.fixture
def app() -> ConsentMiddleware:
    return ConsentMiddleware(SimpleApp(b"<p>hi"), shop_settings(), SECRET)


@pytest.mark.threat("T1")
@pytest.mark.parametrize("address", BODIES)
@pytest.mark.parametrize("kind", CROSS_SITE_POSTS)
def test_post_of_another_site_changes_nothing(
    app: ConsentMiddleware, kind: str, address: str
) -> None:
    answer = post(app, f"/_consent/{address}", BODIES[address], CROSS_SITE_POSTS[kind])

    assert answer.status == 403
    assert answer.all("set-cookie") == []


@pytest.mark.threat("T1")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"])
def test_image_link_or_script_of_another_site_changes_nothing(
    app: ConsentMiddleware, method: str
) -> None:
    for path in ("/_consent/choice?choice=accept", "/_consent/choice", "/_consent/report"):
        answer = get(app, path, [(b"sec-fetch-site", b"cross-site")], method=method)

        assert answer.status == 405
        assert answer.all("set-cookie") == []
        assert answer.first("access-control-allow-origin") is None


# ---- the way back

SHOP = "https://shop.example/here/page"
_SLASHES = ("/", "\\", "%2f", "%5c", "%2F", "%5C", "\uff0f", "\u2215", "\u2044", "\u29f8", "\uff3c")
_SPACES = ("", "\t", "\n", "\r", " ", "\x00", "\x0b", "\x0c", "\x1f", "\x7f", "\x85", "\xa0",
           "\u2028", "\u3000", "\ufeff", "%09", "%0a", "%0d", "%20", "%00")  # fmt: skip
VECTORS = dict.fromkeys([
    *(f"/{space}{slash}evil.example" for slash in _SLASHES[:3] for space in _SPACES),
    *(f"{space}//evil.example/" for space in _SPACES),
    *(f"/{dots}{slash}evil.example" for dots in (".", "..", "%2e", "%2E%2e", "./.", "a/..")
      for slash in _SLASHES),
    *(f"{scheme}evil.example" for scheme in (
        "https://", "https:", "https:/", "https:\\\\", "http:////", "HTTPS://", "//", "///",
        "\\\\", "/\\", "\\/", "//\\", "javascript:", "java\tscript:", "data:text/html,",
        "vbscript:", "blob:", "file://", "ftp://", "//user@", "//user:pass@", "@", ".", ":",
        "?//", "#//", ";//", "/;//", "/?//", "/#//", "https:shop.example@", "//shop.example@",
        "//shop.example%40", "//shop.example\\@", "//shop.example.", "https://shop.example:443@",
        "//[::1]@", "//0x7f.1/", "//2130706433/", "//\u24d4vil.example/", "//xn--vil-1ma/",
        "/%2f%2f", "/%5c%5c", "/%252f/", "/\u202e//", "/.\t./\\", "/..;/", "/\\..\\..\\",
    )),
    "/a/..//evil.example", "/a/b/../..//evil.example", "/a/%2e%2e//evil.example",
    "/\ud800//evil.example", "/" + "a/../" * 40 + "/evil.example", "/" + "/" * 500 + "evil.example",
    "/x\r\nLocation: https://evil.example/", "/x\nSet-Cookie: a=b", "/x%0d%0aSet-Cookie:%20a=b",
])  # fmt: skip


@pytest.mark.threat("T10", "T13")
def test_way_back_stays_on_this_site_as_browsers_read_it() -> None:
    assert len(VECTORS) >= 60
    for address in VECTORS:
        location = local_address(address)

        url = ada_url.URL(location, base=SHOP)
        assert (url.protocol, url.host) == ("https:", "shop.example"), address
        # What is there after dot segments are gone, some proxy or app sends on as an address.
        assert not url.pathname.startswith("//"), address
        assert location.isascii(), address
        assert location.isprintable(), address


@pytest.mark.threat("T10")
@pytest.mark.parametrize("address", [*VECTORS][::8], ids=ascii)
def test_no_answer_of_ours_leads_away(app: ConsentMiddleware, address: str) -> None:
    form = urlencode({"choice": "reject", "return": address}, errors="replace").encode()
    wanted = quote(address, errors="replace")
    same = (b"sec-fetch-site", b"same-origin")
    referring = (b"referer", f"http://shop.example{address}".encode("utf-8", "replace"))

    answers = [
        post(app, "/_consent/choice", form),
        post(app, "/_consent/choice", b"choice=reject", [same, referring]),
        get(app, f"/_consent/kept?return={wanted}"),
        get(app, f"/_consent/preferences?return={wanted}"),
        get(app, "/_consent/preferences", [referring]),
    ]

    for answer in answers:
        if location := answer.first("location"):
            url = ada_url.URL(location.decode("ascii"), base=SHOP)
            assert url.host == "shop.example"
            inner = url.search.partition("return=")[2].partition("&")[0]
            assert not inner.startswith(("%2F%2F", "//", "/%5C"))
        for link in (b'href="//evil', b"href='//evil", b'href="https://evil', b'href="/\\'):
            assert link not in answer.body
