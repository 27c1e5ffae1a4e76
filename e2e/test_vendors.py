"""What vendors' scripts are told: which calls, in which order, with which values, and when.

The fakes are made the way each vendor's own snippet and script are: a queue that takes what came
before, and then a function of its own. They write down what they were told, in order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import App, Receive, Scope, Send
from e2e.world import PATIENCE, SECRET_KEY, serving

#: service → the snippet that a page holds, and what the vendor's own server sends
SNIPPETS = {
    "google-analytics": """
      window.dataLayer = window.dataLayer || [];
      function gtag() { dataLayer.push(arguments) }
      gtag("js", 1); gtag("config", "G-1");""",
    "microsoft-uet": """
      (function (w, d, u) { w.uetq = w.uetq || []; var s = d.createElement("script"); s.src = u;
        s.onload = function () { w.uetq = new UET({ q: w.uetq }); w.uetq.push("pageLoad") };
        d.head.append(s) })(window, document, "{vendor}");""",
    "microsoft-clarity": """
      (function (c, l, a, u) { c[a] = c[a] || function () { (c[a].q = c[a].q || []).push(arguments) };
        var t = l.createElement("script"); t.src = u; l.head.append(t) })(window, document, "clarity", "{vendor}");
      clarity("set", "k", "v");""",
    "meta-pixel": """
      !function (f, b, u, n, t) { if (f.fbq) return; n = f.fbq = function () {
        n.callMethod ? n.callMethod.apply(n, arguments) : n.queue.push(arguments) };
        if (!f._fbq) f._fbq = n; n.push = n; n.queue = [];
        t = b.createElement("script"); t.src = u; b.head.append(t) }(window, document, "{vendor}");
      fbq("init", "1"); fbq("track", "PageView");""",
    "tiktok-pixel": """
      !function (w, d, u) { var q = w.ttq = w.ttq || [];
        q.methods = ["page", "holdConsent", "grantConsent", "revokeConsent"];
        q.setAndDefer = function (t, e) { t[e] = function () { t.push([e].concat([].slice.call(arguments))) } };
        q.methods.forEach(function (m) { q.setAndDefer(q, m) });
        var s = d.createElement("script"); s.src = u; d.head.append(s); q.page() }(window, document, "{vendor}");""",
    "pinterest-tag": """
      !function (u) { if (!window.pintrk) { window.pintrk = function () {
        window.pintrk.queue.push([].slice.call(arguments)) }; var n = window.pintrk; n.queue = [];
        var t = document.createElement("script"); t.src = u; document.head.append(t) } }("{vendor}");
      pintrk("load", "1"); pintrk("page");""",
    "matomo": """
      var _paq = window._paq = window._paq || []; _paq.push(["trackPageView"]);
      (function (d, u) { var s = d.createElement("script"); s.src = u; d.head.append(s) })(document, "{vendor}");""",
    "hubspot": """
      (function (d, u) { var s = d.createElement("script"); s.src = u; d.head.append(s) })(document, "{vendor}");""",
    "adobe-analytics": """
      !function (n, o) { (n.__alloyNS = n.__alloyNS || []).push(o); n[o] = function () { var u = arguments;
        return new Promise(function (i, l) { n[o].q.push([i, l, u]) }) }; n[o].q = [] }(window, "alloy");
      (function (d, u) { var s = d.createElement("script"); s.src = u; d.head.append(s) })(document, "{vendor}");
      alloy("configure", { defaultConsent: "pending" });""",
    "shopify": """
      window.Shopify = { loadFeatures: function (features, then) {
        told.push(["shopify", "loadFeatures", features[0].name]);
        Shopify.customerPrivacy = { setTrackingConsent: function (state, done) {
          told.push(["shopify", "setTrackingConsent", state]); done() } };
        then() } };""",
}
_NOTE = "function note(name) { return function () { told.push([name].concat([].slice.call(arguments))) } }"
SCRIPTS = {
    "microsoft-uet": """
      function UET(o) { this.push = note("uet"); var q = o.q; while (q.length) {
        if (q[0] === "consent") this.push(q.shift(), q.shift(), q.shift()); else this.push(q.shift()) } }""",
    "microsoft-clarity": """
      var q = clarity.q || []; window.clarity = note("clarity"); q.forEach(function (a) { clarity.apply(0, a) });""",
    "meta-pixel": """
      fbq.callMethod = note("meta"); fbq.queue.forEach(function (a) { fbq.callMethod.apply(0, a) });""",
    "tiktok-pixel": """
      var q = ttq.slice(); ttq.methods.forEach(function (m) { ttq[m] = note("tiktok " + m) });
      q.forEach(function (a) { ttq[a[0]].apply(0, a.slice(1)) });""",
    "pinterest-tag": """
      var q = pintrk.queue; window.pintrk = note("pinterest"); q.forEach(function (a) { pintrk.apply(0, a) });""",
    "matomo": """
      var q = _paq; window._paq = { push: function (a) { note("matomo").apply(0, a) } }; q.forEach(_paq.push);""",
    "hubspot": """
      var q = window._hsp || []; window._hsp = { push: function (a) { note("hubspot").apply(0, a) } };
      q.forEach(_hsp.push);""",
    "adobe-analytics": """
      var q = alloy.q; window.alloy = function () { note("adobe").apply(0, arguments); return Promise.resolve() };
      q.forEach(function (a) { alloy.apply(0, a[2]); a[0]() });""",
}
ALL = tuple(SNIPPETS)

Show = Callable[..., Page]


#: what a page had been told when it was left, as its last message says
Farewells = Queue[dict[str, Any]]


def site(
    services: tuple[str, ...], settings: dict[str, Any], port: Callable[[], int], left: Farewells
) -> App:
    async def page(request: Request) -> Response:
        nonce = "n0nce"
        scripts = "".join(
            f'<script nonce="{nonce}" data-consent="{name}">'
            + SNIPPETS[name].replace("{vendor}", f"http://{name}.localhost:{port()}/v.js")
            + "</script>"
            for name in services
        )
        keep = (
            "window.told = []; addEventListener('pagehide', () => { navigator.sendBeacon('/left',"
            "JSON.stringify({ told, layer: (window.dataLayer ?? []).map((entry) => [...entry]) })) });"
        )
        return HTMLResponse(
            f'<!doctype html><title>Shop</title><script nonce="{nonce}">{keep}</script>{scripts}<p>shop',
            headers={"content-security-policy": f"script-src 'nonce-{nonce}' 'strict-dynamic'"},
        )

    async def leave(request: Request) -> Response:
        left.put(json.loads(await request.body()))
        return Response(status_code=204)

    routes = [Route("/", page), Route("/left", leave, methods=["POST"])]
    shop = ConsentMiddleware(
        Starlette(routes=routes),
        {
            "services": [{"id": name, "hosts": [f"{name}.localhost"]} for name in services],
            **settings,
        },
        SECRET_KEY,
    )

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode().partition(":")[0]
        name = host.removesuffix(".localhost")
        if name in SNIPPETS:
            script = Response(_NOTE + SCRIPTS.get(name, ""), media_type="text/javascript")
            await script(scope, receive, send)
        else:
            await shop(scope, receive, send)

    return dispatch


@pytest.fixture
def left() -> Farewells:
    return Queue()


@pytest.fixture
def show(browser: Browser, left: Farewells) -> Iterator[Show]:
    """Open a page of a shop that uses the services."""
    stops: list[Callable[..., object]] = []

    def opened(*services: str, **settings: Any) -> Page:
        ports: list[int] = []
        running = serving(site(services, settings, lambda: ports[0], left))
        ports.append(running.__enter__())
        context = browser.new_context()
        stops.extend((lambda: running.__exit__(None, None, None), context.close))
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{ports[0]}/")
        return page

    yield opened
    for stop in reversed(stops):
        stop()


def press(page: Page, name: str) -> None:
    with page.expect_event("load"):
        page.get_by_role("button", name=name, exact=True).click()


def told(page: Page, vendor: str) -> list[list[Any]]:
    page.wait_for_function("name => told.some((call) => call[0].startsWith(name))", arg=vendor)
    return [call[1:] for call in page.evaluate("told") if call[0] == vendor]


def layer(page: Page) -> list[Any]:
    """Google's layer. Its tags take only `arguments` for commands."""
    return list(
        page.evaluate("""() => dataLayer.map((entry) =>
        Object.prototype.toString.call(entry) === "[object Arguments]" ? [...entry] : "no command")""")
    )


