"""Words and settings that push visitors are mistakes for `asgi-consent check`, each with its rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asgi_consent.banner.translations import language_of
from asgi_consent.catalog.builtin import builtin_services
from asgi_consent.cli import main
from asgi_consent.dark_patterns import dark_patterns, patterns
from asgi_consent.demo.app import SETTINGS
from asgi_consent.languages import LANGUAGES
from asgi_consent.settings import load_settings, read_settings


def found(**settings: Any) -> list[str]:
    return [str(problem) for problem in dark_patterns(read_settings(settings))]


def statistics(text: str | dict[str, str]) -> dict[str, Any]:
    return {"statistics": {"label": "Statistics", "description": text}}


@pytest.mark.clause("C17")
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("By continuing to use this site you agree.", "05/2020, example 16"),
        ("Helps us. It is strictly necessary.", "Taskforce, 2023, I"),
        ("We have a legitimate interest in it.", "Taskforce, 2023, H"),
        ("Please accept, so that we can pay our rent.", "05/2020, section 3.1.2"),
        ("For the best experience on our site.", "03/2022, emotional steering"),
        ("Für das bestmögliche Erlebnis.", "03/2022, emotional steering"),
        ("Strictement  nécessaire, sans doute.", "Taskforce, 2023, I"),
    ],
)
def test_words_that_push_are_found_with_the_rule(text: str, rule: str) -> None:
    (problem,) = found(categories=statistics(text))

    assert problem.startswith(f'categories.statistics.description: is "{text}", expected ')
    assert rule in problem


def test_every_language_of_a_text_is_read() -> None:
    text = {"en": "Counts visits.", "es": "Para una mejor experiencia."}

    assert "mejor experiencia" in found(categories=statistics(text))[0]


def test_what_is_necessary_may_say_so() -> None:
    service = {
        "id": "basket",
        "name": "Basket",
        "category": "necessary",
        "cookies": [{"name": "b"}],
    }

    assert not found(services=[{**service, "purpose": "Strictly necessary: keeps your basket."}])


def test_tracking_that_is_called_necessary_has_to_say_what_for() -> None:
    called = {"id": "google-analytics", "category": "necessary"}

    (problem,) = found(services=[called])
    assert problem.startswith('services.google-analytics.category: is "necessary", expected "stat')
    assert not found(services=[{**called, "purpose": "Counts what we are paid for by the page."}])


def test_silence_is_no_yes_where_the_law_asks_first() -> None:
    (problem,) = found(
        region={"header": "CF-IPCountry", "rules": {"DE": "opt-out", "US": "notice"}}
    )

    assert problem.startswith('region.rules.DE: is "opt-out", expected "opt-in"')


def test_asking_again_and_again_is_found() -> None:
    assert "continuous prompting" in found(consent={"lifetime": "7d"})[0]


def test_notice_of_a_revision_is_read() -> None:
    assert found(policy={"revision": 2, "notice": ["By continuing you agree."]})


def test_our_own_words_push_nobody() -> None:
    assert not found()
    assert not list(dark_patterns(load_settings(SETTINGS)))
    said = [
        service.purpose
        for service in builtin_services().values()
        if service.category != "necessary"
    ]
    categories = read_settings({}).policy.categories
    said += [
        text for one in categories if not one.necessary for text in (one.label, one.description)
    ]
    for tag in LANGUAGES:
        language = language_of(tag)
        for text in filter(None, said):
            lower = language.say(text).lower()
            words = [word for pattern in patterns() for word in pattern.words if word in lower]
            assert not words, (tag, text, words)


def test_words_are_written_as_they_are_looked_for() -> None:
    for pattern in patterns():
        for word in pattern.words:
            assert word == " ".join(word.lower().split())


def test_check_fails_and_prints_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "consent.toml"
    path.write_text('[consent]\nlifetime = "1d"\n[region.rules]\n')

    assert main(["check", str(path)]) == 1

    out = capsys.readouterr()
    assert out.out.startswith(f"{path}: consent.lifetime: is 1 days, expected at least 30")
    assert "1 mistake in" in out.err
