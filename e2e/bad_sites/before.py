"""Sites that do not wait for an answer: one for each store and each row of what observers see."""

from __future__ import annotations

from e2e.bad_sites.decent import YEAR, YES, View
from e2e.bad_sites.table import ONLY_FIRST, site, undecided

# ---- stores


@site("before-cookies")
def cookie_on_arrival(view: View) -> None:
    if undecided(view):
        view.sets(f"_visits=7f3; Path=/; HttpOnly; Max-Age={YEAR}")


@site("before-cookies", visits=ONLY_FIRST)
def cookie_by_a_script(view: View) -> None:
    if undecided(view):
        view.script += "document.cookie = '_visits=1; path=/';"


@site("before-storage", visits=ONLY_FIRST)
def local_storage_on_arrival(view: View) -> None:
    if undecided(view):
        view.script += "localStorage.visitor = 'x7';"


@site("before-storage", visits=ONLY_FIRST)
def session_storage_on_arrival(view: View) -> None:
    if undecided(view):
        view.script += "sessionStorage.setItem('visitor', 'x7');"


@site("before-storage", visits=ONLY_FIRST)
def database_on_arrival(view: View) -> None:
    if undecided(view):
        view.script += "indexedDB.open('visits', 1);"


@site("before-storage", visits=ONLY_FIRST)
def cache_on_arrival(view: View) -> None:
    if undecided(view):
        view.script += "caches.open('visits');"


@site("before-storage", visits=ONLY_FIRST)
def file_on_arrival(view: View) -> None:
    if undecided(view):
        view.script += (
            "navigator.storage.getDirectory().then((d) => d.getFileHandle('id', {create: true}));"
        )


# ---- requests


def _own_pixel(view: View) -> None:
    view.body += '<img src="/own.gif" alt="">'


@site("before-requests", good=_own_pixel)
def pixel(view: View) -> None:
    if undecided(view):
        view.body += f'<img src="{view.at("pixel", "/p.gif")}" alt="">'


@site("before-requests", visits=ONLY_FIRST)
def frame(view: View) -> None:
    if undecided(view):
        view.body += f'<iframe src="{view.at("frame", "/f")}"></iframe>'


@site("before-requests", visits=ONLY_FIRST)
def beacon_while_the_page_lives(view: View) -> None:
    if undecided(view):
        view.script += f"navigator.sendBeacon('{view.at('alive', '/b')}');"


def _own_beacon(view: View) -> None:
    view.script += "addEventListener('pagehide', () => navigator.sendBeacon('/own'));"


@site("before-requests", good=_own_beacon)
def beacon_on_page_hide(view: View) -> None:
    if undecided(view):
        view.script += (
            "let answered = false; addEventListener('submit', () => (answered = true));"
            "addEventListener('pagehide', () => answered || "
            f"navigator.sendBeacon('{view.at('hide', '/b')}'));"
        )


@site("before-requests", visits=ONLY_FIRST)
def beacon_on_hidden(view: View) -> None:
    if undecided(view):
        view.script += (
            "document.addEventListener('visibilitychange', () => "
            f"navigator.sendBeacon('{view.at('hidden', '/b')}'));"
        )


@site("before-requests", visits=ONLY_FIRST)
def keepalive_on_page_hide(view: View) -> None:
    if undecided(view):
        view.script += (
            f"addEventListener('pagehide', () => fetch('{view.at('keepalive', '/k')}',"
            "{keepalive: true, mode: 'no-cors'}));"
        )


@site("before-requests", visits=ONLY_FIRST)
def worker(view: View) -> None:
    if undecided(view):
        view.script += (
            "new Worker(URL.createObjectURL(new Blob([\"fetch('"
            + view.at("worker", "/w")
            + "', {mode: 'no-cors'})\"])));"
        )


@site("before-requests", visits=ONLY_FIRST)
def shared_worker(view: View) -> None:
    if undecided(view):
        view.script += "new SharedWorker('/fetches/shared.js');"


def _own_service_worker(view: View) -> None:
    view.script += (
        "navigator.serviceWorker.register('/fetches-own/sw.js', {scope: '/fetches-own/'});"
    )


@site("before-requests", good=_own_service_worker)
def service_worker(view: View) -> None:
    if undecided(view):
        view.script += "navigator.serviceWorker.register('/fetches/sw.js', {scope: '/fetches/'});"


