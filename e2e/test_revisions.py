"""A policy that changes, as somebody sees it who chose before: told, and asked for what is new."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from asgi_consent.demo.app import SETTINGS, Demo
from e2e.conftest import Visit, World
from e2e.visitor import CONSENT, NECESSARY, Visitor
from e2e.world import Recorder, demo_settings, serving

PULSE = {
    "id": "pulse",
    "name": "Pulse",
    "vendor": "Pulse Inc",
    "category": "statistics",
    "kind": "analytics",
    "hosts": ["hints.localhost"],
}
both = pytest.mark.parametrize("scripts", [True, False], ids=["script", "no-script"])


def services(*more: dict[str, Any], without: str = "") -> list[dict[str, Any]]:
    declared = tomllib.loads(SETTINGS.read_text())["services"]
    return [one for one in declared if one["id"] != without] + list(more)


@contextmanager
def policy_changes(world: World, visitor: Visitor, **changes: Any) -> Iterator[Recorder]:
    """The same site and visitor under revision 2; cookies do not know ports."""
    policy = {"revision": 2, **changes.pop("policy", {})}
    settings = replace(demo_settings(policy=policy, **changes), history=(demo_settings(),))
    recorder = Recorder(Demo(settings, world.secret_key))
    with serving(recorder) as port:
        visitor.port, visitor.recorder = port, recorder
        yield recorder


def prompt(visitor: Visitor) -> Any:
    return visitor.page.get_by_role("region", name="Our cookie policy has changed")


@pytest.mark.clause("C27", "C55", "C56", "C58")
@both
def test_a_new_vendor_is_asked_for_alone_and_off_until_then(
    visit: Visit, world: World, scripts: bool
) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()

    with policy_changes(world, visitor, services=services(PULSE)):
        visitor.opens()
        assert prompt(visitor).is_visible()
        assert prompt(visitor).get_by_text("New: Pulse (Pulse Inc; Statistics").is_visible()
        assert not visitor.banner.is_visible()
        visitor.waits_for("ads.localhost")  # what was chosen before goes on
        visitor.leaves()
        assert "hints.localhost" not in {arrival.host for arrival in visitor.sent()}

        visitor.opens()
        visitor.presses("Leave it off")
        visitor.opens()
        assert not prompt(visitor).is_visible()
        visitor.leaves()
        assert "hints.localhost" not in {arrival.host for arrival in visitor.sent()}
        assert set(visitor.state()["categories"]) == {"preferences", "marketing"}


@pytest.mark.clause("C27", "C58")
@both
def test_a_yes_to_what_is_new_counts(visit: Visit, world: World, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()

    with policy_changes(world, visitor, services=services(PULSE)):
        visitor.opens()
        visitor.presses("Accept the new")
        visitor.opens()
        visitor.waits_for("hints.localhost")


@pytest.mark.clause("C27", "C58")
def test_a_no_stays_a_no_whatever_changes(visit: Visit, world: World) -> None:
    visitor = visit()
    visitor.opens()
    visitor.rejects()

    with policy_changes(world, visitor, services=services(PULSE)):
        visitor.opens()
        visitor.page.get_by_role("button", name="OK", exact=True).click()
        visitor.page.get_by_role("status").filter(has_text="Saved").wait_for()
        visitor.opens()
        visitor.leaves()

        assert visitor.sent() == []
        assert visitor.state()["status"] == "refused"


@pytest.mark.clause("C35", "C57")
def test_a_new_owner_asks_again_for_all(visit: Visit, world: World) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()

    with policy_changes(world, visitor, controller={"name": "Grand Optics Inc, Boston"}):
        visitor.opens()
        assert prompt(visitor).get_by_text("Responsible is now Grand Optics Inc").is_visible()
        visitor.leaves()

        assert visitor.sent() == []
        assert visitor.stored() <= NECESSARY | {CONSENT}


@pytest.mark.clause("C55")
@both
def test_a_small_change_is_told_once_on_a_strip(visit: Visit, world: World, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()

    with policy_changes(world, visitor, services=services(without="wayfinder")):
        visitor.opens()
        assert prompt(visitor).get_by_text("Wayfinder is no longer used.").is_visible()
        box = prompt(visitor).bounding_box()
        assert box is not None
        assert box["height"] < 200
        visitor.presses("OK")
        visitor.opens()
        assert not prompt(visitor).is_visible()


@pytest.mark.clause("C54")
def test_until_its_day_a_new_policy_is_announced_and_the_old_one_binds(
    visit: Visit, world: World
) -> None:
    visitor = visit()
    visitor.opens()
    visitor.accepts()

    later = {"effective": date(2099, 3, 1), "published": date(2026, 11, 1)}
    with policy_changes(world, visitor, policy=later, services=services(PULSE)):
        visitor.opens()
        coming = visitor.page.get_by_role("region", name="Our cookie policy will change")
        assert coming.get_by_text("From 01 March 2099 on").is_visible()
        assert set(visitor.state()["categories"]) == {"preferences", "statistics", "marketing"}


@pytest.mark.clause("C37")
@both
def test_a_closed_site_stops_and_clears(visit: Visit, world: World, scripts: bool) -> None:
    visitor = visit(scripts=scripts)
    visitor.opens()
    visitor.accepts()
    visitor.opens("/cameras/m1")

    with policy_changes(world, visitor, closed=True):
        visitor.opens("/cameras/m1")
        visitor.opens()
        visitor.leaves()

        assert visitor.sent() == []
        assert visitor.stored() <= NECESSARY
        assert not visitor.banner.is_visible()
