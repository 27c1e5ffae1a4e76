"""The long tail: it tells what something is, and lets nothing through."""

from __future__ import annotations

import pytest

from asgi_consent.catalog.builtin import builtin_services, builtin_tail
from asgi_consent.catalog.domains import is_public_suffix
from asgi_consent.catalog.patterns import HostPattern
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.tail import COLUMNS, LongTail, read_line
from asgi_consent.catalog.urls import Base, Target
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.findings import Findings
from asgi_consent.policy import DEFAULT_CATEGORIES, Mode, Policy
from asgi_consent.settings import read_settings

EVERYTHING = Grants(frozenset(("preferences", "statistics", "marketing")))
PAGE = Page("shop.example", (Base("https", "shop.example", "/"),))
ADS = "adco\tAd Co\tAd Co Ltd\tFR\tmarketing\tads\tj\tadco.example cdn.adco.example.net\tadco_*=1y"


def decision(tail: LongTail, *services: Service) -> Decision:
    known = {service.id: service for service in services}
    return Decision(Policy(known, tail), grants=EVERYTHING)


def test_host_of_the_tail_is_named_and_held_back_whatever_is_granted() -> None:
    asked = decision(LongTail([ADS]))

    named = asked.policy.matcher.url(Target("x.adco.example", "/a.js"))
    assert [(service.id, service.category) for service in named] == [("adco", "marketing")]
    assert not asked.url("https://x.adco.example/a.js", PAGE).allowed


def test_cookie_of_the_tail_is_named_and_held_back_whatever_is_granted() -> None:
    asked = decision(LongTail([ADS]))

    assert asked.policy.matcher.cookie("adco_id")[0].name == "Ad Co"
    assert not asked.cookie("adco_id").allowed


def test_declared_service_comes_before_a_longer_host_of_the_tail() -> None:
    own = Service("net", "Net", "", "statistics", hosts=("*.adco.example.net",), declared=True)

    assert decision(LongTail([ADS]), own).url("https://cdn.adco.example.net/", PAGE).allowed


def test_service_of_the_tail_is_declared_by_its_id_alone() -> None:
    policy = read_settings({"services": [{"id": _any_id()}]}).policy

    (service,) = policy.declared
    host = next(host for host in service.hosts if not host.startswith("*"))
    assert Decision(policy, grants=EVERYTHING).url(f"https://{host}/", PAGE).allowed


def _any_id() -> str:
    return next(iter(builtin_tail()))


def test_service_of_the_tail_can_be_switched_off() -> None:
    id_ = _any_id()
    host = next(host for host, line in builtin_tail().hosts.items() if line.startswith(id_ + "\t"))

    policy = read_settings({"catalogue": {"off": [id_]}}).policy

    assert policy.matcher.url(Target(host, "/")) == ()


def test_every_line_of_the_table_can_be_used() -> None:
    tail = builtin_tail()
    categories = {category.id for category in DEFAULT_CATEGORIES}

    for id_ in tail:
        service = tail.service(id_)
        assert service
        assert service.category in categories, id_
        assert id_ not in categories
        assert service.hosts or service.cookies, id_
        for host in service.hosts:
            HostPattern.parse(host)
            assert not is_public_suffix(host.removeprefix("*.")), host


def test_catalogue_is_as_large_as_it_says() -> None:
    assert len(builtin_services()) >= 400
    assert len(builtin_services()) + len(builtin_tail()) > 7000


@pytest.mark.parametrize("line", [ADS, "x\tX\t\t\tnecessary\tcdn\tj\tx.example\t"])
def test_line_has_all_columns(line: str) -> None:
    assert len(line.split("\t")) == len(COLUMNS)
    assert read_line(line).in_tail


def test_log_names_what_the_tail_knows_and_how_to_declare_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    policy = Policy({}, LongTail([ADS]))
    findings = Findings(policy, Mode.ENFORCE)
    asked = Decision(policy)

    for url in ("https://adco.example/x.js", "https://other.example/x.js"):
        findings.element("script", asked.url(url, PAGE), url)

    assert 'host "adco.example", known as Ad Co (marketing); to declare it, add id = "adco"' in (
        caplog.text
    )
    assert 'host "other.example"; to declare it, add hosts = ["other.example"]' in caplog.text
