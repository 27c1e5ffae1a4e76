"""A changed policy: told as it is, asked for only where new, and never a yes out of a no."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent import ConsentMiddleware
from asgi_consent.banner.words import sentence_of
from asgi_consent.catalog.services import NECESSARY
from asgi_consent.cli import main
from asgi_consent.consent import UNKNOWN, Choice, make_choice
from asgi_consent.decision import Decision, decide
from asgi_consent.errors import SettingsError
from asgi_consent.revisions import in_force, update_of
from asgi_consent.settings import Settings, load_settings, read_settings
from asgi_consent.signals import NO_SIGNALS
from asgi_consent.types import Header
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import SHOP
from tests.test_endpoints import SAME, cookie_of, state
from tests.test_recording import DOCUMENT, PAGE, folder, records

__all__ = ["folder"]  # a fixture
TODAY = date(2026, 11, 25)

Document = dict[str, Any]


def shop(**more: Any) -> Document:
    """The shop of the tests, revision 3, with a controller; a copy that may be changed."""
    controller = {"name": "Shop Ltd", "country": "NO", "contact": "a@shop.example"}
    document: Document = json.loads(json.dumps({**SHOP, "controller": controller, **more}))
    return document


def newer(change: Callable[[Document], None]) -> Document:
    document = shop()
    document["policy"]["revision"] = 4
    change(document)
    return document


def service(document: Document, id_: str) -> Document:
    found: Document = next(s for s in document["services"] if s["id"] == id_)
    return found


def add(document: Document, id_: str = "pixel", category: str = "statistics") -> None:
    document["services"].append(
        {
            "id": id_,
            "name": "Pixel",
            "vendor": "Pixel Inc",
            "category": category,
            "hosts": ["pixel.example"],
        }
        | ({"purpose": "Counts"} if category == "necessary" else {})
    )


def updated(new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Settings:
    """The new settings, with the old ones as their history."""
    from dataclasses import replace

    settings = replace(read_settings(new), history=(read_settings(old or shop()),))
    return in_force(settings, TODAY)


def decision(settings: Settings, *names: str, revision: int = 3) -> Decision:
    """Of a visitor who chose `names` under an earlier revision."""
    policy = settings.history[0].policy
    choice = Choice(policy.categories_of(names), policy.services_among(names))
    consent = make_choice(UNKNOWN, choice, revision=revision, time=0, gpc=False)
    return decide(settings.policy, consent, NO_SIGNALS)


# ---- what is said, and how much it matters


@pytest.mark.parametrize(
    ("change", "severity", "sentence"),
    [
        (lambda d: d["controller"].update(name="Other Ltd"), "major", "Responsible is now Other Ltd, not Shop Ltd."),
        (lambda d: d["controller"].update(country="US"), "major", "Who is responsible is now in US, not in NO."),
        (lambda d: d["controller"].update(contact="b@shop.example"), "major", "You now reach us at b@shop.example."),
        (lambda d: d.update(categories={"research": {"label": "Research", "description": "For studies."}}), "major", "New purpose: Research. For studies."),
        (lambda d: d.update(categories={"statistics": {"description": "Follows you."}}), "major", "Statistics now means: Follows you."),
        (lambda d: d.update(categories={"statistics": {"label": "Help us"}}), "major", "“Statistics” is now called “Help us”."),
        (lambda d: d.update(categories={"marketing": {"gpc": False}}), "major", "Global Privacy Control no longer switches off Marketing."),
        (add, "major", "New: Pixel (Pixel Inc; Statistics)."),
        (lambda d: d["services"].pop(), "minor", "Films is no longer used."),
        (lambda d: service(d, "films").update(category="statistics"), "major", "Films now belongs to Statistics, not to Marketing."),
        (lambda d: service(d, "counter").update(vendor="Big Co"), "major", "Counter is now run by Big Co, not by Counter Ltd."),
        (lambda d: service(d, "counter").update(country="US"), "major", "Counter is now run from US, not from nothing named."),
        (lambda d: service(d, "counter").update(purpose="Profiles"), "major", "Counter is now used for: Profiles."),
        (lambda d: service(d, "films")["hosts"].append("spy.example"), "major", "Films now also sends data to spy.example."),
        (lambda d: service(d, "counter")["storage"].append("more_*"), "minor", "Counter now also uses the storage more_*."),
        (lambda d: service(d, "counter")["cookies"].append({"name": "_new"}), "minor", "Counter now also sets the cookie _new."),
        (lambda d: service(d, "counter")["cookies"][0].update(lifetime="2y"), "major", "Counter, _counter*: kept for 2 years, not for 1 year."),
        (lambda d: service(d, "counter")["cookies"][0].update(lifetime="1d"), "minor", "Counter, _counter*: kept for 1 day, not for 1 year."),
        (lambda d: d.update(region={"rule": "opt-out"}), "major", "What counts before you choose is now opt-out, not opt-in."),
        (lambda d: d.update(unknown_hosts="allow"), "major", "Content of others that nobody has declared is now held back less."),
        (lambda d: d.update(consent={"lifetime": "300d"}), "major", "Your choice is now kept for 300 days, not for 180 days."),
        (lambda d: d.update(ledger={"location": "Utah"}), "major", "Records of choices are now kept in Utah, not in nothing named."),
        (lambda d: d.update(ledger={"retention": "9y"}), "major", "Records of choices are now kept for 3285 days, not for 1095 days."),
        (lambda d: d.update(ledger={"keep": ["ip"]}), "major", "Records of choices now also hold: ip."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_change_is_told_and_weighed(
    change: Callable[[Document], None], severity: str, sentence: str
) -> None:
    update = update_of(read_settings(shop()), read_settings(newer(change)))

    assert [sentence_of(one) for one in update.changes] == [sentence]
    assert update.severity == severity


def test_what_nobody_has_to_be_told_is_no_change() -> None:
    def change(document: Document) -> None:
        document["services"].reverse()
        document["mode"] = "observe"

    update = update_of(read_settings(shop()), read_settings(newer(change)))

    assert update.changes == ()
    assert not decision(updated(newer(change)), "statistics").update


def test_an_operator_may_only_find_it_more_important() -> None:
    def minor(document: Document) -> None:
        document["services"].pop()
        document["policy"]["severity"] = "major"

    def major(document: Document) -> None:
        add(document)
        document["policy"]["severity"] = "minor"

    old = read_settings(shop())
    assert update_of(old, read_settings(newer(minor))).severity == "major"
    assert update_of(old, read_settings(newer(major))).severity == "major"


# ---- what is asked for


def test_a_new_vendor_waits_for_an_answer_and_the_old_ones_go_on() -> None:
    found = decision(updated(newer(add)), "statistics")

    assert found.delta.services == {"pixel"}
    assert not found.allows("pixel")
    assert found.allows("counter")
    assert found.allows("own-counter")
    assert not found.asks


def test_a_new_vendor_of_what_was_refused_stays_refused_and_is_not_asked_for() -> None:
    found = decision(updated(newer(add)), "marketing")

    assert not found.delta
    assert not found.allows("pixel")
    assert found.allows("films")
    assert found.update is not None  # told, as it is a major change


def test_a_service_that_moves_into_a_granted_category_is_not_granted_by_that() -> None:
    found = decision(
        updated(newer(lambda d: service(d, "films").update(category="statistics"))), "statistics"
    )

    assert not found.allows("films")
    assert found.delta.services == {"films"}


def test_a_single_service_that_changed_hands_is_asked_for_again() -> None:
    found = decision(updated(newer(lambda d: service(d, "films").update(vendor="X"))), "films")

    assert not found.allows("films")
    assert found.delta.services == {"films"}


def test_a_new_category_is_asked_for_and_nothing_else() -> None:
    new = {"research": {"label": "Research", "description": "For studies."}}
    found = decision(updated(newer(lambda d: d.update(categories=new))), "statistics")

    assert found.delta.categories == {"research"}
    assert found.allows("statistics")
    assert not found.allows("research")


def test_a_category_that_means_something_else_is_asked_for_again_if_it_was_granted() -> None:
    settings = updated(newer(lambda d: d.update(categories={"statistics": {"description": "X."}})))

    assert decision(settings, "statistics").delta.categories == {"statistics"}
    assert not decision(settings, "statistics").allows("statistics")
    assert not decision(settings, "marketing").delta


def test_somebody_else_responsible_asks_for_all_again() -> None:
    found = decision(updated(newer(lambda d: d["controller"].update(name="Y"))), "statistics")

    assert found.delta.categories == {"statistics"}
    assert not found.grants.categories


def test_a_rollback_grants_nothing_new() -> None:
    """Chosen under revision 4, which added a vendor; the operator goes back to 3."""
    settings = updated(shop(), old=newer(add))
    found = decision(settings, "statistics", revision=4)

    assert found.allows("statistics")
    assert not found.allows("pixel")
    assert not found.delta


CATEGORIES = ("preferences", "statistics", "marketing")
SERVICES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]),
    st.tuples(
        st.sampled_from((*CATEGORIES, NECESSARY)),
        st.sampled_from(["V", "W"]),
        st.sampled_from(["x.example", "y.example"]),
    ),
)


def policy_of(services: dict[str, tuple[str, str, str]], revision: int, name: str) -> Document:
    return {
        "policy": {"revision": revision},
        "catalogue": {"use": False},
        "controller": {"name": name},
        "services": [
            {"id": id_, "name": id_, "vendor": vendor, "category": category, "hosts": [host], "purpose": "P"}
            for id_, (category, vendor, host) in services.items()
        ],
    }  # fmt: skip


@given(
    old=SERVICES,
    new=SERVICES,
    name=st.sampled_from(["One", "Two"]),
    granted=st.sets(st.sampled_from((*CATEGORIES, "a", "b", "c", "d"))),
)
def test_no_change_of_a_policy_turns_a_no_into_a_yes(
    old: dict[str, Any], new: dict[str, Any], name: str, granted: set[str]
) -> None:
    settings = updated(policy_of(new, 4, name), old=policy_of(old, 3, "One"))

    found = decision(settings, *granted)
    before = settings.history[0].policy
    chosen = Choice(before.categories_of(granted), before.services_among(granted))
    first = make_choice(UNKNOWN, chosen, revision=3, time=0, gpc=False)
    then = decide(before, first, NO_SIGNALS)

    for service_ in settings.policy.services.values():
        if service_.category != NECESSARY and found.allows(service_.id):
            assert then.allows(service_.id)
            assert old[service_.id] == new[service_.id]
            assert name == "One"
    for category in CATEGORIES:
        assert not found.allows(category) or then.allows(category)


# ---- in the app


@pytest.fixture
def change(tmp_path: Path) -> Callable[..., ConsentMiddleware]:
    """An app under the new policy, with the old one in a file of its history."""

    def made(edit: Callable[[Document], None], **policy: Any) -> ConsentMiddleware:
        document = newer(edit)
        document["policy"] |= {"history": ["old.toml"], **policy}
        (tmp_path / "old.toml").write_text(as_toml(shop()))
        (tmp_path / "new.toml").write_text(as_toml(document))
        return ConsentMiddleware(SimpleApp(PAGE), str(tmp_path / "new.toml"), SECRET)

    return made


def as_toml(document: Document) -> str:
    """Inline tables will do for a test."""

    def value(found: Any) -> str:
        if isinstance(found, dict):
            return "{" + ", ".join(f"{key} = {value(item)}" for key, item in found.items()) + "}"
        if isinstance(found, list):
            return "[" + ", ".join(map(value, found)) + "]"
        return found.isoformat() if isinstance(found, date) else json.dumps(found)

    text = "\n".join(f"{key} = {value(found)}" for key, found in document.items())
    assert tomllib.loads(text)
    return text


def chosen_before(body: bytes = b"choice=save&category=statistics") -> Header:
    old = ConsentMiddleware(SimpleApp(PAGE), shop(), SECRET)
    return cookie_of(post(old, "/_consent/choice", body))


Change = Callable[..., ConsentMiddleware]


def test_a_major_change_is_prompted_with_what_changed(change: Change) -> None:
    page = get(change(add), "/", [DOCUMENT, chosen_before()]).body.decode()

    assert "Our cookie policy has changed" in page
    assert "New: Pixel (Pixel Inc; Statistics)." in page
    assert "May we use cookies?" not in page


@pytest.mark.parametrize(
    ("answer", "categories", "services", "event"),
    [
        ("keep", [], ["counter", "own-counter"], "renewed"),
        ("accept-new", ["statistics"], [], "changed"),
    ],
)
def test_the_answer_is_about_what_is_new_only(
    change: Change, answer: str, categories: list[str], services: list[str], event: str
) -> None:
    app = change(add)

    after = cookie_of(
        post(app, "/_consent/choice", f"choice={answer}".encode(), [SAME, chosen_before()])
    )

    found = state(app, after)
    assert (found["categories"], found["services"]) == (categories, services)
    assert found["revision"] == 4
    assert b"policy has changed" not in get(app, "/", [DOCUMENT, after]).body
    assert records(app)[-1].event == event


def test_a_minor_change_is_a_strip_until_it_was_read_and_reading_is_no_consent(
    change: Change,
) -> None:
    app, before = change(lambda d: d["services"].pop()), chosen_before()
    assert b'class="banner strip"' in get(app, "/", [DOCUMENT, before]).body

    after = cookie_of(post(app, "/_consent/choice", b"choice=noticed", [SAME, before]))

    assert b"policy has changed" not in get(app, "/", [DOCUMENT, after]).body
    assert state(app, after)["categories"] == state(app, before)["categories"]
    assert state(app, after)["time"] == state(app, before)["time"]
    assert records(app)[-1].event == "noticed"


def test_the_operators_own_words_take_the_place_of_ours(change: Change) -> None:
    page = get(change(add, notice=["We now count with Pixel."]), "/", [DOCUMENT, chosen_before()])

    assert b"We now count with Pixel." in page.body
    assert b"New: Pixel" not in page.body


def test_a_new_visitor_is_just_asked(change: Change) -> None:
    page = get(change(add), "/", [DOCUMENT]).body

    assert b"May we use cookies?" in page
    assert b"policy has changed" not in page


def test_until_it_takes_effect_the_old_policy_binds_and_the_new_one_is_announced(
    change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = change(add, effective=date(2099, 1, 1))
    before = chosen_before()

    page = get(app, "/", [DOCUMENT, before]).body.decode()
    assert "Our cookie policy will change" in page
    assert "From 01 January 2099 on" in page
    assert state(app, before)["categories"] == ["statistics"]

    read = cookie_of(post(app, "/_consent/choice", b"choice=noticed", [SAME, before]))
    assert "will change" not in get(app, "/", [DOCUMENT, read]).body.decode()

    # … and on that day it binds, without a restart.
    app._next = 0.0
    monkeypatch.setattr("asgi_consent.middleware.datetime", _Later)
    page = get(app, "/", [DOCUMENT, read]).body.decode()
    assert "Our cookie policy has changed" in page
    assert "Accept the new" in page


class _Later:
    @staticmethod
    def now(zone: object) -> Any:
        from datetime import UTC, datetime

        return datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (["nowhere.toml"], "nowhere.toml: file: not found"),
        (["new.toml"], "new.toml is of revision 4"),
        (["bad.toml"], "bad.toml: mode"),
    ],
)
def test_a_history_that_cannot_be_read_is_a_mistake(
    tmp_path: Path, history: list[str], said: str
) -> None:
    (tmp_path / "bad.toml").write_text('mode = "maybe"\npolicy = {revision = 2}')
    (tmp_path / "new.toml").write_text(
        f"policy = {{revision = 4, history = {json.dumps(history)}}}"
    )

    with pytest.raises(SettingsError, match=said):
        load_settings(tmp_path / "new.toml")


# ---- the kill switch


def test_a_closed_site_grants_nothing_clears_and_records_nothing(tmp_path: Path) -> None:
    before = chosen_before(b"choice=accept")
    app = ConsentMiddleware(SimpleApp(PAGE), shop(closed=True), SECRET)
    jar = (b"cookie", before[1] + b"; _counter=1; basket=1")

    page = get(app, "/", [DOCUMENT, jar])

    removed = {v.partition(b"=")[0] for v in page.all("set-cookie") if b"Max-Age=0" in v}
    assert removed == {b"asgi_consent", b"_counter"}
    assert b"May we use cookies?" not in page.body
    assert state(app, before)["categories"] == []
    assert post(app, "/_consent/choice", b"choice=accept", [SAME, before]).status == 410
    assert len(records(app)) == 1  # from before


# ---- on the command line


def test_policy_diff_says_what_would_happen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.toml").write_text(as_toml(shop()))
    (tmp_path / "new.toml").write_text(as_toml(newer(add)))
    files = [str(tmp_path / "old.toml"), str(tmp_path / "new.toml")]

    assert main(["policy", "diff", *files]) == 0

    said = capsys.readouterr().out
    assert "major  New: Pixel (Pixel Inc; Statistics)." in said
    assert "major: who had agreed is asked for pixel; the rest stays as it was chosen" in said
    assert main(["policy", "diff", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["asked"] == ["pixel"]
    assert main(["policy", "diff", files[0], files[0]]) == 0
    assert "no change" in capsys.readouterr().out
    assert main(["policy", "diff", files[0], "nowhere.toml"]) == 2
