"""An operator's templates, tried in all states that visitors can be in, before one comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, Protocol

from asgi_consent.banner.fairness import unfairness
from asgi_consent.banner.state import BARE, State
from asgi_consent.banner.templates import mistake, unfair
from asgi_consent.catalog.services import Service
from asgi_consent.decision import Decision
from asgi_consent.errors import Problem
from asgi_consent.settings import Settings
from asgi_consent.signals import GPC
from asgi_consent.update import Delta, Severity, Update

_ANY = frozenset(("any",))
#: what pages of ours show besides the state, as far as they can be tried without a visitor
_PAGES: dict[str, dict[str, Any]] = {
    "blocked": {},
    "declaration": {},
    "error": {"title": "Not found", "message": "There is nothing here."},
    "rights": {
        "entries": (),
        "stored": (),
        "done": "",
        "storage_patterns": (),
        "reason_of": lambda category: "",
    },
}


class Rendering(Protocol):
    """What renders; Banner is one."""

    def render_shown(
        self, surface: str, state: State, service: Service | None = None, /
    ) -> str: ...
    def render_sent(self, state: State, /) -> str: ...
    def placeholder_of(self, service: Service | None, language: str, /) -> str: ...
    def page(
        self, name: str, decision: Decision, root: str, address: str, language: str, **more: Any
    ) -> bytes: ...


def try_all(settings: Settings, banner: Rendering) -> Iterator[Problem]:
    """What is wrong, each thing once for each way that shows it."""
    first = settings.site.languages[0]
    for tag in settings.site.languages:
        states = [*_states(tag)] if tag == first else [*_main_states(tag)]
        for state in states:
            shown = partial(banner.render_shown, "banner", state)
            yield from _tried("banner", shown, state)
            yield from _tried("banner", partial(banner.render_sent, state), state)
            if not state.update:
                choice = partial(banner.render_shown, "preferences", state)
                yield from _tried("preferences", choice, replace(state, asks=True))
    decision = Decision(settings.policy)
    for name, more in _PAGES.items():
        page = partial(banner.page, name, decision, "", "/", first, **more)
        yield from _tried(name, page)
    for service in (None, *list(settings.policy.services.values())[:1]):
        yield from _tried("placeholder", partial(banner.placeholder_of, service, first))


def _main_states(tag: str) -> Iterator[State]:
    asked = replace(BARE, language=tag)
    yield asked
    yield replace(asked, asks=False, withdrawable=True)
    yield replace(asked, asks=False, update=Update(0), delta=Delta(services=_ANY))


def _states(tag: str) -> Iterator[State]:
    yield from _main_states(tag)
    for asks, opt_in, signals, reminds, said in product(
        (True, False), (True, False), ((), (GPC,)), (False, True), ("", "Saved.")
    ):
        state = replace(BARE, language=tag, asks=asks, opt_in=opt_in, signals=signals)
        state = replace(state, reminds=reminds, said=said)
        yield state
        if not asks:
            yield replace(state, withdrawable=True)
    for severity in Severity:
        yield replace(BARE, language=tag, asks=False, update=Update(0, severity=severity))


def _tried(
    name: str, render: Callable[[], str | bytes], state: State | None = None
) -> Iterator[Problem]:
    try:
        document = render()
    except Exception as error:
        yield mistake(f"{name}.html", error)
        return
    if state is not None and isinstance(document, str):
        found = unfairness(document, asks=state.asks, withdraws=state.withdrawable)
        for why in found:
            yield unfair(f"{name}.html", why)
