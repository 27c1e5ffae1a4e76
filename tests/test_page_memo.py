"""A page that was rewritten before goes out at once, and nobody gets what was made for another."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.page_memo import PageMemo, RewrittenPage
from asgi_consent.types import Header, Receive, Scope, Send
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings
from tests.test_endpoints import cookie_of

Protect = Callable[..., ConsentMiddleware]
PAGE = (
    b'<!doctype html><html lang="%s"><head><title>Shop</title></head><body>%s'
    b'<img src="https://counter.example/x.gif"><img src="count/y.gif"><p>text</p>'
    b'<iframe src="https://films.example/1"></iframe></body></html>'
)


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the rewriter was given."""
    fed: list[bytes] = []
    feed = Rewriter.feed

    def noted(self: Rewriter, data: bytes) -> bytes:
        fed.append(data)
        return feed(self, data)

    monkeypatch.setattr(Rewriter, "feed", noted)
    return fed


def test_the_same_page_is_rewritten_once(protect: Protect, fed: list[bytes]) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b"")))

    first, second = get(app), get(app)

    assert second.body == first.body
    assert b"data-consent-gated" in second.body
    assert second.headers == first.headers
    assert len(fed) == 1


def test_a_page_that_differs_in_one_byte_is_another(protect: Protect, fed: list[bytes]) -> None:
    site = SimpleApp(PAGE % (b"en", b"token 1"))
    app = protect(site)
    get(app)
    site.pieces = (PAGE % (b"en", b"token 2"),)

    assert b"token 2" in get(app).body
    assert len(fed) == 2


def test_what_streams_is_not_remembered(protect: Protect, fed: list[bytes]) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b""), b"<p>more"))

    assert get(app).body == get(app).body
    assert len(fed) == 4


def test_pages_are_counted_and_told_of_all_the_same(protect: Protect) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b"")))
    for _ in range(3):
        get(app)

    counts = app._tools[app.settings.mode].findings.tally.counts
    assert (counts["pages"], counts["changed pages"], counts["elements"]) == (3, 3, 9)


def test_what_a_fault_left_out_comes_back(
    protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b"")))
    banner = app._tools[app.settings.mode].banner

    with monkeypatch.context() as patch:
        patch.setattr(banner, "_body_of", None)  # cannot be called
        assert b"<asgi-consent" not in get(app).body

    assert b"<asgi-consent" in get(app).body


async def _site(scope: Scope, receive: Receive, send: Send) -> None:
    """A site whose page is as the request's headers ask, at any address."""
    wanted = dict(scope["headers"])
    page = PAGE.replace(b' lang="%s"', wanted.get(b"x-lang", b"")).replace(b"%s", b"")
    headers: list[Header] = [(b"content-type", b"text/html; charset=" + wanted[b"x-charset"])]
    if wanted[b"x-text"] == b"utf-16":
        page = page.decode().encode("utf-16le")
    if coding := wanted.get(b"x-coding"):
        page = gzip.compress(page, mtime=0)
        headers.append((b"content-encoding", coding))
    if nonce := wanted.get(b"x-nonce"):
        headers.append((b"content-security-policy", b"script-src 'nonce-%s'" % nonce))
    await SimpleApp(page, headers=headers)(scope, receive, send)


_APP = ConsentMiddleware(_site, settings=shop_settings(), secret_key=SECRET)


def _chosen(choice: bytes, scheme: str) -> bytes:
    name = b"__Host-asgi_consent" if scheme == "https" else b"asgi_consent"
    return cookie_of(post(_APP, "/_consent/choice", choice, scheme=scheme), name)[1]


def _both(choice: bytes) -> bytes:
    return _chosen(choice, "http") + b"; " + _chosen(choice, "https")


#: all that may make a difference, each with what it may be
VISITS: dict[str, tuple[Any, ...]] = {
    "path": ("/", "/a/b", "/a/c", "/a?q"),
    "scheme": ("http", "https"),
    "method": ("GET", "POST"),
    "root_path": ("", "/mounted"),
    "host": (b"shop.example", b"counter.example", b"www.shop.example:8000"),
    "accept-language": (None, b"fr", b"ar;q=0.5"),
    "accept-encoding": (b"identity", b"gzip"),
    "sec-gpc": (None, b"1"),
    "sec-fetch-dest": (None, b"document", b"iframe", b"empty"),
    "sec-fetch-site": (None, b"same-origin", b"cross-site"),
    "cookie": (
        None,
        b"asgi_consent_reminder=on; __Host-asgi_consent_reminder=on",
        *map(_both, (b"choice=accept", b"choice=reject", b"choice=save&category=statistics",
                     b"choice=allow&service=films")),
    ),
    "x-lang": (None, b' lang="de"', b' lang="pl"'),
    "x-text": (b"utf-8", b"utf-16"),
    "x-charset": (b"utf-8", b"utf-16le"),
    "x-coding": (None, b"gzip"),
    "x-nonce": (None, b"1", b"2"),
}  # fmt: skip
_OF_SCOPE = ("path", "scheme", "method", "root_path")


def told(visit: dict[str, Any]) -> tuple[object, ...]:
    headers = [
        (name.encode(), value)
        for name, value in visit.items()
        if name not in _OF_SCOPE and value is not None
    ]
    scope = {name: visit[name] for name in _OF_SCOPE}
    answer = get(_APP, headers=headers, **scope)
    return answer.status, sorted(answer.headers), answer.body


def _forget() -> None:
    for tools in _APP._tools.values():
        object.__setattr__(tools, "pages", PageMemo())


@pytest.mark.threat("T16")
@pytest.mark.parametrize("difference", VISITS)
@settings(max_examples=40)
@given(data=st.data())
def test_nobody_gets_what_was_made_for_somebody_else(difference: str, data: st.DataObject) -> None:
    """After a visit that differs in one thing, as after none."""
    visit = {name: data.draw(st.sampled_from(values)) for name, values in VISITS.items()}
    others = [value for value in VISITS[difference] if value != visit[difference]]
    _forget()
    expected = told(visit)
    _forget()

    told({**visit, difference: data.draw(st.sampled_from(others))})

    assert told(visit) == expected
    assert told(visit) == expected


def page(size: int) -> RewrittenPage:
    return RewrittenPage(b"x" * size, b"y" * size, 1)


def test_memory_is_bounded_and_what_is_used_stays() -> None:
    memo = PageMemo()
    memo.put("used", page(100))
    for number in range(100):
        memo.put(number, page(100_000))
        assert memo.get("used", b"x" * 100) is not None

    kept = [number for number in range(100) if memo.get(number, b"x" * 100_000)]
    assert kept == list(range(100 - len(kept), 100))
    assert 70 < len(kept) < 84  # 16 MiB


def test_a_large_page_is_not_kept() -> None:
    memo = PageMemo()
    memo.put("large", page(300_000))

    assert memo.get("large", b"x" * 300_000) is None


def test_an_address_keeps_one_page() -> None:
    memo = PageMemo()
    for text in (b"old", b"new"):
        memo.put("/", RewrittenPage(text, text, 0))

    assert memo.get("/", b"old") is None
    assert memo.get("/", b"new") is not None
