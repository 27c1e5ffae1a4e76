"""A fault in any call that a request makes: the page is served, and nothing is granted."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import html5lib  # type: ignore[import-untyped]
import pytest

from asgi_consent import ConsentMiddleware, faults
from asgi_consent.consent import Status
from tests.asgi import SECRET, Answer, SimpleApp, get, post
from tests.conftest import shop_settings

TEXT = b"The text of the page"
PAGE = (
    b"<!doctype html><html lang=en><head><link rel=preload as=script href=https://t.example/l.js>"
    b"<script src=https://t.example/t.js></script><script>counter('start')</script></head><body>"
    b"<p>%s</p><img src=https://t.example/p.gif><iframe src=https://films.example/f></iframe>"
    b'<p style="background:url(https://t.example/s.png)">x</p><a href=/next>on</a></body></html>'
) % TEXT
HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"), (b"etag", b'"1"'), (b"cache-control", b"public"),
    (b"set-cookie", b"basket=1"), (b"set-cookie", b"_counter=1"), (b"set-cookie", b"unknown=1"),
    (b"link", b"<https://t.example/h>; rel=preload"), (b"refresh", b"9; url=https://t.example/"),
    (b"reporting-endpoints", b'a="https://t.example/r"'),
    (b"content-security-policy", b"img-src *; report-uri https://t.example/c"),
]  # fmt: skip
ASKED = [(b"sec-fetch-dest", b"document"), (b"accept-language", b"en"), (b"if-none-match", b'"0"'),
         (b"cookie", b"_counter=1; basket=2; unknown=3; session=4")]  # fmt: skip

#: what a page request calls, from the line of middleware.py downwards
ON_PAGES = [
    "middleware:Request.wants_document", "middleware:ConsentMiddleware._decide",
    "middleware:decide", "middleware:read_signals", "policy:Region.rule_for",
    "visitor:VisitorCookies.consent", "visitor:VisitorCookies.once",
    "visitor:VisitorCookies.is_silent", "visitor:VisitorCookies.scopes",
    "visitor:VisitorCookies.use", "visitor:VisitorCookies.reminds",
    "visitor:VisitorCookies.just_chose", "visitor:VisitorCookies.remove_once",
    "visitor:VisitorCookies.set_scopes", "signing:ConsentSigner.read", "signing:ConsentSigner.now",
    "middleware:mode_of", "middleware:_filter_request",
    "middleware:untag_condition", "middleware:_readable_codings",
    "request_cookies:RequestCookies.filtered", "request_cookies:filter_cookies",
    "http.cookies:cookie_pairs", "http.cookies:is_token",
    "policy:Policy.look_up", "policy:Policy.look_up_cookie", "decision:Decision.url",
    "decision:Decision.cookie", "decision:Decision.inline", "decision:Decision.marked",
    "decision:Decision.fingerprint", "decision:resolve",
    "response_headers:HeaderFilter.response", "response_headers:HeaderFilter.handshake",
    "response_headers:HeaderFilter.page", "response_headers:HeaderFilter.varied",
    "response_headers:HeaderFilter._set_cookie", "response_headers:parse_set_cookie",
    "response_headers:Gates.__call__", "response_headers:Gates.leading",
    "response_headers:Tools.variant", "response_headers:Tools.languages",
    "response_headers:removals", "response_headers:size_of",
    "privacy.check:PersonalDataCheck.passes", "http.caching:unshared", "http.caching:private",
    "http.caching:tag_variant", "http.caching:is_shareable",
    "responder:page_type", "responder:read_opening", "responder:accepts", "responder:recoded",
    "responder:Responder._may_be_page", "page_making:content_language", "page_making:admit",
    "page_making:PageMaking._context", "page_memo:PageMemo.get", "page_memo:PageMemo.put",
    "page_making:Placement", "page_making:PageMaking._gating", "page_making:PageMaking._as_page",
    "boundary:Boundary.header", "boundary:Boundary._write", "boundary:Boundary._own",
    "banner.render:Banner.head", "banner.render:Banner.body", "banner.render:Banner.own_files",
    "banner.render:Banner.language", "banner.render:Banner._render_body",
    "banner.render:Banner._render_placeholder", "banner.render:Banner._context",
    "banner.render:Banner._write_guard", "banner.state:State.of", "banner.shown:ShownDocuments.of",
    "html.rewriter:Rewriter.feed", "html.rewriter:Rewriter.close", "html.rewriter:Rewriter._take",
    "html.rewriter:Rewriter._start", "html.rewriter:Rewriter._put_body",
    "html.tokenizer:Tokenizer.feed", "html.gating:Gating.start_tag", "html.gating:Gating.html",
    "findings:Findings.cookie", "findings:Findings.sent_cookie", "findings:Findings.element",
    "findings:Findings.header", "findings:Findings.withheld", "findings:Findings._once",
    "tally:Tally.page", "tally:Tally.held", "languages:choose",
]  # fmt: skip
#: what a choice calls
ON_CHOICES = [
    "choosing:check_origin", "exchange:Exchange.fields", "exchange:Exchange.body",
    "choosing:Choosing._limit", "limits:Limiter.check", "choosing:Choosing._read_choice",
    "choosing:make_choice", "choosing:Choosing._made", "visitor:VisitorCookies.set_consent",
    "signing:ConsentSigner.write", "recording:Recorder.record", "recording:event_of",
    "recording:Recorder._shown", "recording:Recorder._made", "recording:Record",
    "recording:milliseconds", "ledger.ledger:Ledger.append", "ledger.ledger:Ledger.shown",
    "ledger.writer:Writer.submit", "metrics:Metrics.recorded", "metrics:Metrics.unrecorded",
    "ledger.ledger:Ledger.append_later", "choosing:decide", "choosing:removals",
    "choosing:local_address", "choosing:Choosing._answer", "choosing:Choosing._effect",
    "exchange:Exchange.redirect", "pages:Pages.send", "pages:Pages.language",
    "banner.render:Banner.find_shown", "banner.render:Banner.page", "recording:is_less",
]  # fmt: skip


class Fault(RuntimeError):
    pass


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASGI_CONSENT_LEDGER", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setattr(faults, "_told", {})


@pytest.fixture
def app() -> Iterator[ConsentMiddleware]:
    built = ConsentMiddleware(SimpleApp(PAGE, headers=HEADERS), shop_settings(), SECRET)
    yield built
    built.ledger.close()


def break_(patch: pytest.MonkeyPatch, place: str, message: str = "evil\nline") -> list[str]:
    """Make what is called there fail; gives a list that grows with each call."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(f"asgi_consent.{module}")
    for part in owners:
        owner = getattr(owner, part)
    calls: list[str] = []

    def fails(*given: Any, **more: Any) -> Any:
        calls.append(place)
        raise Fault(message)

    assert hasattr(owner, name), place
    is_property = isinstance(vars(owner).get(name) if isinstance(owner, type) else None, property)
    patch.setattr(owner, name, property(fails) if is_property else fails)
    return calls


