"""Scanning: which pages, what of their HTML, and a consent.toml that `check` accepts."""

from __future__ import annotations

import csv
import io
import json
import signal
import tomllib
from urllib.robotparser import RobotFileParser

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.audit.crawl import Frontier
from asgi_consent.audit.drafting import draft, lifetime, pattern
from asgi_consent.audit.interrupt import interruptible
from asgi_consent.audit.inventory import HOST, Inventory
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.markup import read_markup
from asgi_consent.audit.reports.inventory import SCHEMA, as_csv, as_data, as_page, lines
from asgi_consent.audit.stores import Hint, Item, Look, Read
from asgi_consent.audit.traffic import Contact
from asgi_consent.settings import Settings, read_settings

SITE = "https://shop.example/"
POLICY = Settings().policy


def frontier(*start: str, robots: str = "", most: int = 10, deepest: int = 2) -> Frontier:
    rules = RobotFileParser()
    rules.modified()
    rules.parse(robots.splitlines())
    return Frontier(list(start) or [SITE], most, deepest, rules)


def taken(pages: Frontier) -> list[str]:
    return [found[0].removeprefix(SITE) for found in iter(pages.take, None)]


def test_pages_are_visited_once_nearest_first_and_only_on_the_site() -> None:
    pages = frontier()
    pages.add([f"{SITE}b", f"{SITE}a#x", f"{SITE}a", "https://other.example/", f"{SITE}c.pdf"], 1)

    assert taken(pages) == ["", "b", "a"]


def test_limits_and_robots_are_kept() -> None:
    pages = frontier(robots="User-agent: asgi-consent\nDisallow: /private", most=3)
    pages.add([f"{SITE}private/x", f"{SITE}deep"], 3)
    pages.add([f"{SITE}{number}" for number in range(9)], 1)

    assert taken(pages) == ["", "0", "1"]
    assert pages.refused == [f"{SITE}private/x"]


def test_markup_names_what_elements_fetch_and_whose_code_is_inline() -> None:
    html = """<script>gtag('config', 'G-1')</script><script src=//a.example/x.js></script>
      <img srcset="/own.png 1x, https://b.example/y.png 2x"><a href="https://c.example/">c</a>
      <iframe src="https://[bad/"></iframe><noscript><img src=https://d.example/n.gif></noscript>"""

    found = [(one.tag, one.url or one.service) for one in read_markup(html, SITE, POLICY.matcher)]

    assert ("script", "https://a.example/x.js") in found
    assert ("img", "https://b.example/y.png") in found
    assert ("img", "https://d.example/n.gif") in found
    assert not any("c.example" in url for _, url in found)


@given(st.text(max_size=200))
def test_any_markup_can_be_read(html: str) -> None:
    list(read_markup(html, SITE, POLICY.matcher))


EVIL = '=cmd|"\x1b[31m<script>\n]]'


def inventory(*items: Item, judge: Judge | None = None) -> Inventory:
    made = Inventory(SITE, judge or Judge(POLICY, "shop.example"), 1_700_000_000, [SITE], ["fresh"])
    made.add_look(Look(list(items), [Hint("preconnect", "https://hint.example/")]), "fresh", SITE)
    made.add_contacts(
        [
            Contact(1, "https://www.google-analytics.com/g/collect?cid=secret", "request"),
            Contact(1, "https://tracker.example/x", "request", initiator=f"{SITE}tag.js"),
            Contact(1, "//stun.example/", "lookup"),
            Contact(1, f"{SITE}own.js", "request"),
        ],
        "fresh",
        SITE,
    )
    made.add_reads([Read(1, "canvas", f"{SITE}tag.js")], "fresh", SITE)
    return made


ITEMS = (
    Item("cookie", "_ga", "shop.example", "secret"),
    Item("cookie", "visitor_1234567890", "shop.example", "secret", expires=1_800_000_000),
    Item("cookie", "bad name;", "shop.example"),
    Item("localStorage", EVIL, "shop.example", "secret"),
    Item("localStorage", "*", "shop.example"),
    Item("cookie", "id", "tracker.example", http_only=True),
    Item("cookie", "ip", "192.0.2.7"),
    Item("serviceWorker", f"{SITE}sw.js", "shop.example"),
)


def test_draft_is_accepted_and_declares_every_find() -> None:
    found = inventory(*ITEMS)

    settings = read_settings(tomllib.loads(draft(found)))

    declared = {service.id: service for service in settings.policy.declared}
    assert declared["google-analytics"].category == "statistics"
    assert {one.category for id_, one in declared.items() if id_.startswith("unclassified")} == {
        "unclassified"
    }
    judge = Judge(settings.policy, "shop.example")
    again = [find.name for find in inventory(*ITEMS, judge=judge).undeclared]
    assert set(again) <= {"bad name;", "*", "ip"}  # no settings can name these


@given(
    st.lists(
        st.builds(
            Item,
            st.sampled_from(["cookie", "localStorage", "indexedDB"]),
            st.text(min_size=1, max_size=30),
            st.sampled_from(["shop.example", "a.b.example", "10.0.0.1", ""]),
        ),
        max_size=5,
    )
)
def test_draft_of_any_names_is_accepted(items: list[Item]) -> None:
    read_settings(tomllib.loads(draft(inventory(*items))))


def test_what_the_operator_declared_is_no_difference() -> None:
    service = {
        "id": "tracker",
        "name": "T",
        "category": "marketing",
        "hosts": ["tracker.example", "hint.example", "stun.example"],
    }
    document = {"services": [service, {"id": "google-analytics"}]}
    judge = Judge(read_settings(document).policy, "shop.example")

    found = inventory(*ITEMS[:2], judge=judge)

    assert [find.name for find in found.undeclared] == ["visitor_1234567890"]


def test_host_of_the_site_that_is_somebody_elses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    found = inventory()
    found.add_contacts([Contact(1, "https://metrics.shop.example/", "request")], "fresh", SITE)

    found.cloak({"metrics.shop.example": "shop.example.tracker.example"})

    (find,) = [one for one in found.finds if one.name == "metrics.shop.example"]
    assert find.undeclared
    assert find.kind == HOST
    assert "metrics.shop.example = shop.example.tracker.example" in "\n".join(lines(found))


def test_every_form_says_the_same_and_holds_no_values() -> None:
    found = inventory(*ITEMS)
    data = json.dumps(as_data(found))
    jsonschema.validate(json.loads(data), json.loads(SCHEMA.read_text()))
    table, page, text = as_csv(found), as_page(found), "\n".join(lines(found))

    for form in (data, table, page, text):
        assert "secret" not in form
        assert "tracker.example" in form
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == len(found.finds) + 1
    assert not any(cell.startswith("=") for row in rows for cell in row)
    assert "<script" not in page
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("_ga_ABCDEF1234", "_ga_ABCDEF1234"),
        ("visitor_1234567890", "visitor_*"),
        ("basket", "basket"),
        ("s-7f3a9b21-55cd-4e", "s-*"),
    ],
)
def test_numbers_of_visitors_become_a_pattern(name: str, shown: str) -> None:
    assert pattern(name) == shown


def test_lifetimes_are_written_as_settings_write_them() -> None:
    assert [lifetime(seconds) for seconds in (None, 30, 3600, 86400, 86401)] == [
        "session",
        "1m",
        "60m",
        "1d",
        "2d",
    ]


def test_first_interrupt_leaves_a_note_and_the_second_one_stops() -> None:
    with interruptible() as note:
        assert not note.asked
        signal.raise_signal(signal.SIGINT)
        assert note.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
