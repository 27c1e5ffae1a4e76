"""Response headers that make a browser load, report or tell something, before and after consent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.findings import Findings
from asgi_consent.header_gates import GATES, Gates
from asgi_consent.policy import Category, Mode, Policy, UnknownHosts
from asgi_consent.types import Header, Headers, Receive, Scope, Send
from tests.asgi import Answer, SimpleApp, call, get, post, scope_of
from tests.conftest import shop_settings

Protect = Callable[..., ConsentMiddleware]

IMAGE: Header = (b"content-type", b"image/png")
GROUP = b'{"group":"%s","max_age":60,"endpoints":[{"url":"%s"}]}'
OWN_GROUP, OTHER_GROUP = GROUP % (b"own", b"/r"), GROUP % (b"t", b"https://t.example/r")
GRANTED_GROUP = GROUP % (b"c", b"https://counter.example/r")

#: what an app sends → what is left of it before a choice
BEFORE: list[tuple[bytes, bytes, bytes | None]] = [
    (b"Refresh", b"5", b"5"),
    (b"refresh", b"5; url=/next", b"5; url=/next"),
    (b"refresh", b"0;url=https://www.shop.example/", b"0;url=https://www.shop.example/"),
    (b"Refresh", b"5; url=https://t.example/", None),
    (b"refresh", b"0;url='https://counter.example/'", None),
    (b"refresh", b"0;url=/count/me", None),
    (b"Speculation-Rules", b'"/rules.json"', None),
    (b"speculation-rules", b'"https://t.example/rules.json"', None),
    (b"Accept-CH", b"Sec-CH-UA-Model, DPR", b"DPR"),
    (b"accept-ch", b"Sec-CH-UA-Model", b""),
    (b"accept-ch", b"DPR ,Save-Data", b"DPR ,Save-Data"),
    (b"Critical-CH", b"Sec-CH-Prefers-Color-Scheme, RTT", b"Sec-CH-Prefers-Color-Scheme"),
    (b"Reporting-Endpoints", b'a="https://t.example/r", b="/r"', b'b="/r"'),
    (b"reporting-endpoints", b'a="https://counter.example/r"', None),
    (b"reporting-endpoints", b"a=https://t.example/r", None),
    (b"Report-To", OTHER_GROUP + b", " + OWN_GROUP, OWN_GROUP),
    (b"report-to", b"{", None),
    (b"NEL", b'{"report_to":"own","max_age":60}', None),
    (b"nel", b"", None),
    (b"nel", b'{"max_age":0}', b'{"max_age":0}'),
    (
        b"Content-Security-Policy",
        b"img-src *; report-uri /r //t.example",
        b"img-src *; report-uri /r",
    ),
    (b"content-security-policy", b"script-src https://t.example", b"script-src https://t.example"),
    (b"Content-Security-Policy-Report-Only", b"report-uri https://t.example/r", None),
    (b"Link", b"<https://t.example>; rel=preconnect", None),
    (b"Attribution-Reporting-Register-Source", b"{}", None),
    (b"Attribution-Reporting-Register-Trigger", b"{}", None),
    (b"Attribution-Reporting-Register-OS-Source", b'"https://t.example"', None),
    (b"Attribution-Reporting-Register-OS-Trigger", b'"https://t.example"', None),
    (b"Observe-Browsing-Topics", b"?1", None),
    (b"Shared-Storage-Write", b"clear", None),
    (b"Ad-Auction-Signals", b"{}", None),
    (b"Ad-Auction-Allowed", b"?1", None),
    (b"Ad-Auction-Additional-Bid", b"x:y", None),
    (b"Ad-Auction-Result", b"x", None),
    (b"Attribution-Reporting-Info", b"report-header-errors", None),
]


def accepted(app: ConsentMiddleware, path: str = "/", answer: bytes = b"choice=accept") -> Answer:
    """The page for a visitor who has chosen."""
    chosen = post(app, "/_consent/choice", answer).first("set-cookie") or b""
    return get(app, path, headers=[(b"cookie", chosen.partition(b";")[0])])


@pytest.mark.parametrize(("name", "value", "left"), BEFORE)
def test_before_a_choice_only_what_leads_nowhere_else_is_left(
    protect: Protect, name: bytes, value: bytes, left: bytes | None
) -> None:
    answer = get(protect(SimpleApp(headers=[IMAGE, (name, value), (b"x-other", b"1")])))

    kept = [] if left is None else [(name, left)]
    assert answer.headers == [IMAGE, *kept, (b"x-other", b"1")]


@pytest.mark.parametrize("status", [200, 204, 206, 301, 304, 404, 500])
def test_headers_of_every_status_are_gated(protect: Protect, status: int) -> None:
    headers = [IMAGE, (b"refresh", b"0;url=https://t.example"), (b"observe-browsing-topics", b"?1")]

    answer = get(protect(SimpleApp(headers=headers, status=status)))

    assert answer.headers == [IMAGE]


def test_headers_of_a_page_and_of_a_websocket_are_gated(protect: Protect) -> None:
    html = (b"content-type", b"text/html")
    refresh = (b"refresh", b"0;url=https://t.example")
    assert get(protect(SimpleApp(headers=[html, refresh]))).first("refresh") is None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "headers": [refresh, IMAGE]})

    opened = call(protect(app), scope_of(type="websocket"))
    assert opened.messages[0]["headers"] == [IMAGE]


EVERYTHING: Headers = [
    (b"refresh", b"0;url=https://counter.example"),
    (b"speculation-rules", b'"/rules.json",\t"https://films.example/rules.json"'),
    (b"accept-ch", b"Sec-CH-UA-Model"),
    (b"critical-ch", b"Sec-CH-UA-Model"),
    (b"reporting-endpoints", b'a="https://counter.example/r"'),
    (b"report-to", GRANTED_GROUP),
    (b"nel", b'{"report_to":"c","max_age":60}'),
    (b"content-security-policy", b"report-uri https://counter.example"),
    (b"link", b"<https://films.example/>; rel=preconnect"),
    (b"observe-browsing-topics", b"?1"),
]


@pytest.mark.parametrize("header", EVERYTHING)
def test_what_is_granted_passes_and_stays_out_of_shared_caches(
    protect: Protect, header: Header
) -> None:
    groups = [(b"report-to", GRANTED_GROUP)] if header[0] == b"nel" else []
    public = (b"cache-control", b"public, max-age=60")
    app = SimpleApp(headers=[IMAGE, public, *groups, header])
    protected = protect(app)

    before, after = get(protected), accepted(protected)

    assert header not in before.headers
    assert before.first("cache-control") == public[1]
    assert header in after.headers
    assert after.all("cache-control") == [b"private, max-age=60"]


def test_what_every_visitor_gets_stays_in_shared_caches(protect: Protect) -> None:
    headers = [
        (b"cache-control", b"public"),
        (b"refresh", b"0;url=https://t.example"),
        (b"accept-ch", b"DPR"),
    ]

    assert get(protect(SimpleApp(headers=headers), unknown_hosts="allow")).headers == headers


def test_undeclared_link_passes_where_only_what_is_active_is_held_back(protect: Protect) -> None:
    link = (b"link", b"<https://t.example/a.png>; rel=preload; as=image")
    active = [(b"refresh", b"0;url=//t.example"), (b"reporting-endpoints", b'a="//t.example"')]
    script = (b"link", b"<https://t.example/a.js>; rel=preload; as=script")
    app = protect(SimpleApp(headers=[*active, script, link]), unknown_hosts="gate-active")

    assert get(app).headers == [link]


def test_one_category_is_not_enough_for_what_cannot_be_seen(protect: Protect) -> None:
    one = b"choice=save&category=statistics"

    answer = accepted(protect(SimpleApp(headers=EVERYTHING)), answer=one)

    left = dict(answer.headers)
    assert {b"refresh", b"reporting-endpoints", b"report-to", b"nel"} < left.keys()
    assert {b"speculation-rules", b"observe-browsing-topics", b"link"}.isdisjoint(left)
    assert left[b"accept-ch"] == b""


def test_rules_of_others_are_left_out_even_if_everything_is_granted(protect: Protect) -> None:
    rules = (b"speculation-rules", b'"https://t.example/r.json", "/r.json"')

    assert accepted(protect(SimpleApp(headers=[rules]))).all("speculation-rules") == [b'"/r.json"']


def test_errors_are_not_logged_to_a_group_that_is_held_back(protect: Protect) -> None:
    nel = (b"nel", b'{"report_to":"t","max_age":60}')
    own = (b"nel", b'{"report_to":"own","max_age":60}')
    groups = (b"report-to", OTHER_GROUP + b"," + OWN_GROUP)

    answer = get(protect(SimpleApp(headers=[nel, own, groups])))

    assert answer.headers == [own, (b"report-to", OWN_GROUP)]


@pytest.mark.parametrize(
    "values",
    [
        (b"5", b"https://t.example/"),
        (b"5; url='https://www.shop.example", b"'@t.example/'"),
        (b"5; url=/next", b"0; url=https://t.example/"),
        (b"0; url=https://t.example/", b"5; url=/next"),
    ],
)
def test_several_refreshes_that_may_be_read_as_one_are_judged_as_one(
    protect: Protect, values: tuple[bytes, ...]
) -> None:
    headers = [(b"refresh", value) for value in values]

    assert get(protect(SimpleApp(headers=headers))).headers == []


def test_several_refreshes_of_the_site_itself_stay(protect: Protect) -> None:
    headers = [(b"refresh", b"5"), (b"Refresh", b"5; url=/next")]

    assert get(protect(SimpleApp(headers=headers))).headers == headers


def test_very_many_headers_are_read_in_good_time(protect: Protect) -> None:
    headers = [
        (b"refresh", b"5"),
        (b"nel", b'{"report_to":"own"}'),
        (b"report-to", OWN_GROUP),
        (b"accept-ch", b"RTT"),
    ] * 3000

    assert len(get(protect(SimpleApp(headers=headers))).headers) == len(headers)


def test_nonce_of_a_filtered_policy_still_goes_onto_our_scripts(protect: Protect) -> None:
    policy = b"report-uri https://t.example; script-src 'nonce-r4nd0m'"
    html = (b"content-type", b"text/html")
    app = SimpleApp(b"<head></head>", headers=[html, (b"content-security-policy", policy)])

    answer = get(protect(app))

    assert answer.all("content-security-policy")[0] == b"script-src 'nonce-r4nd0m'"
    assert b'nonce="r4nd0m"' in answer.body


def test_observe_tells_and_changes_nothing(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    headers = [(name, value) for name, value, _ in BEFORE]
    app = protect(SimpleApp(headers=headers), mode="observe")

    assert get(app).headers == headers
    assert accepted(app).headers == headers
    assert 'would hold back undeclared header refresh of host "t.example"' in caplog.text
    assert "would hold back header accept-ch: it asks for" in caplog.text


def test_each_header_held_back_is_told_once_with_what_to_do(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    headers = [
        (b"refresh", b"0;url=https://u:p@t.example/ann?token=1"),
        (b"link", b"<https://t.example/ann>; rel=preconnect"),
        (b"report-to", OTHER_GROUP),
        (b"report-to", b"\x1b[31m"),
        (b"reporting-endpoints", b'a="https://counter.example/ann"'),
        (b"nel", b'{"report_to":"t"}'),
    ]
    app = protect(SimpleApp(headers=headers))

    with caplog.at_level(logging.INFO, "asgi_consent"):
        get(app)
        get(app)

    assert [message.removeprefix("asgi-consent: held back ") for message in caplog.messages] == [
        'undeclared header refresh of host "t.example"; to declare it, add hosts = ["t.example"] to one of [[services]]',
        'undeclared header link of host "t.example"; to declare it, add hosts = ["t.example"] to one of [[services]]',
        'undeclared header report-to of host "t.example"; to declare it, add hosts = ["t.example"] to one of [[services]]',
        "header report-to: it cannot be read",
        'header reporting-endpoints of host "counter.example" of counter (statistics)',
        "header nel: its report_to names no group of a Report-To that is sent",
    ]


def test_early_hint_that_is_held_back_is_told(
    protect: Protect, caplog: pytest.LogCaptureFixture
) -> None:
    links = [b"<https://t.example/x.js>; rel=preload", b"</own.css>; rel=preload"]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": links})

    answer = call(protect(app), scope_of())
    observed = call(protect(app, mode="observe"), scope_of())

    assert answer.messages[0]["links"] == links[1:]
    assert observed.messages[0]["links"] == links
    assert 'header link of host "t.example"' in caplog.text


# ---- what is granted


def test_everything_is_granted_when_no_category_is_left(policy: Policy) -> None:
    some = Decision(policy, grants=Grants(frozenset(("statistics", "marketing"))))
    every = Decision(policy, grants=Grants(policy.optional))

    assert not Decision(policy).grants_everything
    assert not some.grants_everything
    assert every.grants_everything


def test_advertising_is_granted_with_all_that_gpc_switches_off() -> None:
    ads = (Category("ads", "Ads", "", gpc=True), Category("more", "More", "", gpc=True))
    plain = Category("statistics", "Statistics", "")

    def grants(*ids: str, categories: tuple[Category, ...] = (*ads, plain)) -> bool:
        policy = Policy({}, categories=categories)
        return Decision(policy, grants=Grants(frozenset(ids))).grants_advertising

    assert grants("ads", "more")
    assert not grants("ads", "statistics")
    assert not grants("statistics", categories=(plain,))


def test_gpc_keeps_advertising_headers_back_in_an_opt_out_region(protect: Protect) -> None:
    app = protect(
        SimpleApp(headers=[(b"observe-browsing-topics", b"?1")]), region={"rule": "opt-out"}
    )

    assert get(app).headers[0] == (b"observe-browsing-topics", b"?1")
    assert get(app, headers=[(b"sec-gpc", b"1")]).headers == []


# ---- properties

PAGE = Page("shop.example", (Base("https", "shop.example"),))


@cache
def decision(*, granted: bool) -> Decision:
    unknown = UnknownHosts.ALLOW if granted else UnknownHosts.GATE
    policy = shop_settings(unknown_hosts=unknown.value).policy
    return Decision(policy, grants=Grants(policy.optional if granted else frozenset()))


def gated(headers: Headers, *, granted: bool = False) -> Headers:
    chosen = decision(granted=granted)
    gates = Gates(chosen, PAGE, Findings(chosen.policy, Mode.ENFORCE), headers)
    passing = [(name, gates(name, value)) for name, value in headers]
    return [(name, value) for name, value in passing if value is not None]


NAMES = st.sampled_from(sorted(GATES))
PIECES = st.sampled_from(
    b"""" ' , ; = { } [ ] ( ) < > : \\ 0 a url= /r https://t.example //counter.example report-uri
    report_to "endpoints" "url" group DPR RTT ?1 rel=preload \xff \x00""".split()
)
VALUES = st.binary(max_size=40) | st.lists(PIECES | st.just(b" "), max_size=12).map(b"".join)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_any_headers_can_be_gated_twice(headers: Headers) -> None:
    once = gated(headers)

    assert gated(once) == once


URLS = st.sampled_from(
    [b"/r", b"https://t.example/r?a=b", b"//counter.example", b"https://films.example/;x"]
)
WELL_FORMED = st.one_of(
    st.builds(lambda url: (b"refresh", b"5; url=" + url), URLS),
    st.builds(lambda url: (b"speculation-rules", b'"%s" , "/x"' % url), URLS),
    st.builds(lambda url: (b"reporting-endpoints", b'a="%s";p, b="/x"' % url), URLS),
    st.builds(lambda url: (b"report-to", b"%s,%s" % (OWN_GROUP, GROUP % (b"t", url))), URLS),
    st.builds(lambda url: (b"content-security-policy", b"a;;report-uri  %s,b" % url), URLS),
    st.builds(lambda url: (b"link", b"<%s>;rel=preload" % url), URLS),
    st.tuples(st.sampled_from([b"accept-ch", b"critical-ch"]), VALUES),
    st.tuples(st.sampled_from(sorted(n for n in GATES if n.startswith(b"a"))), VALUES),
)


@given(st.lists(WELL_FORMED, max_size=4))
def test_nothing_changes_where_everything_is_granted_and_allowed(headers: Headers) -> None:
    if len([name for name, _ in headers if name == b"refresh"]) <= 1:
        assert gated(headers, granted=True) == headers


@given(st.lists(WELL_FORMED, max_size=4))
def test_nothing_of_others_is_left_before_a_choice(headers: Headers) -> None:
    left = b"".join(
        value for name, value in gated(headers) if name not in (b"accept-ch", b"critical-ch")
    )

    assert b"t.example" not in left
    assert b"counter.example" not in left
