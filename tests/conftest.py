"""Shared pieces: a policy of a made-up shop, and the middleware around a page of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.policy import Policy
from asgi_consent.settings import Settings, read_settings
from asgi_consent.types import App
from tests.asgi import SECRET
from tests.threats import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_terminal_summary,
)

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_terminal_summary"]  # hooks

_FOLDER = pytest.StashKey[TemporaryDirectory[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """No test leaves a ledger in the folder it runs in. Before any test module is imported, as some
    make their app there."""
    config.stash[_FOLDER] = TemporaryDirectory(prefix="asgi-consent-tests-")
    os.environ["ASGI_CONSENT_LEDGER"] = f"sqlite:///{config.stash[_FOLDER].name}/ledger.db"


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_FOLDER].cleanup()


# pytest --hypothesis-profile long: for an hour when nobody waits
settings.register_profile("long", max_examples=20_000, deadline=None)
settings.register_profile("default", deadline=None)
settings.load_profile("default")

SHOP: dict[str, Any] = {
    "site": {"name": "Shop", "hosts": ["shop-cdn.example"]},
    "policy": {"revision": 3, "url": "/privacy"},
    "services": [
        {
            "id": "basket",
            "name": "Basket",
            "category": "necessary",
            "purpose": "Keeps your basket",
            "cookies": [{"name": "basket"}],
            "storage": ["basket"],
        },
        {
            "id": "counter",
            "name": "Counter",
            "vendor": "Counter Ltd",
            "category": "statistics",
            "hosts": ["counter.example", "*.counter.example"],
            "cookies": [{"name": "_counter*", "lifetime": "1y"}],
            "storage": ["counter_*"],
            "inline": ["counter('start'"],
        },
        {
            "id": "own-counter",
            "name": "Own counter",
            "category": "statistics",
            "hosts": ["/count/", "stats.shop.example"],
        },
        {
            "id": "films",
            "name": "Films",
            "vendor": "Films Inc",
            "category": "marketing",
            "kind": "video",
            "hosts": ["films.example", "media.example/films"],
        },
    ],
}


def shop_settings(**more: Any) -> Settings:
    return read_settings({**SHOP, **more})


@pytest.fixture
def policy() -> Policy:
    return shop_settings().policy


@pytest.fixture
def protect() -> Callable[..., ConsentMiddleware]:
    def protected(app: App, **more: Any) -> ConsentMiddleware:
        return ConsentMiddleware(app, settings=shop_settings(**more), secret_key=SECRET)

    return protected