def google(marketing: str, statistics: str, preferences: str) -> dict[str, str]:
    return {
        "ad_storage": marketing,
        "ad_user_data": marketing,
        "ad_personalization": marketing,
        "analytics_storage": statistics,
        "functionality_storage": preferences,
        "personalization_storage": preferences,
        "security_storage": "granted",
    }


DENIED, GRANTED = google("denied", "denied", "denied"), google("granted", "granted", "granted")


def test_google_hears_the_default_before_any_tag_and_an_update_on_the_page_of_the_choice(
    show: Show, left: Farewells
) -> None:
    page = show("google-analytics")
    assert layer(page) == [["consent", "default", DENIED], ["set", "ads_data_redaction", True]]

    press(page, "Accept all")

    assert left.get(timeout=PATIENCE)["layer"][-1] == ["consent", "update", GRANTED]
    assert layer(page)[0] == ["consent", "default", GRANTED]
    assert layer(page)[-1] == ["config", "G-1"]


def test_advanced_consent_mode_loads_tags_that_are_told_they_are_denied(show: Show) -> None:
    page = show("google-analytics", consent_mode={"advanced": True, "url_passthrough": True})

    assert layer(page) == [
        ["consent", "default", DENIED],
        ["set", "ads_data_redaction", True],
        ["set", "url_passthrough", True],
        ["js", 1],
        ["config", "G-1"],
    ]


