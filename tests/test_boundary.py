"""The policy derived from consent: never narrower than the rewriter, never beside the app's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.boundary import Boundary
from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.http.csp import CSP
from asgi_consent.http.request import Request
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.policy import Policy
from asgi_consent.types import App, Header
from tests.asgi import SimpleApp, get, scope_of
from tests.conftest import shop_settings
from tests.http.csp_oracle import Ask, allowed

Protect = Callable[..., ConsentMiddleware]
HTML: Header = (b"content-type", b"text/html")
OPEN = shop_settings(catalogue={"use": False}).policy
WITH_CATALOGUE = shop_settings().policy
ACTIVE = shop_settings(unknown_hosts="gate-active").policy
ALL = Grants(OPEN.optional)
HOSTS = [
    *("shop.example", "static.shop.example", "shop-cdn.example", "img.shop-cdn.example"),
    *("counter.example", "eu.counter.example", "films.example", "media.example", "t.example"),
    *("js.stripe.com", "www.google-analytics.com", "stats.shop.example", "notcounter.example"),
]


def policy_for(policy: Policy, grants: Grants, *, secure: bool = True) -> bytes:
    request = Request(scope_of("/", scheme="https" if secure else "http"))
    header = Boundary(policy, "/_consent").header(request, grants, 100_000)
    assert header is not None
    return header[1]


grants = st.builds(
    Grants,
    st.sets(st.sampled_from(sorted(OPEN.optional))).map(frozenset),
    st.sets(st.sampled_from(["films", "counter"])).map(frozenset),
)
urls = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["https", "wss"]),
    st.sampled_from(HOSTS),
    st.sampled_from(["", ":8443"]),
    st.sampled_from(["/", "/films/1", "/count/x", "/app.js"]),
)
kinds = st.sampled_from(["script", "img", "frame", "connect", "font", "style", "worker"])


@given(st.sampled_from([OPEN, WITH_CATALOGUE, ACTIVE]), grants, urls, kinds)
def test_what_the_rewriter_lets_pass_the_policy_lets_pass(
    policy: Policy, granted: Grants, url: str, kind: str
) -> None:
    page = Page("shop.example", (Base("https", "shop.example"),))
    passive = kind in ("img", "font", "style")
    verdict = Decision(policy, grants=granted).url(url, page, passive=passive)
    undeclared = verdict.service and not verdict.service.declared
    if url.startswith("wss:") and (kind != "connect" or undeclared):
        return
    if undeclared and ":8443" in url:  # services of the catalogue live at their usual port
        return

    if verdict.allowed:
        assert allowed(policy_for(policy, granted), Ask(kind, url), "https://shop.example/")


@pytest.mark.threat("T28")
@given(grants, urls, kinds)
def test_host_that_no_granted_service_has_does_not_pass(
    granted: Grants, url: str, kind: str
) -> None:
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    own = host.endswith("shop.example") or host.endswith("shop-cdn.example")
    services = [service for service in OPEN.services.values() if granted.allow(service)]
    known = any(
        host == name.partition("/")[0] or (name[:2] == "*." and host.endswith(name[1:]))
        for service in services
        for name in service.hosts
    )

    if allowed(policy_for(OPEN, granted), Ask(kind, url), "https://shop.example/"):
        assert own or known


def test_only_hosts_are_gated_where_the_app_has_no_policy() -> None:
    value = policy_for(OPEN, Grants())
    page = "https://shop.example/"

    for kind in ("inline-script", "inline-handler", "eval", "form"):
        assert allowed(value, Ask(kind), page), kind
    assert allowed(value, Ask("script", "data:text/javascript,1"), page) or b" data: " in value
    assert b"blob:" in value


@pytest.mark.threat("T14")
def test_policy_of_the_app_stays_beside_ours(protect: Protect) -> None:
    theirs = b"script-src 'self'"
    app = SimpleApp(b"<p>", headers=[HTML, (CSP, theirs)])

    values = get(protect(app, catalogue={"use": False})).all(CSP.decode())

    assert values[0] == theirs
    assert values[1].startswith(b"default-src 'self' ")


def test_socket_hosts_are_named_with_the_scheme_of_the_page() -> None:
    assert b" wss://counter.example:*" in policy_for(OPEN, ALL)
    assert b" ws://counter.example:*" in policy_for(OPEN, ALL, secure=False)


def test_page_gets_what_is_granted_and_reports_to_us(protect: Protect) -> None:
    answer = get(protect(SimpleApp(b"<p>", headers=[HTML]), catalogue={"use": False}))

    value = answer.first(CSP.decode()) or b""
    assert b"counter.example" not in value
    assert b"*.shop-cdn.example:*" in value
    assert value.endswith(b"; report-uri /_consent/report")


def test_policy_too_long_for_proxies_comes_first_in_the_head(protect: Protect) -> None:
    many = {"hosts": [f"shop-files-{number}.example" for number in range(60)]}
    app = SimpleApp(b"<head><title>x</title></head>", headers=[HTML])
    answer = get(protect(app, site=many))

    assert answer.first(CSP.decode()) is None
    assert answer.body.startswith(
        b'<head><meta http-equiv="Content-Security-Policy" content="default-src \'self\' '
    )
    assert b" *.stripe.com" in answer.body
    assert b"report-uri" not in answer.body


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"csp": "report-only"}, b"content-security-policy-report-only"),
        ({"csp": "off"}, None),
        ({"unknown_hosts": "allow"}, None),
        ({"mode": "observe"}, None),
    ],
)
def test_modes_do_what_they_say(protect: Protect, more: dict[str, str], name: bytes | None) -> None:
    app = SimpleApp(b"<head></head>", headers=[HTML])
    answer = get(protect(app, catalogue={"use": False}, **more))

    sent = [key for key, _ in answer.headers if key.startswith(CSP)]
    assert sent == ([name] if name else [])
    assert b"http-equiv" not in answer.body


@pytest.mark.threat("T13", "T14")
@pytest.mark.parametrize("host", [b"evil.example;script-src *", b"a b", b"x,y", b"[::1]:8000"])
def test_strange_host_writes_nothing_into_the_policy(protect: Protect, host: bytes) -> None:
    app = protect(SimpleApp(b"<p>", headers=[HTML]), catalogue={"use": False})
    value = get(app, "/", [(b"host", host)]).first(CSP.decode()) or b""

    assert b"evil" not in value
    assert value.count(b";") == 1
    assert b"," not in value


RUNNING: list[tuple[Iterable[Header], bytes]] = [
    ([(b"sec-fetch-dest", b"worker")], b"text/javascript"),
    ([(b"sec-fetch-dest", b"sharedworker")], b"text/javascript"),
    ([(b"sec-fetch-dest", b"serviceworker")], b"text/javascript"),
    ([(b"sec-fetch-dest", b"document")], b"application/xhtml+xml"),
    ([(b"sec-fetch-dest", b"iframe")], b"image/svg+xml"),
    ([(b"accept", b"text/html")], b"text/xml"),
]


@pytest.mark.threat("T28")
@pytest.mark.parametrize(("ask", "kind"), RUNNING)
@pytest.mark.parametrize("catalogue", [True, False])
def test_what_runs_scripts_unread_gets_a_short_policy_as_header(
    protect: Protect, ask: Iterable[Header], kind: bytes, catalogue: bool
) -> None:
    app: App = SimpleApp(b"x", headers=[(b"content-type", kind)])

    answer = get(protect(app, catalogue={"use": catalogue}), "/", ask)

    assert (answer.first(CSP.decode()) or b"").startswith(b"default-src 'self' ")
    assert b"private" in (answer.first("cache-control") or b"")
    assert b"cookie" in (answer.first("vary") or b"")


def test_picture_gets_no_policy(protect: Protect) -> None:
    app = protect(SimpleApp(b"x", headers=[(b"content-type", b"image/svg+xml")]))

    answer = get(app, "/", [(b"sec-fetch-dest", b"image")])

    assert answer.first(CSP.decode()) is None


def test_headers_stay_below_what_proxies_take(protect: Protect) -> None:
    services = [
        {
            "id": f"s{n}",
            "name": "S",
            "category": "necessary",
            "purpose": "serves",
            "hosts": [f"host-{n}.example.com"],
        }
        for n in range(60)
    ]
    app = SimpleApp(b"<head></head>", headers=[HTML])

    answer = get(protect(app, catalogue={"use": False}, services=services))

    assert sum(len(name) + len(value) + 4 for name, value in answer.headers) <= 3500
    assert b"host-59.example.com" in answer.body


def test_asterisk_in_a_host_stands_for_nothing() -> None:
    request = Request(scope_of("/", [(b"host", b"*.com")], scheme="https"))
    header = Boundary(OPEN, "/_consent").header(request, Grants(), 100_000)

    assert header is not None
    assert b"*.com" not in header[1]
