"""Every text in every language: complete, with nothing left over, and well formed."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel.messages.catalog import Catalog

from asgi_consent.banner.render import Banner
from asgi_consent.banner.translations import Language, catalogue_path, language_of
from asgi_consent.catalog.services import Lifetime
from asgi_consent.consent import Choice, Consent, make_choice
from asgi_consent.decision import Decision, decide
from asgi_consent.languages import ENGLISH, LANGUAGES, RIGHT_TO_LEFT
from asgi_consent.locales.__main__ import read, said, update
from asgi_consent.signals import Signals
from tests.conftest import shop_settings

TRANSLATED = [tag for tag in LANGUAGES if tag != ENGLISH]
SAID = said()
_field = re.compile(r"%\(\w+\)s")


def ids(catalogue: Catalog) -> set[object]:
    return {message.id for message in catalogue if message.id}


def test_these_languages_are_spoken() -> None:
    union = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"
    more = "nb is uk tr ar he zh-Hans zh-Hant ja ko pt-BR"

    assert set(LANGUAGES) == {*union.split(), *more.split()}


@pytest.mark.parametrize("tag", TRANSLATED)
def test_catalogue_says_all_that_is_said_and_nothing_else(tag: str) -> None:
    catalogue = read(tag)

    assert ids(catalogue) == ids(SAID)
    assert [message.id for message in catalogue if message.id and not message.string] == []
    assert not any(message.fuzzy for message in catalogue if message.id)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_translations_have_the_fields_of_the_original(tag: str) -> None:
    for message in read(tag):
        original = message.id if isinstance(message.id, str) else str(message.id[-1])
        form = message.string if isinstance(message.string, str) else " ".join(message.string or ())
        if original:
            assert set(_field.findall(form)) == set(_field.findall(original)), form


@pytest.mark.parametrize("tag", TRANSLATED)
def test_catalogue_is_what_make_messages_writes(tag: str) -> None:
    before = catalogue_path(tag).read_bytes()
    try:
        update(tag, SAID)
        assert catalogue_path(tag).read_bytes() == before
    finally:
        catalogue_path(tag).write_bytes(before)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_same_sentence_is_said_in_the_same_words(tag: str) -> None:
    """Which shows that no text stands in the place of another."""
    say = language_of(tag).say
    only = say("Only what is necessary is used.")

    for text in ("Withdrawn.", "Saved."):
        assert say(f"{text} Only what is necessary is used.").endswith(only)
    assert say("Your browser keeps no cookies. That counts as a no.").startswith(
        say("Your browser keeps no cookies")
    )


@pytest.mark.parametrize("tag", LANGUAGES)
def test_accepting_and_rejecting_are_said_alike(tag: str) -> None:
    """About as long, and neither with a word of praise in front of it."""
    accept, reject = (language_of(tag).say(text) for text in ("Accept all", "Reject all"))

    assert accept != reject
    assert abs(len(accept) - len(reject)) <= 6
    assert len(accept.split()) - len(reject.split()) in (-1, 0, 1)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_all_of_ours_is_shown_in_the_language(tag: str) -> None:
    settings = shop_settings()
    banner = Banner(settings)
    chosen = make_choice(
        Consent(), Choice(frozenset(("marketing",))), revision=1, time=1, gpc=False
    )
    for decision in (
        Decision(settings.policy),
        decide(settings.policy, Consent(), Signals(gpc=True)),
        decide(settings.policy, chosen, Signals()),
    ):
        page = banner.page("preferences", decision, "", "/", tag).decode()
        assert f'<html lang="{tag}" dir="{"rtl" if tag in RIGHT_TO_LEFT else "ltr"}">' in page
    page = banner.page("blocked", decision, "", "/", tag).decode()
    placeholder = banner.placeholder(None, None, "video.example", "", tag)
    if tag != ENGLISH:
        for english in ("Cookie settings", "Accept all", "Your browser", "Not loaded"):
            assert english not in page + placeholder


def test_numbers_are_said_as_the_language_does() -> None:
    polish = Language("pl")
    one, many = "%(num)s service in %(category)s", "%(num)s services in %(category)s"

    said = [polish.ngettext(one, many, number).split()[-1] for number in (1, 2, 5)]

    assert said == ["usługa", "usługi", "usług"]


def test_lifetimes_and_days_are_said_as_the_language_does() -> None:
    german = language_of("de")

    assert german.lifetime(Lifetime("13mo")) == "13 Monate"
    assert german.lifetime(Lifetime("1y")) == "1 Jahr"
    assert german.lifetime(Lifetime("session")) == "bis Sie den Browser schließen"
    assert language_of("lv").lifetime(Lifetime("90d")) == "90 dienu"
    assert german.day(date(2026, 11, 1)) == "1. November 2026"


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("lifetime", ["1s", "30m", "24h", "365d", "2w", "37mo", "2y"])
def test_lifetime_is_never_rounded(tag: str, lifetime: str) -> None:
    number = lifetime.rstrip("smhdwoy")

    words = language_of(tag).lifetime(Lifetime(lifetime))

    assert number in words or number in ("1", "2")  # some languages have words for these
