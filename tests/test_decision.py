"""Policy, consent and signals → what is granted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.catalog.urls import Base
from asgi_consent.consent import UNKNOWN, Choice, Consent, Status, make_choice
from asgi_consent.decision import Decision, Grants, Page, decide
from asgi_consent.policy import Policy, Rule
from asgi_consent.settings import Settings
from asgi_consent.signals import Signals, read_signals
from tests.conftest import shop_settings

GPC = Signals(gpc=True)
PAGE = Page("www.shop.example", (Base("https", "www.shop.example", "/"),))


def choose(choice: Choice, before: Consent = UNKNOWN, *, gpc: bool = False) -> Consent:
    return make_choice(before, choice, revision=3, time=1000, gpc=gpc)


def test_silence_grants_nothing_in_an_opt_in_region(policy: Policy) -> None:
    decision = decide(policy, UNKNOWN, Signals())

    assert decision.grants == Grants()
    assert decision.asks
    assert decision.allows("necessary")
    assert not decision.allows("statistics")
    assert not decision.allows("counter")
    assert not decision.allows("no such name")


def test_opt_out_region_grants_until_the_visitor_says_no(policy: Policy) -> None:
    assert decide(policy, UNKNOWN, Signals(), Rule.OPT_OUT).allows("statistics")
    assert not decide(policy, choose(Choice()), Signals(), Rule.OPT_OUT).allows("statistics")


def test_opt_out_region_grants_nothing_where_a_choice_may_exist(policy: Policy) -> None:
    """A consent cookie that came and could not be read, or that the browser kept to itself."""
    decision = decide(policy, UNKNOWN, Signals(), Rule.OPT_OUT, silent=False)

    assert decision.grants == Grants()


def test_gpc_switches_marketing_off_before_any_choice(policy: Policy) -> None:
    decision = decide(policy, UNKNOWN, GPC, Rule.OPT_OUT)

    assert decision.allows("statistics")
    assert not decision.allows("marketing")
    assert not decision.allows("films")
    assert decision.gpc_honoured


def test_gpc_is_newer_than_a_choice_made_without_it(policy: Policy) -> None:
    accepted = choose(Choice(categories=policy.optional))

    assert decide(policy, accepted, Signals()).allows("marketing")
    assert not decide(policy, accepted, GPC).allows("marketing")


def test_choice_made_while_gpc_is_on_is_the_visitors_own_word(policy: Policy) -> None:
    decision = decide(policy, choose(Choice(categories=policy.optional), gpc=True), GPC)

    assert decision.allows("marketing")
    assert not decision.gpc_honoured


def test_single_service_is_granted_without_its_category(policy: Policy) -> None:
    decision = decide(policy, choose(Choice.of(services=["films"])), Signals())

    assert decision.allows("films")
    assert not decision.allows("marketing")


def test_allowing_one_service_is_no_answer_to_the_banner(policy: Policy) -> None:
    consent = choose(Choice(services=frozenset({"films"}), answered=False))

    assert decide(policy, consent, Signals()).asks
    assert decide(policy, consent, Signals()).allows("films")


def test_once_counts_for_this_decision_only(policy: Policy) -> None:
    assert decide(policy, UNKNOWN, Signals(), once=["films"]).allows("films")
    assert not decide(policy, UNKNOWN, Signals(), once=["no-such"]).grants.services


def test_status_says_what_happened() -> None:
    refused = choose(Choice())
    given_ = choose(Choice.of(["statistics"]))
    withdrawn = choose(Choice(), given_)

    assert [c.status for c in (refused, given_, withdrawn)] == [
        Status.REFUSED,
        Status.GIVEN,
        Status.WITHDRAWN,
    ]
    assert withdrawn.subject_id == given_.subject_id
    assert given_.subject_id != refused.subject_id
    assert withdrawn.record_id != given_.record_id


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("/x", True),
        ("https://www.shop.example/x", True),
        ("https://cdn.shop.example/x", True),
        ("https://img.shop-cdn.example/x", True),
        ("data:image/gif;base64,R0", True),
        ("https://counter.example/x", False),
        ("https://stats.shop.example/x", False),
        ("/count/x", False),
        ("https://undeclared.example/x", False),
        ("https://www.google-analytics.com/ga.js", False),
    ],
)
def test_only_the_sites_own_and_granted_urls_pass(policy: Policy, url: str, allowed: bool) -> None:
    assert Decision(policy).url(url, PAGE).allowed is allowed


def test_vendors_own_site_is_not_its_own_third_party() -> None:
    page = Page("www.youtube.com", (Base("https", "www.youtube.com", "/"),))

    assert Decision(Settings().policy).url("/embed/x", page).allowed


def test_undeclared_cookie_is_denied_whatever_was_granted(policy: Policy) -> None:
    decision = decide(policy, choose(Choice(categories=policy.optional)), Signals())

    assert decision.cookie("_counter_1").allowed
    assert decision.cookie("basket").allowed
    assert not decision.cookie("anything").allowed


def test_inline_code_needs_every_service_in_it(policy: Policy) -> None:
    both = b"counter('start'); fbq('init', '1')"
    statistics = decide(policy, choose(Choice.of(["statistics"])), Signals())

    assert not statistics.inline(both).allowed
    assert statistics.inline(b"counter('start')").allowed


def test_marked_element_needs_every_name(policy: Policy) -> None:
    decision = decide(policy, choose(Choice.of(["statistics"])), Signals())

    assert decision.marked("statistics").allowed
    assert decision.marked("counter statistics").allowed
    assert not decision.marked("statistics marketing").allowed
    assert not decision.marked("").allowed
    assert not decision.marked("no-such").allowed


def test_fingerprint_differs_when_the_page_would(policy: Policy) -> None:
    states = [
        decide(policy, UNKNOWN, Signals()),
        decide(policy, choose(Choice()), Signals()),
        decide(policy, choose(Choice.of(["statistics"])), Signals()),
        decide(policy, UNKNOWN, GPC),
    ]

    assert len({state.fingerprint("page") for state in states}) == 4
    assert len({states[0].fingerprint(use) for use in ("page", "frame", "fragment")}) == 3


@pytest.mark.parametrize(
    ("headers", "gpc"),
    [
        ([(b"sec-gpc", b"1")], True),
        ([(b"sec-gpc", b"1"), (b"sec-gpc", b"0")], True),
        ([(b"sec-gpc", b"0")], False),
        ([(b"sec-gpc", b" 1")], False),
        ([(b"sec-gpc", b"true")], False),
        ([], False),
    ],
)
def test_gpc_is_exactly_one(headers: list[tuple[bytes, bytes]], gpc: bool) -> None:
    assert read_signals(headers).gpc is gpc


NAMES = st.sampled_from(["preferences", "statistics", "marketing", "films", "counter", "x"])


@given(
    categories=st.sets(NAMES),
    services=st.sets(NAMES),
    answered=st.booleans(),
    gpc_then=st.booleans(),
    gpc_now=st.booleans(),
)
def test_opt_in_never_grants_what_was_not_chosen(
    categories: set[str], services: set[str], answered: bool, gpc_then: bool, gpc_now: bool
) -> None:
    policy = shop_settings().policy
    consent = choose(Choice(frozenset(categories), frozenset(services), answered), gpc=gpc_then)

    grants = decide(policy, consent, Signals(gpc=gpc_now)).grants

    assert grants.categories <= categories
    assert grants.services <= services
