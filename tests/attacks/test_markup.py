"""Markup in every text that an operator, a translator or a visitor can write."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import html5lib  # type: ignore[import-untyped]
import pytest
from babel.messages.pofile import read_po

import asgi_consent
from asgi_consent.languages import LANGUAGES
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import Header
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings

OPERATOR = "operator-token-3c5e7a9b1d2f40687"


def evil(slot: str) -> str:
    """A text that leaves every context it could stand in, if nobody escapes it."""
    return (
        f"{slot}\u2028\"'`><x-{slot} onload=a()></x-{slot}></script></style></title></textarea>"
        f"</template><!--<script>a()]]>&lt;x-{slot}>{{{{1337*1337}}}}{{%x%}}%(x)s\\u003cx-{slot}>\x1b[31m"
    )


SETTINGS: dict[str, Any] = {
    "site": {"name": evil("site"), "url": "https://shop.example"},
    "controller": {"name": evil("controller"), "contact": "privacy@shop.example",
                   "country": evil("land")},
    "policy": {"revision": 3, "url": "/privacy?\"'><x-url>".replace(" ", "")},
    "categories": {
        "marketing": {"label": evil("label"), "description": evil("description")},
        "own": {"label": evil("ownlabel"), "description": evil("owndescription"), "gpc": True},
    },
    "services": [
        {"id": "evil", "name": evil("service"), "vendor": evil("vendor"), "country": evil("country"),
         "category": "marketing", "kind": evil("kind"), "purpose": evil("purpose"),
         "privacy_url": "https://evil.example/\"'><x-privacy>", "hosts": ["evil.example"],
         "cookies": [{"name": "evil*", "purpose": evil("cookie")}], "storage": [evil("storage")],
         "inline": [evil("inline")]},
        {"id": "kept", "name": evil("necessary"), "category": "necessary",
         "purpose": evil("why"), "cookies": [{"name": "kept"}]},
    ],
    "ledger": {"location": evil("location")},
}  # fmt: skip
_SLOT = re.compile(r"x-[a-z]+", re.IGNORECASE)
PAGE = b'<html lang="%s"><body><iframe src="https://evil.example/"></iframe>'
PAGES = ("/", "/_consent/preferences", "/_consent/rights", "/_consent/receipt?as=page",
         "/_consent/operator", "/_consent/kept", "/_consent/nothing", "/_consent/check")  # fmt: skip


def app_saying(language: str) -> ConsentMiddleware:
    settings = shop_settings(**{**SETTINGS, "site": {**SETTINGS["site"], "languages": [language]}})
    return ConsentMiddleware(SimpleApp(PAGE % language.encode()), settings, SECRET)


def elements(document: str) -> Iterator[Any]:
    """Every element, those of placeholders included."""
    tree = html5lib.parse(document, treebuilder="etree", namespaceHTMLElements=False)
    for element in tree.iter():
        if isinstance(element.tag, str):
            yield element
            if srcdoc := element.get("srcdoc"):
                yield from elements(srcdoc)


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> list[Header]:
    monkeypatch.setenv("ASGI_CONSENT_OPERATOR_TOKEN", OPERATOR)
    return [(b"authorization", f"Bearer {OPERATOR}".encode())]


def as_visitor(app: ConsentMiddleware) -> list[Header]:
    answer = post(app, "/_consent/choice", b"choice=save&category=own&from=preferences")
    return [(b"cookie", (answer.first("set-cookie") or b"").partition(b";")[0])]


@pytest.mark.threat("T12")
@pytest.mark.parametrize("language", LANGUAGES)
def test_text_of_the_settings_is_text_on_every_page_in_every_language(
    language: str, operator: list[Header]
) -> None:
    app = app_saying(language)
    visitor = as_visitor(app)
    shown: set[str] = set()
    for path in PAGES:
        for headers in ([], visitor) if path != "/_consent/operator" else (operator,):
            body = get(app, path, headers).body.decode("ascii")
            found = list(elements(body))
            assert found
            for element in found:
                assert not _SLOT.match(element.tag), (path, element.tag)
                assert not any(_SLOT.match(name) or name == "onload" for name in element.attrib)
                if element.tag == "script":
                    assert "a()" not in (element.text or "")
            shown |= set(re.findall(r"&lt;x-([a-z]+)|%3Cx-([a-z]+)", body))
            assert "1787569" not in body

    names = {name for pair in shown for name in pair if name}
    assert names >= {"site", "label", "description", "service", "vendor", "purpose", "necessary"}


@pytest.mark.threat("T11")
def test_text_of_the_settings_ends_no_script() -> None:
    app = app_saying("en")
    for path in ("/_consent/guard.js", "/_consent/guard.js?grants=marketing", "/_consent/rules"):
        answer = get(app, path)

        assert answer.body.isascii()
        assert answer.first("x-content-type-options") == b"nosniff"
        assert answer.first("content-type") in (b"text/javascript; charset=utf-8",
                                                b"text/javascript", b"application/json")  # fmt: skip
        # As a text of JSON, quotes and all, or not at all.
        for slot in ("storage", "inline", "service"):
            assert evil(slot).encode() not in answer.body
            if f"x-{slot}".encode() in answer.body:
                assert json.dumps(evil(slot)).encode() in answer.body


@pytest.mark.threat("T12", "T13")
def test_what_a_visitor_sends_is_text_in_every_answer() -> None:
    app = app_saying("en")
    sent = evil("sent")
    cookies = b"; ".join(b"x%d=%s" % (n, quote(sent).encode()) for n in range(3))
    visitor = as_visitor(app)
    form = b"choice=%s&service=%s&category=%s&from=%s&shown=%s&lang=%s&return=/%s" % (
        (quote(sent).encode(),) * 7
    )
    names = [(b"cookie", cookies + b"; " + visitor[0][1] + b"; <x-sent>=1"),
             (b"accept-language", b"<x-sent>"), (b"referer", b"http://shop.example/<x-sent>\"'>"),
             (b"sec-fetch-site", b"same-origin"), (b"host", b'shop.example"><x-sent>')]  # fmt: skip
    answers = [
        *(get(app, f"{path}?lang={quote(sent)}&return=/{quote(sent)}&done={quote(sent)}"
                   f"&record={quote(sent)}&grants={quote(sent)}&v={quote(sent)}", names)
          for path in (*PAGES, "/_consent/shown", "/_consent/guard.js", "/_consent/state")),
        post(app, "/_consent/choice", form, names),
        post(app, "/_consent/rights", b"action=" + quote(sent).encode(), names),
        post(app, "/_consent/check", b"receipt=" + quote(sent).encode(), names),
    ]  # fmt: skip

    for answer in answers:
        kind = answer.first("content-type") or b""
        if kind.startswith(b"text/html"):
            tags = {element.tag for element in elements(answer.body.decode("ascii"))}
            assert not any(map(_SLOT.match, tags))
        for name, value in answer.headers:
            assert b"\n" not in value, name
            assert b"\r" not in value, name


@pytest.mark.threat("T12")
def test_no_translation_brings_markup_in() -> None:
    """What they say is put into pages as it is; only what is filled in is escaped."""
    folder = Path(asgi_consent.__file__).parent / "locales"
    catalogues = sorted(folder.rglob("*.po"))
    assert len(catalogues) >= 34
    for path in catalogues:
        with path.open("rb") as file:
            for message in filter(lambda one: one.id, read_po(file)):
                said = message.string if isinstance(message.string, tuple) else (message.string,)
                for text in said:
                    assert not re.search(r"[<>&]|\{[{%#]", html.unescape(str(text))), (path, text)