def test_single_category_is_mapped_to_its_types(show: Show) -> None:
    page = show("google-analytics")

    page.get_by_role("link", name="Choose").click()
    page.get_by_role("checkbox", name="Statistics").check()
    press(page, "Save my choices")

    assert layer(page)[0] == ["consent", "default", google("denied", "granted", "denied")]


def test_vendors_that_are_granted_hear_it_before_anything_else(show: Show) -> None:
    page = show(*ALL)
    press(page, "Accept all")

    assert told(page, "uet")[:2] == [
        ["consent", "default", {"ad_storage": "granted"}],
        ["pageLoad"],
    ]
    clarity = {"ad_Storage": "granted", "analytics_Storage": "granted"}
    assert told(page, "clarity") == [["consentv2", clarity], ["set", "k", "v"]]
    assert told(page, "meta") == [["init", "1"], ["track", "PageView"]]
    assert told(page, "pinterest") == [["load", "1"], ["page"]]
    assert told(page, "matomo") == [["requireConsent"], ["setConsentGiven"], ["trackPageView"]]
    hubspot = {"analytics": True, "advertisement": True, "functionality": True}
    assert told(page, "hubspot") == [["setHubSpotConsent", hubspot]]
    collect = [{"standard": "Adobe", "version": "2.0", "value": {"collect": {"val": "y"}}}]
    assert told(page, "adobe") == [
        ["configure", {"defaultConsent": "pending"}],
        ["setConsent", {"consent": collect}],
    ]
    shopify = {"analytics": True, "marketing": True, "preferences": True, "sale_of_data": True}
    assert told(page, "shopify") == [
        ["loadFeatures", "consent-tracking-api"],
        ["setTrackingConsent", shopify],
    ]


def test_withdrawal_is_told_before_the_page_goes(show: Show, left: Farewells) -> None:
    page = show(*ALL)
    press(page, "Accept all")
    for vendor in ("uet", "clarity", "meta", "pinterest", "matomo", "hubspot", "tiktok page"):
        told(page, vendor)

    left.get(timeout=PATIENCE)
    press(page, "Withdraw")

    kept = left.get(timeout=PATIENCE)
    assert kept["layer"][-1] == ["consent", "update", DENIED]
    for call in (
        ["uet", "consent", "update", {"ad_storage": "denied"}],
        ["clarity", "consentv2", {"ad_Storage": "denied", "analytics_Storage": "denied"}],
        ["meta", "consent", "revoke"],
        ["tiktok revokeConsent"],
        ["pinterest", "setconsent", False],
        ["matomo", "forgetConsentGiven"],
        ["hubspot", "revokeCookieConsent"],
    ):
        assert call in kept["told"], call
    assert page.evaluate("told.filter((call) => call[0] !== 'shopify')") == []


def test_site_without_such_services_is_told_nothing(show: Show) -> None:
    page = show()

    assert page.evaluate("[typeof dataLayer, typeof uetq, typeof gtag]") == ["undefined"] * 3


def test_scripts_can_ask_for_the_gpp_string_and_hear_it_change(show: Show, left: Farewells) -> None:
    page = show(gpp={"section": "usnat"}, region={"rule": "opt-out"})
    page.evaluate("""__gpp("addEventListener", (event) => told.push(
      [event.eventName, event.data, event.pingData.signalStatus, event.pingData.gppString]))""")
    granted, denied = "DBABLA~CVVqAAAAAACA.QA", "DBABLA~CVVVAAAAAACA.QA"

    assert page.evaluate(
        """() => { const out = []; for (const [command, parameter] of [["hasSection", "usnat"],
        ["getField", "usnat.SaleOptOut"], ["getSection", "tcfeuv2"], ["nonsense", 1]])
        __gpp(command, (value, success) => out.push([value, success]), parameter); return out }"""
    ) == [[True, True], [2, True], [None, True], [None, False]]
    press(page, "Reject all")

    assert left.get(timeout=PATIENCE)["told"] == [
        ["listenerRegistered", True, "ready", granted],
        ["signalStatus", "not ready", "not ready", granted],
        ["sectionChange", "usnat", "not ready", denied],
        ["signalStatus", "ready", "ready", denied],
    ]
    assert (
        page.evaluate("__gpp('ping', (ping) => (window.pinged = ping)) ?? pinged.gppString")
        == denied
    )