def assert_holds_back(answer: Answer, app: ConsentMiddleware, *, granted: bool = False) -> None:
    assert answer.status == 200
    assert TEXT in answer.body
    for element in html5lib.parse(answer.body.decode(), namespaceHTMLElements=False).iter():
        for attribute in ("src", "href", "style", "srcset", "poster", "data"):
            assert "//t.example" not in str(element.get(attribute, "")).replace(
                "data:consent,https://t.example", ""
            )
        if element.tag == "script" and not granted:
            inert = element.get("type") == "text/plain" or "data-consent-gated" in element.attrib
            assert inert or "counter('start')" not in (element.text or "")
        if element.tag == "iframe" and not granted:
            assert "films.example" not in str(element.get("src", ""))
    said = b"\n".join(value for name, value in answer.headers if name != b"report-to")
    assert b"//t.example" not in said
    kept = {
        value.partition(b"=")[0] for value in answer.all("set-cookie") if b"Max-Age=0" not in value
    }
    assert kept <= {b"basket", b"_counter"} if granted else kept <= {b"basket"}
    seen = b"; ".join(app.app.cookies)  # type: ignore[attr-defined]
    assert b"unknown" not in seen
    assert granted or b"_counter" not in seen
    assert b"public" not in (answer.first("cache-control") or b"")


