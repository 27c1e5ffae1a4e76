"""A page that was rewritten before goes out at once, and nobody gets what was made for another."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.consent import Consent, Status
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.page_memo import HeadMemo, PageMemo, RewrittenPage
from asgi_consent.signing import ConsentSigner
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


def test_cookies_and_headers_that_are_held_back_are_counted_each_time(protect: Protect) -> None:
    headers: list[Header] = [(b"content-type", b"text/html")]
    for held in ((b"set-cookie", b"odd=1"), (b"link", b"<https://odd.example/>;rel=preload")):
        app = protect(SimpleApp(PAGE % (b"en", b""), headers=[*headers, held]))
        for _ in range(3):
            get(app, headers=[(b"sec-fetch-dest", b"document")])

        counts = app._tools[app.settings.mode].findings.tally.counts
        assert counts["cookies"] + counts["headers"] == 3


def test_page_that_streams_after_it_came_whole_is_rewritten(protect: Protect) -> None:
    site = SimpleApp(PAGE % (b"en", b""))
    app = protect(site)
    whole = get(app, headers=[(b"sec-fetch-dest", b"document")])
    site.pieces = (*site.pieces, b"<img src='https://counter.example/late.gif'>")

    answer = get(app, headers=[(b"sec-fetch-dest", b"document")])

    assert answer.headers == whole.headers
    assert answer.body.startswith(whole.body.partition(b"</body>")[0])
    assert b"data-consent-src='https://counter.example/late.gif'" in answer.body


def test_visitors_who_chose_the_same_are_treated_alike(protect: Protect, fed: list[bytes]) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b"")))
    document: Header = (b"sec-fetch-dest", b"document")

    answers = [
        get(app, headers=[document, (b"cookie", _long_ago("statistics")), (b"user-agent", agent)])
        for agent in (b"one", b"another")
    ]

    assert answers[0].headers == answers[1].headers
    assert answers[0].body == answers[1].body
    assert len(fed) == 1


def test_trailers_about_other_bytes_are_dropped_each_time(protect: Protect) -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html")]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send({**start, "trailers": scope["path"] == "/with"})
        await send({"type": "http.response.body", "body": PAGE % (b"en", b"")})
        digest = [(b"content-digest", b"sha-256=:x:")]
        await send({"type": "http.response.trailers", "headers": digest})

    app = protect(site)
    for _ in range(2):
        answer = get(app, "/with", [(b"sec-fetch-dest", b"document")])
        assert answer.messages[-1]["headers"] == []


def test_what_a_fault_left_out_comes_back(
    protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b"")))
    banner = app._tools[app.settings.mode].banner

    with monkeypatch.context() as patching:
        patching.setattr(banner, "_body_of", None)  # cannot be called
        assert b"<asgi-consent" not in get(app).body

    assert b"<asgi-consent" in get(app).body


async def _site(scope: Scope, receive: Receive, send: Send) -> None:
    """A site whose page is as the test asks, at any address: it knows of no header."""
    wanted = scope["site"]
    page = PAGE.replace(b' lang="%s"', wanted.get(b"x-lang", b"")).replace(b"%s", b"")
    page = page.replace(b"<p>", wanted.get(b"x-more", b"") + b"<p>")
    headers: list[Header] = [(b"content-type", wanted[b"x-type"])]
    if wanted[b"x-text"] == b"utf-16":
        page = page.decode().encode("utf-16le")
    if coding := wanted.get(b"x-coding"):
        page = gzip.compress(page, mtime=0)
        headers.append((b"content-encoding", coding))
    if nonce := wanted.get(b"x-nonce"):
        headers.append((b"content-security-policy", b"script-src 'nonce-%s'" % nonce))
    for name in (b"link", b"cache-control", b"etag", b"set-cookie"):
        headers += [(name, value) for asked, value in wanted.items() if asked == b"x-" + name]
    status = int(wanted[b"x-status"])
    await SimpleApp(page, headers=headers, status=status)(scope, receive, send)


_APPS = {
    delivery: ConsentMiddleware(_site, settings=shop_settings(delivery=delivery), secret_key=SECRET)
    for delivery in ("visitor", "shared")
}
_APP = _APPS["visitor"]


def _chosen(choice: bytes, scheme: str) -> bytes:
    name = b"__Host-asgi_consent" if scheme == "https" else b"asgi_consent"
    return cookie_of(post(_APP, "/_consent/choice", choice, scheme=scheme), name)[1]


def _long_ago(*categories: str) -> bytes:
    consent = Consent(
        Status.GIVEN, frozenset(categories), revision=3, time=int(time.time()) - 3600, answered=True
    )
    token = ConsentSigner([SECRET], revisions={3}, lifetime=timedelta(days=180)).write(consent)
    return b"asgi_consent=%b; __Host-asgi_consent=%b" % (token, token)


def _both(choice: bytes) -> bytes:
    return _chosen(choice, "http") + b"; " + _chosen(choice, "https")


#: in this charset browsers read no <!-- in it
_MORE = b'<meta charset=iso-2022-jp>\x1b$B<!--\x1b(B<script src="https://films.example/1"></script>'
#: all that may make a difference, each with what it may be
VISITS: dict[str, tuple[Any, ...]] = {
    "delivery": ("visitor", "shared"),
    "path": ("/", "/a/b", "/a/c", "/a?q"),
    "scheme": ("http", "https"),
    "method": ("GET", "POST"),
    "root_path": ("", "/mounted"),
    "host": (b"shop.example", b"counter.example", b"www.shop.example:8000"),
    "accept-language": (None, b"fr", b"ar;q=0.5"),
    "accept-encoding": (b"identity", b"gzip"),
    "sec-gpc": (None, b"1"),
    "sec-fetch-dest": (b"document", None, b"iframe", b"empty"),
    "sec-fetch-site": (None, b"same-origin", b"cross-site"),
    "cookie": (
        None,
        b"basket=1",
        b"_counter=1",
        b"asgi_consent_reminder=on; __Host-asgi_consent_reminder=on",
        _long_ago("statistics"),
        _long_ago("preferences", "statistics", "marketing"),
        *map(_both, (b"choice=accept", b"choice=reject", b"choice=save&category=statistics",
                     b"choice=allow&service=films")),
    ),
    "x-lang": (None, b' lang="de"', b' lang="pl"'),
    "x-text": (b"utf-8", b"utf-16"),
    "x-type": (b"text/html; charset=utf-8", b"text/html; charset=utf-16le", b"text/html", b"*/*"),
    "x-more": (None, _MORE),
    "x-coding": (None, b"gzip"),
    "x-nonce": (None, b"1", b"2"),
    "x-link": (None, b"<https://films.example/a>;rel=preload", b"</own>;rel=preload"),
    "x-cache-control": (None, b"public, max-age=60"),
    "x-etag": (None, b'"1"', b'W/"2"'),
    "x-set-cookie": (None, b"basket=1", b"_counter=1"),
    "x-status": (b"200", b"404"),
    "authorization": (None, b"Basic eDp4"),
    "x-consent-variant": (None, b"new", b"all"),
    "x-requested-with": (None, b"XMLHttpRequest"),
    "hx-request": (None, b"true"),
    "if-none-match": (None, b'"1"'),
    "user-agent": (b"one", b"another"),
}  # fmt: skip
_HEADERS_WITH_X = (b"x-consent-variant", b"x-requested-with")
_OF_SCOPE = ("path", "scheme", "method", "root_path")


def told(visit: dict[str, Any]) -> tuple[object, ...]:
    given = {name.encode(): value for name, value in visit.items() if isinstance(value, bytes)}
    site = {name: value for name, value in given.items() if name.startswith(b"x-")}
    headers = [pair for pair in given.items() if pair[0] not in site or pair[0] in _HEADERS_WITH_X]
    scope = {name: visit[name] for name in _OF_SCOPE}
    with patch("asgi_consent.http.cookies.random.shuffle"):  # of cookies that are to be removed
        answer = get(_APPS[visit["delivery"]], headers=headers, site=site, **scope)
    return answer.status, sorted(answer.headers), answer.body


def _forget() -> None:
    for tools in (tools for app in _APPS.values() for tools in app._tools.values()):
        object.__setattr__(tools, "pages", PageMemo())
        object.__setattr__(tools, "heads", HeadMemo())


@pytest.mark.threat("T16")
@pytest.mark.parametrize("difference", VISITS)
@settings(max_examples=40)
@given(data=st.data())
def test_nobody_gets_what_was_made_for_somebody_else(difference: str, data: st.DataObject) -> None:
    """After a visit that differs in one thing, as after none."""
    visit = {name: values[0] for name, values in VISITS.items()}
    for name in data.draw(st.sets(st.sampled_from([*VISITS]), max_size=4)) | {difference}:
        visit[name] = data.draw(st.sampled_from(VISITS[name]))
    others = [value for value in VISITS[difference] if value != visit[difference]]
    _forget()
    expected = told(visit)
    _forget()

    for _ in range(data.draw(st.integers(1, 3))):
        another = data.draw(st.sampled_from([*VISITS]))
        more = {another: data.draw(st.sampled_from(VISITS[another]))}
        told({**visit, **more, difference: data.draw(st.sampled_from(others))})

    assert told(visit) == expected
    assert told(visit) == expected


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    ("kind", "page"),
    [
        (b"text/html", b"<!doctype html><body>%s</body>" % _MORE),
        (b"*/*", b"hello <b>text</b> <script src=https://films.example/1></script>"),
    ],
    ids=["charset", "sniffed"],
)
def test_type_of_another_page_of_the_same_address_does_not_count(
    protect: Protect, kind: bytes, page: bytes
) -> None:
    def visit(app: ConsentMiddleware, kind: bytes, page: bytes) -> bytes:
        headers = [(b"content-type", kind)]
        site.headers, site.pieces = headers, (page,)
        return get(app, headers=[(b"sec-fetch-dest", b"document")]).body

    site = SimpleApp()
    expected = visit(protect(site), kind, page)
    app = protect(site)
    visit(app, kind, b"<!doctype html><p>page</p>")
    visit(app, b"text/html; charset=utf-8", page)

    assert visit(app, kind, page) == expected


@pytest.mark.threat("T16")
@pytest.mark.parametrize(
    "how",
    [
        {"path": "/a?token=SECRET", "method": "POST"},
        {"path": "/a?token=SECRET", "headers": [(b"authorization", b"Bearer SECRET")]},
        {"path": "/a?token=SECRET", "no-store": True},
        {"headers": [(b"cookie", b"session=SECRET; asgi_consent_reminder=on")]},
        {"path": "/" + "SECRET" * 300},
        {"headers": [(b"x-anything", b"SECRET" * 2000)]},
    ],
)
def test_what_is_for_one_visitor_is_not_kept(protect: Protect, how: dict[str, Any]) -> None:
    control = [(b"cache-control", b"no-store")] if how.pop("no-store", False) else []
    app = protect(
        SimpleApp(PAGE % (b"en", b""), headers=[(b"content-type", b"text/html"), *control])
    )
    headers = [(b"sec-fetch-dest", b"document"), *how.pop("headers", [])]

    answer = get(app, headers=headers, **how)

    assert b"data-consent-gated" in answer.body
    tools = app._tools[app.settings.mode]
    assert "SECRET" not in repr((tools.pages._pages, tools.heads._heads))


def test_placeholder_that_failed_once_comes_back(
    protect: Protect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = protect(SimpleApp(PAGE % (b"en", b"")))
    with monkeypatch.context() as patching:
        patching.setattr(app._tools[app.settings.mode].banner, "placeholder", None)
        assert b'data-consent-gated="undeclared"' in get(app).body

    assert b'data-consent-gated="undeclared"' not in get(app).body


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
