"""Before a visitor has chosen, nothing but what is necessary is stored, loaded or contacted."""

from __future__ import annotations

import pytest

from e2e.conftest import Visit, World
from e2e.visitor import NECESSARY, Visitor
from e2e.world import Listener, Recorder, serving, unprotected

PAGES = [
    "/",
    "/?newsletter=spring",
    "/cameras/m1",
    "/journal",
    "/journal/winter-light",
    "/account",
    "/privacy",
    "/third-parties",
    "/no-such-page",
]


@pytest.mark.clause("C1", "C5", "C7", "C28")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_no_page_stores_or_sends_anything_optional(visit: Visit, scripts: bool) -> None:
    visitor = visit(scripts=scripts)

    for path in PAGES:
        visitor.opens(path)
        assert visitor.stored() <= NECESSARY, path
    visitor.leaves()

    assert visitor.sent() == []
    assert visitor.stored() <= NECESSARY


@pytest.mark.clause("C5")
def test_redirects_and_error_pages_set_no_cookie_either(visit: Visit) -> None:
    visitor = visit(host="lab.localhost")

    for path in ("/redirect", "/broken", "/plain"):
        visitor.opens(path)

    assert set(visitor.jar()) <= NECESSARY


@pytest.mark.clause("C6")
def test_plug_ins_contact_nobody(visit: Visit) -> None:
    visitor = visit(host="lab.localhost")

    visitor.opens("/plug-ins")
    visitor.leaves()

    assert visitor.sent() == []


@pytest.mark.clause("C16", "C34")
@pytest.mark.parametrize(
    "page",
    [
        "elements",
        "hints",
        "styles",
        "texts",
        "refresh",
        "bases",
        "unfinished",
        "marked",
        "scripted",
    ],
)
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_every_way_to_fetch_is_closed(visit: Visit, page: str, scripts: bool) -> None:
    visitor = visit(host="lab.localhost", scripts=scripts)

    visitor.opens(f"/{page}")
    visitor.leaves()

    assert visitor.sent() == []


@pytest.mark.clause("C16")
def test_click_on_a_link_tells_nobody_else(visit: Visit) -> None:
    visitor = visit(host="lab.localhost")
    visitor.opens("/clicks")

    visitor.page.get_by_role("link", name="go").click()
    visitor.page.wait_for_url("**/plain")
    visitor.leaves()

    assert visitor.sent() == []


def test_style_sheet_keeps_all_but_the_addresses_that_are_held(visit: Visit) -> None:
    visitor = visit(host="lab.localhost")

    visitor.opens("/styles")

    paragraph = visitor.page.get_by_text("p", exact=True)
    assert paragraph.evaluate("element => getComputedStyle(element).fontFamily") == "f"


@pytest.mark.clause("C5", "C7")
def test_cookie_of_a_script_reads_back_but_is_not_stored(visit: Visit) -> None:
    visitor = visit(host="lab.localhost")

    visitor.opens("/scripted")

    assert set(visitor.jar()) <= NECESSARY
    assert "scripted=1" in visitor.page.title()  # code that reads its cookie back does not stumble


_ATTEMPTS = """(host) => {
  const outcomes = {};
  const tried = async (name, work) => (outcomes[name] = await new Promise(work));
  return Promise.all([
    tried("fetch", (end) => fetch(host).then(() => end("answer"), (error) => end(error.name))),
    tried("request", (end) => {
      const request = new XMLHttpRequest();
      request.open("GET", host);
      request.onload = () => end("answer");
      request.onerror = () => end("error");
      request.send();
    }),
    tried("beacon", (end) => end(navigator.sendBeacon(host))),
    tried("socket", (end) => {
      const socket = new WebSocket(host.replace("http", "ws"));
      socket.onclose = () => end(`closed ${socket.readyState} ${socket instanceof WebSocket}`);
    }),
    tried("events", (end) => (new EventSource(host).onerror = () => end("error"))),
    tried("script", (end) => {
      const script = document.createElement("script");
      script.onload = () => end("answer");
      script.onerror = () => end(script.src);
      script.src = host;
      document.head.append(script);
    }),
    tried("replaced", (end) => {
      const image = new Image();
      image.src = host + "/image.gif";
      image.onload = () => end(image.getAttribute("src"));
      image.src = "/assets/spacer.svg";
    }),
  ]).then(() => outcomes);
}"""


@pytest.mark.clause("C16")
def test_what_a_script_is_denied_ends_as_behind_any_blocker(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/privacy")
    third_party = visitor.address("", "legacy.localhost")

    outcomes = visitor.page.evaluate(_ATTEMPTS, third_party)

    assert outcomes == {
        "fetch": "TypeError",
        "request": "error",
        "beacon": False,
        "socket": "closed 3 true",
        "events": "error",
        "script": third_party,
        "replaced": "/assets/spacer.svg",
    }
    visitor.leaves()
    assert visitor.sent() == []


@pytest.mark.clause("C5", "C22")
def test_script_can_remove_a_cookie_but_not_keep_it_by_a_trick(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/privacy")
    for name in ("gone", "kept"):
        visitor.context.add_cookies([{"name": name, "value": "1", "url": visitor.address("/")}])

    visitor.page.evaluate("document.cookie = 'gone=; Max-Age=0'")
    visitor.page.evaluate(
        "document.cookie = 'kept=2; max-age=0; expires=Fri, 01 Jan 2100 00:00:00 GMT'"
    )
    visitor.page.evaluate("document.cookie = 'new=1; Max-Age=0; Max-Age=99'")

    assert set(visitor.jar()) <= NECESSARY


@pytest.mark.clause("C16")
def test_nobody_is_connected_to_ahead_of_time(profile: Visit, world: World) -> None:
    listener = Listener()
    visitor: Visitor = profile(hosts=f"MAP hints.localhost 127.0.0.1:{listener.port}, ")

    for path in PAGES:
        visitor.opens(path)
    visitor.leaves()
    assert listener.connections == 0

    # The same site without the middleware does connect: the listener would have seen it.
    with serving(unprotected()) as port:
        visitor.page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        assert listener.wait()
    listener.close()


def test_third_parties_see_everything_where_the_middleware_is_missing(profile: Visit) -> None:
    """The control: without us the same pages reach them all, so the log is no blind eye."""
    visitor: Visitor = profile()
    recorder = Recorder(unprotected())

    with serving(recorder) as port:
        visitor.port, visitor.recorder = port, recorder
        visitor.opens("/cameras/m1")
        visitor.waits_for("mystery.localhost")
        visitor.leaves()
        visitor.waits_for("analytics.localhost", "/leave")

    hosts = {arrival.host for arrival in recorder.at_third_parties()}
    assert hosts >= {
        "analytics.localhost",
        "ads.localhost",
        "tags.localhost",
        "video.localhost",
        "fonts.localhost",
        "chat.localhost",
        "hints.localhost",
        "mystery.localhost",
    }
    assert {"_tally", "_adlane", "_forkroad", "visit_number"} <= visitor.stored()