@pytest.mark.threat("T34")
@pytest.mark.parametrize("place", ON_PAGES)
def test_fault_on_the_way_of_a_page_serves_it_and_grants_nothing(
    app: ConsentMiddleware, place: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    with monkeypatch.context() as patch:
        calls = break_(patch, place)
        answer = get(app, "/page?a=b", ASKED)
        once = (b"cookie", b"asgi_consent_once=x; asgi_consent=y; " + ASKED[-1][1])
        again = get(app, "/page?a=b", [*ASKED[:-1], once])

    assert_holds_back(answer, app)
    assert_holds_back(again, app)
    if calls:
        assert all("evil" not in record.getMessage() for record in caplog.records)
        assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.mark.threat("T34")
@pytest.mark.parametrize("place", ON_PAGES)
def test_fault_gives_a_visitor_who_agreed_no_more_than_that(
    app: ConsentMiddleware, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    yes = post(app, "/_consent/choice", b"choice=accept").first("set-cookie") or b""
    cookie = (b"cookie", yes.partition(b";")[0] + b"; " + ASKED[-1][1])
    with monkeypatch.context() as patch:
        break_(patch, place)
        answer = get(app, "/page?a=b", [*ASKED[:-1], cookie])

    assert_holds_back(answer, app, granted=True)


def granted_after(app: ConsentMiddleware, answer: Answer, before: bytes = b"") -> set[str]:
    """What is granted to whoever has the cookie of this answer, or else the earlier one."""
    mine = [v for v in answer.all("set-cookie") if v.startswith(b"asgi_consent=")]
    cookie = mine[0].partition(b";")[0] if mine else before
    state = json.loads(get(app, "/_consent/state", [(b"cookie", cookie)]).body)
    return {*state["categories"], *state["services"]}


@pytest.mark.threat("T34")
@pytest.mark.parametrize("body", [b"choice=accept", b"choice=allow&service=films"], ids=ascii)
@pytest.mark.parametrize("place", ON_CHOICES)
def test_fault_in_a_choice_is_answered_and_grants_nothing(
    app: ConsentMiddleware, place: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        calls = break_(patch, place)
        answer = post(app, "/_consent/choice", body + b"&from=banner&shown=" + b"a" * 64)

    assert answer.status in (303, 500, 503)
    assert answer.body or answer.status == 303
    if calls and answer.status != 303:
        assert granted_after(app, answer) == set()
    assert get(app, "/").status == 200


@pytest.mark.threat("T34")
@pytest.mark.parametrize("place", [place for place in ON_CHOICES if place.startswith(("recording:", "ledger.", "metrics:", "banner.render:Banner.find"))])  # fmt: skip
def test_withdrawal_takes_effect_whatever_of_the_ledger_fails(
    app: ConsentMiddleware, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "recording:Recorder.record":
        pytest.skip("it is what catches the others")
    before = post(app, "/_consent/choice", b"choice=accept").first("set-cookie") or b""
    before = before.partition(b";")[0]
    headers = [(b"sec-fetch-site", b"same-origin"), (b"cookie", before)]
    with monkeypatch.context() as patch:
        break_(patch, place)
        answer = post(app, "/_consent/choice", b"choice=withdraw&shown=" + b"a" * 64, headers)

    assert answer.status == 303
    assert granted_after(app, answer, before) == set()


@pytest.mark.threat("T34")
def test_policy_that_cannot_be_gone_over_to_leaves_the_old_one(
    app: ConsentMiddleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("middleware:Banner", "middleware:in_force", "middleware:Endpoints"):
        app._next = 0
        with monkeypatch.context() as patch:
            break_(patch, place)
            assert_holds_back(get(app, "/page", ASKED), app)
        assert app._next > 0


@pytest.mark.threat("T34")
def test_early_hints_and_sockets_are_filtered_or_bare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def app(scope: Any, receive: Any, send: Callable[..., Any]) -> None:
        await send(
            {"type": "http.response.early_hint", "links": [b"<https://t.example>; rel=preload"]}
        )
        await send({"type": "websocket.accept", "headers": [(b"set-cookie", b"_counter=1"), (b"x", b"1")]})  # fmt: skip

    protected = ConsentMiddleware(app, shop_settings(), SECRET)
    break_(monkeypatch, "decision:Decision.url")
    break_(monkeypatch, "decision:Decision.cookie")

    hint, accept = get(protected).messages

    assert hint["links"] == []
    assert (b"set-cookie", b"_counter=1") not in accept["headers"]
    assert (b"x", b"1") in accept["headers"]


def test_fault_is_told_once_a_minute_without_its_message(
    app: ConsentMiddleware, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_(monkeypatch, "middleware:decide", "private\n\x1b[31m")
    for _ in range(3):
        get(app, "/")

    (record,) = [one for one in caplog.records if "failed" in one.getMessage()]
    assert "reading the consent of a request failed: Fault at " in record.getMessage()
    assert "private" not in caplog.text


def test_status_of_a_visitor_is_unknown_where_it_could_not_be_read(
    app: ConsentMiddleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(monkeypatch, "signing:ConsentSigner.read")
    get(app, "/", [(b"cookie", b"asgi_consent=x")])

    assert app.app.scope["consent"].status is Status.UNKNOWN  # type: ignore[attr-defined]
