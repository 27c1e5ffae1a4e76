"""Our own addresses: the choice above all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.types import Header
from tests.asgi import Answer, SimpleApp, get, post

Protect = Callable[..., ConsentMiddleware]

SAME: Header = (b"sec-fetch-site", b"same-origin")


def cookie_of(answer: Answer, name: bytes = b"asgi_consent") -> Header:
    for value in answer.all("set-cookie"):
        if value.startswith(name + b"="):
            return b"cookie", value.partition(b";")[0]
    raise AssertionError(f"{name!r} was not set")


def state(app: ConsentMiddleware, *headers: Header) -> dict[str, object]:
    found: dict[str, object] = json.loads(get(app, "/_consent/state", headers).body)
    return found


@pytest.fixture
def app(protect: Protect) -> ConsentMiddleware:
    return protect(SimpleApp(b"<html><body></body></html>"))


@pytest.mark.parametrize(
    ("body", "status", "categories", "services"),
    [
        (b"choice=accept", "given", ["marketing", "preferences", "statistics"], []),
        (b"choice=reject", "refused", [], []),
        (b"choice=save&category=statistics&service=films", "given", ["statistics"], ["films"]),
        (b"choice=save", "refused", [], []),
        (b"choice=save&category=necessary&category=x&service=basket", "refused", [], []),
        (b"choice=allow&service=films", "given", [], ["films"]),
    ],
)
def test_choice_is_kept_in_a_signed_cookie(
    app: ConsentMiddleware, body: bytes, status: str, categories: list[str], services: list[str]
) -> None:
    answer = post(app, "/_consent/choice", body)

    assert answer.status == 303
    found = state(app, cookie_of(answer))
    assert (found["status"], found["categories"], found["services"]) == (
        status,
        categories,
        services,
    )


def test_json_is_taken_and_answered_to_scripts(app: ConsentMiddleware) -> None:
    headers = [SAME, (b"content-type", b"application/json")]

    answer = post(
        app, "/_consent/choice", b'{"choice": "save", "categories": ["statistics"]}', headers
    )

    assert answer.status == 200
    assert json.loads(answer.body)["categories"] == ["statistics"]
    assert state(app, cookie_of(answer))["record"] == json.loads(answer.body)["record"]


def test_first_choice_goes_by_a_page_that_sees_whether_the_cookie_was_kept(
    app: ConsentMiddleware,
) -> None:
    answer = post(app, "/_consent/choice", b"choice=reject&return=/shop%3Fa=b")

    kept = (answer.first("location") or b"").decode()
    assert kept == "/_consent/kept?return=/shop%3Fa%3Db&lang=en"
    assert get(app, kept, [cookie_of(answer)]).first("location") == b"/shop?a=b"
    blocked = get(app, kept)
    assert blocked.status == 200
    assert b"Your browser keeps no cookies" in blocked.body


def test_later_choice_returns_at_once(app: ConsentMiddleware) -> None:
    before = cookie_of(post(app, "/_consent/choice", b"choice=accept"))

    answer = post(app, "/_consent/choice", b"choice=reject&return=/x", [SAME, before])

    assert answer.first("location") == b"/x"
    assert state(app, cookie_of(answer))["status"] == "withdrawn"


@pytest.mark.threat("T10")
@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "x"]
)
def test_choice_never_leads_to_another_site(app: ConsentMiddleware, target: str) -> None:
    before = cookie_of(post(app, "/_consent/choice", b"choice=accept"))

    body = b"choice=reject&return=" + quote(target).encode()
    assert post(app, "/_consent/choice", body, [SAME, before]).first("location") == b"/"
    for page in ("kept", "preferences"):
        answer = get(app, f"/_consent/{page}?return={quote(target)}", [before])
        assert b"evil" not in answer.body
        assert answer.first("location") in (None, b"/")


@pytest.mark.threat("T1")
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"same-site")],
        [(b"sec-fetch-site", b"none")],
        [(b"origin", b"https://evil.example")],
        [(b"origin", b"null")],
        [(b"sec-fetch-site", b"cross-site"), (b"origin", b"http://shop.example")],
    ],
)
def test_choice_made_elsewhere_is_refused(app: ConsentMiddleware, headers: list[Header]) -> None:
    answer = post(app, "/_consent/choice", b"choice=accept", headers)

    assert answer.status == 403
    assert answer.all("set-cookie") == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"choice=maybe", b"", 400),
        (b"", b"", 400),
        (b"choice=allow&service=no-such", b"", 400),
        (b"choice=allow&service=basket", b"", 400),
        (b"\xff\xfe", b"", 400),
        (b"[1]", b"application/json", 400),
        (b'{"choice": "save", "categories": ["typo"]}', b"application/json", 400),
        (b"{", b"application/json", 400),
        (b"choice=accept&x=" + b"x" * 20_000, b"", 413),
        (b"&".join(b"a=%d" % n for n in range(2000)), b"", 400),
    ],
)
def test_choice_that_cannot_be_read_changes_nothing(
    app: ConsentMiddleware, body: bytes, kind: bytes, status: int
) -> None:
    answer = post(app, "/_consent/choice", body, [SAME, (b"content-type", kind)])

    assert answer.status == status
    assert answer.all("set-cookie") == []


@pytest.mark.threat("T1")
def test_choice_is_only_taken_by_post(app: ConsentMiddleware) -> None:
    answer = get(app, "/_consent/choice?choice=accept", [SAME])

    assert answer.status == 405
    assert answer.first("allow") == b"POST"


def test_service_is_not_kept_beside_its_category(app: ConsentMiddleware) -> None:
    body = b"choice=save&category=statistics&service=counter&service=films"

    found = state(app, cookie_of(post(app, "/_consent/choice", body)))

    assert (found["categories"], found["services"]) == (["statistics"], ["films"])


def test_unknown_address_below_the_prefix_never_reaches_the_app(protect: Protect) -> None:
    inner = SimpleApp()

    assert get(protect(inner), "/_consent/nothing").status == 404
    assert inner.scope == {}


def test_withdrawal_removes_every_cookie_that_is_not_granted_any_more(
    app: ConsentMiddleware,
) -> None:
    before = cookie_of(post(app, "/_consent/choice", b"choice=accept"))
    jar = (b"cookie", before[1] + b"; _counter=1; odd=1; basket=1")

    answer = post(app, "/_consent/choice", b"choice=reject&return=/a/b", [SAME, jar])

    removed = {v.partition(b"=")[0] for v in answer.all("set-cookie") if b"Max-Age=0" in v}
    assert removed == {b"_counter", b"odd"}
    assert any(v.startswith(b"_counter=; Path=/a;") for v in answer.all("set-cookie"))


def test_subject_number_stays_with_the_visitor_and_each_choice_has_a_record(
    app: ConsentMiddleware,
) -> None:
    first = cookie_of(post(app, "/_consent/choice", b"choice=accept"))
    second = cookie_of(post(app, "/_consent/choice", b"choice=reject", [SAME, first]))
    other = cookie_of(post(app, "/_consent/choice", b"choice=accept"))

    assert state(app, first)["subject"] == state(app, second)["subject"]
    assert state(app, first)["record"] != state(app, second)["record"]
    assert state(app, first)["subject"] != state(app, other)["subject"]


def test_allowing_one_service_leaves_other_choices_and_the_question(
    app: ConsentMiddleware,
) -> None:
    first = post(app, "/_consent/choice", b"choice=allow&service=films")
    page = get(app, "/", [cookie_of(first)])
    assert b"May we use cookies?" in page.body  # nobody answered the banner yet

    saved = cookie_of(post(app, "/_consent/choice", b"choice=save&category=statistics"))
    both = post(app, "/_consent/choice", b"choice=allow&service=films", [SAME, saved])
    found = state(app, cookie_of(both))
    assert (found["categories"], found["services"]) == (["statistics"], ["films"])


def test_allowing_one_service_does_not_undo_what_gpc_switched_off(app: ConsentMiddleware) -> None:
    accepted = cookie_of(post(app, "/_consent/choice", b"choice=accept"))
    gpc: Header = (b"sec-gpc", b"1")
    assert "marketing" not in state(app, accepted, gpc)["categories"]  # type: ignore[operator]

    allowed = post(app, "/_consent/choice", b"choice=allow&service=films", [SAME, accepted, gpc])

    found = state(app, cookie_of(allowed), gpc)
    assert found["services"] == ["films"]
    assert "marketing" not in found["categories"]  # type: ignore[operator]


def test_once_is_for_the_next_page_and_no_longer(protect: Protect) -> None:
    page = b"<iframe src=//films.example/1></iframe>"
    app = protect(SimpleApp(page))
    document: Header = (b"sec-fetch-dest", b"document")

    answer = post(
        app,
        "/_consent/choice",
        b"choice=once&service=films",
        [SAME, (b"referer", b"http://shop.example/film?x")],
    )
    once = cookie_of(answer, b"asgi_consent_once")
    kept = (answer.first("location") or b"").decode()
    assert get(app, kept, [once, document]).first("location") == b"/film?x"
    assert get(app, kept).status == 200  # the page that explains: no cookie came back

    shown = get(app, "/film", [once, document])
    assert page in shown.body
    assert b"asgi_consent_once=; Path=/; Max-Age=0" in b"\n".join(shown.all("set-cookie"))
    assert page not in get(app, "/film", [document]).body
    assert state(app, once)["services"] == []


def test_change_of_the_policy_revision_asks_again(protect: Protect) -> None:
    old = protect(SimpleApp())
    consent = cookie_of(post(old, "/_consent/choice", b"choice=accept"))

    new = protect(SimpleApp(b"<body>"), policy={"revision": 4})

    assert state(new, consent)["status"] == "unknown"
    assert b"May we use cookies?" in get(new, "/", [consent]).body


@pytest.mark.threat("T29")
def test_our_own_pages_need_no_script_and_cannot_be_framed(app: ConsentMiddleware) -> None:
    answer = get(app, "/_consent/preferences?return=/x")

    policy = answer.first("content-security-policy") or b""
    assert b"default-src 'none'" in policy
    assert b"frame-ancestors 'none'" in policy
    assert b"<script" not in answer.body
    assert answer.first("cache-control") == b"no-store"


def test_static_files_are_kept_for_ever_under_their_version_only(app: ConsentMiddleware) -> None:
    page = get(app).body.decode()
    style = page[page.index("/_consent/banner.css") :].partition('"')[0]

    assert b"immutable" in (get(app, style).first("cache-control") or b"")
    assert get(app, "/_consent/banner.css?v=old").first("cache-control") == b"no-cache"


def test_guard_carries_the_rules_of_the_grants_and_of_nobody(app: ConsentMiddleware) -> None:
    def rules(grants: str) -> dict[str, Any]:
        body = get(app, f"/_consent/guard.js?grants={grants}").body.decode()
        found: dict[str, Any]
        found, _ = json.JSONDecoder().raw_decode(body[body.index('{"own":') :])
        return found

    assert ["_counter*", 2] in rules("statistics")["cookies"]
    assert "_counter*" not in dict(rules("")["cookies"])
    assert rules("marketing,no-such,<script>")["grants"] == ["necessary", "marketing"]
    assert ["basket", 3] in rules("")["cookies"]


def test_rules_for_a_page_that_stays_are_those_of_the_signed_choice(
    app: ConsentMiddleware,
) -> None:
    refused = get(app, "/_consent/rules?grants=statistics")
    accepted = post(app, "/_consent/choice", b"choice=accept")
    cookie = (accepted.first("set-cookie") or b"").partition(b";")[0]

    assert json.loads(refused.body)["grants"] == ["necessary"]
    assert (
        "statistics"
        in json.loads(get(app, "/_consent/rules", [(b"cookie", cookie)]).body)["grants"]
    )
    assert refused.first("cache-control") == b"no-store"


def test_script_is_told_which_cookies_were_removed(app: ConsentMiddleware) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"sec-fetch-site", b"same-origin"),
        (b"cookie", b"_counter1=x; basket=1"),
    ]

    answer = post(app, "/_consent/choice", b'{"choice": "reject"}', headers=headers)

    assert json.loads(answer.body)["removed"] == ["_counter1"]


@pytest.mark.parametrize(("ticked", "shown"), [(True, True), (False, False)])
def test_reminder_is_kept_and_ended_by_its_box(
    app: ConsentMiddleware, ticked: bool, shown: bool
) -> None:
    body = b"choice=save&reminder=off" + b"&reminder=on" * ticked
    answer = post(app, "/_consent/choice", body)
    cookies = [value.partition(b";")[0] for value in answer.all("set-cookie")]

    page = get(app, "/", [(b"cookie", b"; ".join(cookies))])

    assert (b"In use: Necessary" in page.body) is shown
    assert (b"asgi_consent_reminder=on" in cookies) is shown


@pytest.mark.threat("T11", "T12")
def test_markup_in_settings_and_addresses_is_only_text(protect: Protect) -> None:
    evil = "</script><script>alert(1)</script>\"'>"
    service = {
        "id": "evil",
        "name": evil,
        "vendor": evil,
        "category": "marketing",
        "hosts": ["evil.example"],
    }
    app = protect(
        SimpleApp(b"<iframe src=//evil.example></iframe>"),
        site={"name": evil},
        services=[service],
        categories={"marketing": {"label": evil, "description": evil}},
    )

    for path in ("/?q=" + evil, "/_consent/preferences?return=/" + quote(evil)):
        body = get(app, path).body
        assert b"<script>alert" not in body
        assert b"alert(1)" in body


@pytest.mark.asgi_case(20)
def test_mounted_app_keeps_its_root_path(app: ConsentMiddleware) -> None:
    page = get(app, "/app/x", root_path="/app")

    assert b'action="/app/_consent/choice"' in page.body
    assert get(app, "/app/_consent/state", root_path="/app").status == 200
    assert get(app, "/_consent/state", root_path="/app").status == 200
    answer = post(app, "/app/_consent/choice", b"choice=accept", root_path="/app")
    assert (answer.first("location") or b"").startswith(b"/app/_consent/kept?return=/app/")


def test_more_fields_than_an_address_of_ours_has_are_not_read(app: ConsentMiddleware) -> None:
    many = "&".join(f"a{n}=1" for n in range(100))

    assert get(app, f"/_consent/preferences?{many}").status == 200
    assert get(app, f"/_consent/guard.js?{many}").status == 200


@pytest.mark.parametrize("body", [b"[" * 9000, b'{"choice": ' + b"[" * 9000, b"\xff", b"1" * 9000])
def test_body_that_is_no_choice_is_refused_and_grants_nothing(
    app: ConsentMiddleware, body: bytes
) -> None:
    headers = [(b"content-type", b"application/json"), (b"sec-fetch-site", b"same-origin")]

    answer = post(app, "/_consent/choice", body, headers=headers)

    assert answer.status == 400
    assert answer.set_cookie_names == []
