"""What belongs to whom, what holds personal data, and what was seen by whom."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.audit.header_hints import hints_of
from asgi_consent.audit.judging import Judge
from asgi_consent.audit.links import is_page
from asgi_consent.audit.personal import personal_data
from asgi_consent.audit.stores import Item
from asgi_consent.audit.traffic import Contact, Event, merge
from asgi_consent.audit.wall import Passage
from asgi_consent.settings import Settings

JUDGE = Judge(Settings().policy, "www.shop.example")


@pytest.mark.parametrize(
    ("url", "category", "own"),
    [
        ("https://www.shop.example/a.js", "necessary", True),
        ("https://img.shop.example/a.png", "necessary", True),
        ("https://www.google-analytics.com/g/collect", "statistics", False),
        ("https://nobody-knows.example/", "unclassified", False),
    ],
)
def test_own_hosts_may_be_contacted_and_unknown_ones_need_consent(
    url: str, category: str, own: bool
) -> None:
    ruling = JUDGE.url(url)
    assert (ruling.category, ruling.own) == (category, own)


@pytest.mark.parametrize(
    ("item", "category"),
    [
        (Item("cookie", "sessionid", "www.shop.example"), "necessary"),
        (Item("cookie", "_ga", "shop.example"), "statistics"),
        (Item("cookie", "odd", "www.shop.example"), "unclassified"),
        (Item("cookie", "IDE", "doubleclick.net"), "marketing"),
        (Item("localStorage", "odd", "www.shop.example"), "unclassified"),
    ],
)
def test_stored_things_are_necessary_only_if_known_as_such(item: Item, category: str) -> None:
    assert JUDGE.item(item).category == category


def test_cookie_that_both_answers_leave_keeps_the_choice() -> None:
    judge = Judge(Settings().policy, "shop.example")
    choice = Item("cookie", "my_cookie_choice", "shop.example")
    refused = [choice, Item("cookie", "visitor", "shop.example"), Item("cookie", "optimise", "x.y")]

    judge.learn_choice(refused, [*refused, Item("cookie", "consent_tracker", "shop.example")])

    assert judge.choice_names == {"my_cookie_choice"}
    assert judge.item(choice).necessary


EMAIL = "ines@halden.example"
ENCODED = base64.b64encode(f'{{"e":"{EMAIL}"}}'.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "value",
    [
        EMAIL,
        "u=ines%40halden.example",
        "u=ines%2540halden.example",
        ENCODED,
        f"v1.{ENCODED.replace('+', '-').replace('/', '_')}.sig",
        base64.b64encode(ENCODED.encode()).decode(),
    ],
)
def test_email_is_found_in_every_coding(value: str) -> None:
    assert personal_data(value) == "an e-mail address"


def test_other_personal_data_is_found() -> None:
    assert personal_data("DE89370400440532013000") == "a bank account"
    assert personal_data("name=Ines", ["ines"]) == "“ines”"
    hashed = hashlib.sha256(EMAIL.encode()).hexdigest()
    assert personal_data(hashed, [EMAIL]).endswith("hashed with sha256")


@pytest.mark.parametrize(
    "value",
    ["GA1.2.1234567890.1700000000", "DE00370400440532013000", "a@b", "image@2x.", "7f3a9" * 40, ""],
)
def test_random_numbers_are_no_personal_data(value: str) -> None:
    assert personal_data(value) == ""


@given(st.text(max_size=300))
def test_any_value_can_be_read(value: str) -> None:
    personal_data(value, ["somebody"])


def test_headers_that_lead_elsewhere_are_hints() -> None:
    headers = [
        ("Link", "<https://a.example/x.js>; rel=preload, </own.css>; rel=stylesheet"),
        ("Link", "<https://plain.example/>; rel=license"),
        ("Reporting-Endpoints", 'default="https://b.example/r"'),
        ("Content-Security-Policy", "img-src 'self'; report-uri https://c.example/csp /own"),
    ]

    found = [(hint.how, hint.url) for hint in hints_of(headers, "https://shop.example/p/")]

    assert found == [
        ("Link header, preload", "https://a.example/x.js"),
        ("Link header, stylesheet", "https://shop.example/own.css"),
        ("reporting-endpoints header", "https://b.example/r"),
        ("report-uri of the content-security-policy header", "https://c.example/csp"),
        ("report-uri of the content-security-policy header", "https://shop.example/own"),
    ]


@given(st.lists(st.tuples(st.sampled_from(["link", "nel", "content-security-policy"]), st.text())))
def test_any_header_can_be_read(headers: list[tuple[str, str]]) -> None:
    list(hints_of(headers, "https://shop.example/"))


def test_observers_are_merged_into_one_log() -> None:
    logged = [
        Contact(2, "https://a.example/x#f", "request"),
        Contact(1, "https://b.example/", "request"),
    ]
    passages = [
        Passage(1, "CONNECT", "a.example", 443),
        Passage(3, "CONNECT", "missed.example", 443),
        Passage(3, "CONNECT", "update.example", 443),
    ]
    events = [Event(2, "https://a.example/x", "script", "https://shop.example/tag.js")]

    merged = merge(logged, passages, events, {"update.example"})

    assert [(one.host, one.kind, one.how, one.initiator, one.seen_by) for one in merged] == [
        ("b.example", "request", "", "", ("network log",)),
        (
            "a.example",
            "request",
            "script",
            "https://shop.example/tag.js",
            ("network log", "proxy", "page events"),
        ),
        ("missed.example", "connection", "", "", ("proxy",)),
    ]


@pytest.mark.parametrize(
    ("path", "page"),
    [("/a", True), ("/a.pdf", False), ("/account/logout", False), ("/x.html", True)],
)
def test_links_that_do_something_are_not_followed(path: str, page: bool) -> None:
    assert is_page(path) is page
