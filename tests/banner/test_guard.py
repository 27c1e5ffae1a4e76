"""The rules that the guard is given say the same as the Decision, name for name and host for host."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.banner.guard import PROBE, guard_rules
from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.html.elements import FETCHING
from asgi_consent.policy import Policy
from tests.conftest import SHOP, shop_settings

OVERLAPPING = [
    {"id": "a", "name": "A", "category": "necessary", "purpose": "x", "cookies": ["s_*", "s_b"],
     "storage": ["s*"], "hosts": ["cdn.example", "*.wide.example"]},
    {"id": "b", "name": "B", "category": "marketing", "cookies": ["s_a*", "s_b", "s_*_c", "s_c*"],
     "storage": ["s_*"], "hosts": ["cdn.example/ads/", "x.wide.example", "cdn.example/ads/own"]},
    {"id": "c", "name": "C", "category": "statistics", "cookies": ["s_ab*", "s_a*b"],
     "storage": ["s_ab"], "hosts": ["cdn.example/ads/own"]},
]  # fmt: skip
POLICIES = [
    shop_settings(services=[*SHOP["services"], *OVERLAPPING]).policy,
    shop_settings(services=OVERLAPPING, catalogue={"use": False}).policy,
]
grants = st.sets(st.sampled_from(["marketing", "statistics"])).map(lambda g: Grants(frozenset(g)))
names = st.text("sab_c", max_size=6) | st.sampled_from(["_ga", "_fbp", "_counter1", "basket"])


def is_like(name: str, pattern: str) -> bool:
    """`*` for any run of characters."""
    if "*" not in pattern:
        return name == pattern
    first, _, rest = pattern.partition("*")
    return name.startswith(first) and any(
        is_like(name[at:], rest) if "*" in rest else name[at:] == rest
        for at in range(len(first), len(name) + 1)
    )


def first_bits(name: str, patterns: list[list[Any]]) -> int:
    """As static/guard/rules.js reads them."""
    return next((int(bits) for pattern, bits in patterns if is_like(name, pattern)), 0)


@given(st.sampled_from(POLICIES), grants, names)
def test_cookies_and_keys_are_judged_alike(policy: Policy, granted: Grants, name: str) -> None:
    rules = guard_rules(policy, granted, "shop.example")
    decision, nothing = Decision(policy, grants=granted), Decision(policy)

    for kind, judged in (("cookies", decision.cookie), ("storage", decision.storage)):
        assert bool(first_bits(name, rules[kind]) & 2) == judged(name).allowed
    if first_bits(name, rules["cookies"]) & 1:  # what passes while a withdrawal is on its way
        assert nothing.cookie(name).allowed


@given(
    st.sampled_from(POLICIES),
    grants,
    st.sampled_from(["cdn.example", "x.wide.example", "y.wide.example", "t.example"]),
    st.sampled_from(["/", "/ads/", "/ads/own/x.js", "/adsx"]),
)
def test_hosts_are_judged_alike(policy: Policy, granted: Grants, host: str, path: str) -> None:
    rules = guard_rules(policy, granted, "shop.example")

    def find(name: str, subdomains: int) -> Any:
        found = rules["hosts"].get(name, ())
        return next((r[2] for r in found if r[0] == subdomains and path.startswith(r[1])), None)

    verdict = find(host, 0)
    parent = host
    while verdict is None and "." in parent:
        parent = parent.partition(".")[2]
        verdict = find(parent, 1)

    page = Page("shop.example", (Base(host="shop.example"),))
    allowed = Decision(policy, grants=granted).url(f"https://{host}{path}", page).allowed
    assert bool(verdict) == allowed


def test_elements_are_those_of_the_rewriter() -> None:
    fetching = guard_rules(POLICIES[1], Grants(), "shop.example")["fetching"]

    assert {"img", "script", "iframe", "track"} <= set(fetching["src"])
    assert "feImage" in fetching["href"]  # as the parser names it
    for element, attributes in FETCHING.items():
        if b"src" in attributes:
            assert element.decode() in fetching["src"]


def test_banner_may_try_whether_cookies_are_kept() -> None:
    assert [PROBE, 3] in guard_rules(POLICIES[1], Grants(), "shop.example")["cookies"]
