"""What the catalogue recognises, on the labelled sets in tests/data: the targets that must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.settings import Settings

DATA = Path(__file__).parents[1] / "data"
OPTIONAL = ("preferences", "statistics", "marketing")


def labelled(name: str) -> list[tuple[str, str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if not line.startswith("#")]  # type: ignore[misc]


@pytest.fixture(scope="module")
def urls() -> list[tuple[str, str]]:
    matcher = Settings().policy.matcher
    found = []
    for label, url in labelled("urls.tsv"):
        target = resolve(url, Base())
        assert target
        found.append((label, next((s.category for s in matcher.url(target)), "-")))
    return found


@pytest.fixture(scope="module")
def cookies() -> list[tuple[str, str]]:
    matcher = Settings().policy.matcher
    return [
        (label, next((s.category for s in matcher.cookie(name)), "-"))
        for label, name in labelled("cookies.tsv")
    ]


def test_nine_of_ten_trackers_are_recognised_in_their_category(urls: list[tuple[str, str]]) -> None:
    trackers = [(label, found) for label, found in urls if label in OPTIONAL]
    known = [(label, found) for label, found in trackers if found in OPTIONAL]

    assert len(known) >= 0.90 * len(trackers)
    assert sum(label == found for label, found in known) >= 0.93 * len(known)


def test_benign_assets_are_not_taken_for_trackers(urls: list[tuple[str, str]]) -> None:
    benign = [found for label, found in urls if label == "-"]

    assert sum(found in OPTIONAL for found in benign) <= 0.005 * len(benign)


def test_cookies_are_in_their_category(cookies: list[tuple[str, str]]) -> None:
    assert sum(label == found for label, found in cookies) >= 0.90 * len(cookies)


def test_necessary_cookies_are_not_taken_for_others(cookies: list[tuple[str, str]]) -> None:
    needed = [found for label, found in cookies if label == "necessary"]

    assert sum(found in OPTIONAL for found in needed) <= 0.03 * len(needed)