@site("before-requests", visits=ONLY_FIRST)
def worklet(view: View) -> None:
    if undecided(view):
        view.script += (
            f"CSS.paintWorklet.addModule('{view.at('worklet', '/w.js')}').catch(() => 0);"
        )


@site("before-requests", visits=ONLY_FIRST)
def web_socket(view: View) -> None:
    if undecided(view):
        view.script += f"new WebSocket('{view.at('socket', '/s', 'ws')}');"


@site("before-requests", visits=ONLY_FIRST)
def web_transport(view: View) -> None:
    if undecided(view):
        view.script += (
            f"new WebTransport('{view.at('transport', '/t', 'https')}').ready.catch(() => 0);"
        )


@site("before-requests", visits=ONLY_FIRST)
def event_source(view: View) -> None:
    if undecided(view):
        view.script += f"new EventSource('{view.at('events', '/e')}');"


@site("before-requests", visits=ONLY_FIRST)
def style_sheet_and_its_font(view: View) -> None:
    if undecided(view):
        view.head += f"<style>@import '{view.at('styles', '/s.css')}';</style>"


@site("before-requests", visits=ONLY_FIRST)
def favicon(view: View) -> None:
    if undecided(view):
        view.head += f'<link rel="icon" href="{view.at("favicon", "/i.png")}">'


@site("before-requests", visits=ONLY_FIRST)
def report_of_a_policy(view: View) -> None:
    if undecided(view):
        view.headers.append(
            (
                "content-security-policy-report-only",
                f"img-src 'none'; report-uri {view.at('reports', '/csp')}",
            )
        )
        view.body += '<img src="/own.gif" alt="">'


@site("before-requests", visits=ONLY_FIRST)
def reporting_endpoint(view: View) -> None:
    if undecided(view):
        view.headers.append(
            ("reporting-endpoints", f'default="{view.at("reporting", "/r", "https")}"')
        )


@site("before-requests", visits=ONLY_FIRST)
def banner_that_pings(view: View) -> None:
    if undecided(view):
        view.banner += f'<img src="{view.at("banner", "/shown.gif")}" alt="">'


# ---- ahead of time, plug-ins, the device


def _own_hint(view: View) -> None:
    view.head += '<link rel="preload" as="image" href="/own.gif"><link rel="dns-prefetch" href="/">'
    view.body += '<img src="/own.gif" alt="">'


@site("before-hints", good=_own_hint)
def preconnect(view: View) -> None:
    if undecided(view):
        view.head += f'<link rel="preconnect" href="{view.at("preconnect")}">'


@site("before-hints", visits=ONLY_FIRST)
def dns_prefetch(view: View) -> None:
    if undecided(view):
        view.head += f'<link rel="dns-prefetch" href="{view.at("lookup")}">'


@site("before-hints", visits=ONLY_FIRST)
def prefetch(view: View) -> None:
    if undecided(view):
        view.head += f'<link rel="prefetch" href="{view.at("prefetch", "/p")}">'


@site("before-hints", visits=ONLY_FIRST)
def preload_in_a_header(view: View) -> None:
    if undecided(view):
        view.headers.append(("link", f"<{view.at('early', '/p.js')}>; rel=preload; as=script"))


@site("before-hints", visits=ONLY_FIRST)
def speculation_rules(view: View) -> None:
    if undecided(view):
        view.head += (
            '<script type="speculationrules">{"prefetch": [{"source": "list", "urls": ["'
            + view.at("rules", "/next")
            + '"], "eagerness": "immediate"}]}</script>'
        )


@site("before-plugins", visits=ONLY_FIRST)
def plug_in(view: View) -> None:
    if undecided(view):
        view.body += f'<object type="text/html" data="{view.at("plugin", "/movie")}"></object>'


def _reads_after_a_yes(view: View) -> None:
    if view.state == YES:
        view.script += _FINGERPRINT


_FINGERPRINT = (
    "const c = document.createElement('canvas'); c.getContext('2d').fillText('x', 9, 9);"
    "c.toDataURL(); navigator.getBattery?.();"
)


@site("before-device", good=_reads_after_a_yes)
def fingerprint(view: View) -> None:
    if undecided(view):
        view.script += _FINGERPRINT


@site("before-requests", visits=ONLY_FIRST)
def name_looked_up_by_rtc(view: View) -> None:
    if undecided(view):
        view.script += (
            "const peer = new RTCPeerConnection({iceServers: [{urls: 'stun:stun.others.test:3478'}]});"
            "peer.createDataChannel('x'); peer.createOffer().then((o) => peer.setLocalDescription(o));"
        )
