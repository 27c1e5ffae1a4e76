"""verify finds the controls of banners that nobody made a table for, by what they are called."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from asgi_consent.audit.asking import ask
from asgi_consent.banner.translations import language_of
from asgi_consent.languages import LANGUAGES
from e2e.conftest import Visit

_SAID = {
    "reject": "Reject all",
    "accept": "Accept all",
    "settings": "Choose",
    "save": "Save my choices",
}


def _controls(page: Page) -> dict[str, str | None]:
    asked = ask(page, {})
    assert asked.tool == "by name"
    return {kind: control.element.get_attribute("id") for kind, control in asked.controls.items()}


def _banner(tag: str, style: str) -> str:
    language = language_of(tag)
    buttons = "".join(
        f'<button id="{kind}">{escape(language.say(text))}</button>' for kind, text in _SAID.items()
    )
    again = escape(language.say("Cookie settings"))
    return (
        f'<html lang="{tag}" style="{style}"><h1>News</h1><p>Text.</p>'
        f"<div><p>{escape(language.say('May we use cookies?'))}</p>{buttons}</div>"
        f'<footer><a id="reopen" href="#x">{again}</a></footer>'
    )


@pytest.mark.parametrize("style", ["", "text-transform: uppercase"], ids=["as-written", "capitals"])
def test_controls_are_found_in_every_language_of_ours(visit: Visit, style: str) -> None:
    page, found = visit().page, dict[str, dict[str, str | None]]()
    for tag in LANGUAGES:
        page.goto("data:text/html;charset=utf-8," + quote(_banner(tag, style)))
        found[tag] = _controls(page)

    wanted = {kind: kind for kind in (*_SAID, "reopen")}
    assert {tag: what for tag, what in found.items() if what != wanted} == {}


@pytest.mark.parametrize(
    ("reject", "accept"),
    [
        ("ΜΟΝΟ ΤΑ ΑΠΑΡΑΙΤΗΤΑ", "Συμφωνώ"),
        ("Sadece zorunlu çerezler", "İzin ver"),
        ("必須のみ", "同意する"),
        ("필수 쿠키만", "동의합니다"),
        ("Само необходимите", "Съгласен съм"),
        ("אני לא מסכים", "אני מסכים"),
        ("Hyväksy vain välttämättömät", "Hyväksy evästeet"),
    ],
)
def test_other_ways_to_say_it_are_known(visit: Visit, reject: str, accept: str) -> None:
    page = visit().page
    page.set_content(
        f"<div><p>Cookies</p><button id=reject>{reject}</button>"
        f"<button id=accept>{accept}</button></div>"
    )

    assert _controls(page) == {"reject": "reject", "accept": "accept"}


def test_navigation_is_no_banner(visit: Visit) -> None:
    page = visit().page
    page.goto(
        "data:text/html,<nav><h2>Consent and cookies</h2><ul><li><a href=/a>consent.toml</a>"
        "<li><a href=/b>Reject</a><li><a href=/c>Withdraw</a></ul></nav><main>Text</main>"
    )

    asked = ask(page, {})

    assert asked.banner is None
    assert not asked.controls
