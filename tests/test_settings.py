"""consent.toml: every mistake is named, all of them in one go."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.assets import TEMPLATES
from asgi_consent.errors import Problem, SettingsError
from asgi_consent.policy import CspMode, Mode, Rule, UnknownHosts
from asgi_consent.settings import Settings, load_settings, read_settings


def mistakes(document: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(document, "consent.toml")
    return str(caught.value).splitlines()


def test_nothing_at_all_gives_the_defaults() -> None:
    settings = read_settings({})

    assert settings.mode is Mode.ENFORCE
    assert settings.lifetime == timedelta(days=180)
    assert settings.site.name == ""
    assert settings.policy.unknown_hosts is UnknownHosts.GATE
    assert settings.policy.optional == {"preferences", "statistics", "marketing"}
    assert len(settings.policy.services) > 300


def test_file_of_a_newer_version_is_told_and_nothing_else() -> None:
    with pytest.raises(SettingsError) as failed:
        read_settings({"format": 2, "what": "ever"}, "consent.toml")

    assert str(failed.value) == (
        "consent.toml: format: is of a newer asgi-consent; this one, 0.1.0, reads up to format = 1"
    )


@pytest.mark.parametrize("number", [0, "1", True])
def test_format_is_a_number(number: object) -> None:
    with pytest.raises(SettingsError, match=r"format: .*expected a whole number from 1"):
        read_settings({"format": number})


def test_page_that_stays_has_no_policy_of_the_browser() -> None:
    assert read_settings({"activation": "in-place"}).policy.csp is CspMode.OFF
    (mistake,) = mistakes({"activation": "in-place", "csp": "enforce"})
    assert 'csp: is "enforce", expected "report-only" or "off"' in mistake


def test_starter_file_has_no_mistakes_and_every_example_in_it_works() -> None:
    text = (TEMPLATES / "consent.toml").read_text()
    read_settings(tomllib.loads(text))

    with_examples = [
        line.removeprefix("# ") if line.startswith(('# url = "https', "# [", "# hosts")) else line
        for line in text.splitlines()
    ]
    assert with_examples  # the commented services are tried in the next test


def test_every_commented_service_of_the_starter_file_is_valid() -> None:
    text = (TEMPLATES / "consent.toml").read_text()
    services = text[text.index("# [[services]]") :]

    settings = read_settings(
        tomllib.loads("\n".join(line.removeprefix("# ") for line in services.splitlines()))
    )

    assert [s.id for s in settings.policy.declared] == ["google-analytics", "shop", "acme-chat"]


def test_all_mistakes_come_in_one_go_with_key_value_and_expectation() -> None:
    found = mistakes(
        {
            "mode": "enforced",
            "unknown_hosts": True,
            "prefix": "consent/",
            "delivery": "cached",
            "site": {"url": "example.com", "nmae": "x", "hosts": ["https://cdn.example"]},
            "controller": {"contact": "call us"},
            "policy": {
                "revision": 0,
                "published": date(2026, 2, 1),
                "effective": date(2026, 1, 1),
                "url": "privacy",
            },
            "consent": {"lifetime": "2y"},
            "region": {"rules": {"USA": "opt-in", "US": "opted"}},
            "catalogue": {"off": ["no-such"]},
            "services": [
                {"id": "Bad Id", "name": "x", "category": "stats"},
                {"id": "chat", "hosts": ["https://chat.example"], "cookies": [{"name": "a b"}]},
                {"id": "own", "name": "Own", "category": "necessary"},
                {"id": "own", "name": "Own", "category": "marketing"},
            ],
        }
    )

    assert all(line.startswith("consent.toml: ") for line in found)
    text = "\n".join(found)
    assert 'mode: is "enforced", expected one of "enforce", "observe"' in text
    assert "unknown_hosts: is true, expected one of" in text
    assert 'delivery: is "cached", expected one of "visitor", "shared"' in text
    assert "site.nmae: unknown key" in text
    assert "policy.revision: is 0, expected a whole number from 1" in text
    assert "policy.effective: is " in text
    assert 'consent.lifetime: is "2y", expected at most "400d"' in text
    assert "region.rules.USA" in text
    assert "region.header: missing" in text
    assert "catalogue.off" in text
    assert "services[1].id" in text
    assert 'services[1].category: is "stats", expected one of "necessary", "preferences"' in text
    assert "services[2].name: missing" in text
    assert "services[2].hosts" in text
    assert "services[2].cookies[1].name" in text
    assert "services[3].purpose: missing" in text
    assert "services[4].id" in text
    assert len(found) >= 22


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"id": "google-analytic"}, 'did you mean "google-analytics"'),
        ({"id": "statistics", "name": "x", "category": "necessary"}, "not a category's"),
        ({"id": "nobodys", "name": "X", "category": "marketing"}, "something to recognise it by"),
        ({"id": "x", "hosts": ["*.com"]}, "everybody's"),
        ({"id": "x", "cookies": ["*"]}, "it is every cookie"),
        ({"id": "x", "storage": ["**"]}, "it is every key"),
        ({"id": "x", "inline": [" a "]}, "pieces of code"),
        ({"id": "x", "cookies": "_ga"}, 'cookies = [{ name = "…" }]'),
        ({"id": "x", "privacy_url": "//evil.example"}, "the address of a page"),
    ],
)
def test_service_that_cannot_work_is_a_mistake(table: dict[str, Any], expected: str) -> None:
    assert expected in "\n".join(mistakes({"services": [table]}))


def test_service_whose_category_is_removed_needs_another() -> None:
    found = mistakes(
        {"categories": {"statistics": False}, "services": [{"id": "google-analytics"}]}
    )

    assert any("its own one, statistics, is removed" in line for line in found)


def test_cookies_may_be_plain_names() -> None:
    service = {"id": "x", "name": "X", "category": "marketing", "cookies": ["a", "b_*"]}

    cookies = read_settings({"services": [service]}).policy.services["x"].cookies
    assert [cookie.name for cookie in cookies] == ["a", "b_*"]


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"prefix": "/.."}, "prefix"),
        ({"prefix": "/a/./b"}, "prefix"),
        ({"region": {"header": "€"}}, "region.header"),
        ({"policy": {"url": "//evil.example"}}, "policy.url"),
    ],
)
def test_value_that_cannot_work_is_a_mistake(document: dict[str, Any], key: str) -> None:
    assert any(f" {key}: is " in line for line in mistakes(document))


def test_misspelt_key_gets_a_suggestion() -> None:
    (line,) = mistakes({"polcy": {}})

    assert line == 'consent.toml: polcy: unknown key; did you mean "policy"?'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"mode = ", "is not TOML"),
        (b"\xff", "is not UTF-8"),
        (None, "not found"),
    ],
)
def test_unreadable_file_is_one_line(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "consent.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        load_settings(path)

    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_service_of_the_catalogue_needs_no_more_than_its_id() -> None:
    policy = read_settings({"services": [{"id": "youtube", "category": "preferences"}]}).policy

    service = policy.services["youtube"]
    assert service.declared
    assert service.category == "preferences"
    assert "youtu.be" in service.hosts


def test_catalogue_can_be_left_out_whole_or_in_part() -> None:
    assert read_settings({"catalogue": {"use": False}}).policy.services == {}
    assert "youtube" not in read_settings({"catalogue": {"off": ["youtube"]}}).policy.services


def test_categories_are_renamed_removed_and_added() -> None:
    policy = read_settings(
        {
            "categories": {
                "statistics": {"label": "Numbers"},
                "marketing": False,
                "research": {"label": "Research", "description": "For science."},
            }
        }
    ).policy

    assert [(c.id, c.label) for c in policy.categories] == [
        ("necessary", "Necessary"),
        ("preferences", "Preferences"),
        ("statistics", "Numbers"),
        ("research", "Research"),
    ]
    assert policy.services_among(["youtube"]) == frozenset()  # its category is gone: never granted


def test_necessary_cannot_be_removed() -> None:
    assert "categories.necessary" in "\n".join(mistakes({"categories": {"necessary": False}}))


def test_no_mistake_hides_another() -> None:
    document = {
        "secret_key": "x",
        "nonsense": 1,
        "site": {"hosts": ["a b", "cdn.example.net", "co.uk", "http://x"]},
        "services": [
            {"id": "UPPER", "hosts": ["*", "b c"], "cookies": [5, {"name": "*"}]},
            {"id": "statistics", "category": ""},
        ],
    }

    found = "\n".join(mistakes(document))

    for named in (
        '"a b" is none', '"http://x" is none', '"co.uk" is everybody',
        "services[1].id:", "services[1].name: missing", "services[1].category: missing",
        '"*" is not', '"b c" is not', "services[1].cookies:", "services[1].cookies[2].name:",
        "services[2].id:", "services[2].category:", "services[2].name: missing",
    ):  # fmt: skip
        assert named in found, named
    assert "secret_key" not in found.partition("known here")[2].partition("\n")[0]


def test_unknown_region_gets_the_strictest_rule() -> None:
    region = read_settings(
        {
            "region": {
                "rule": "notice",
                "header": "X-Region",
                "rules": {"DE": "opt-in", "US-CA": "opt-out"},
            }
        }
    ).policy.region

    assert region.rule_for("US-CA") is Rule.OPT_OUT
    assert region.rule_for("US-NY") is Rule.NOTICE
    assert region.rule_for("DE") is Rule.OPT_IN
    for unknown in ("", "XX", "T1", "nowhere", "U", "US CA"):
        assert region.rule_for(unknown) is Rule.OPT_IN


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    "mode",
    "site",
    "policy",
    "consent",
    "region",
    "categories",
    "catalogue",
    "services",
    "prefix",
    "x",
]


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_document_is_settings_or_a_list_of_problems(document: dict[str, Any]) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        assert isinstance(read_settings(document), Settings)
    except SettingsError as error:
        problems = error.problems

    assert all("\n" not in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('site.hosts = ["a\\nb\\u2028"]', r'"a\nb\u2028" is none'),
        ("mode" + ".a" * 3000 + " = 1", 'mode: is …, expected one of "enforce"'),
        ("mode = 0x" + "f" * 5000, 'mode: is …, expected one of "enforce"'),
        ("policy.revision = 0x" + "f" * 5000, "expected a whole number from 1 to 9007199254740991"),
        ('consent.lifetime = "1\u0663d"', "expected a lifetime such as"),
    ],
)
def test_whatever_a_value_is_its_mistake_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "consent.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)

    (line,) = str(caught.value).splitlines()
    assert said in line
    assert line.isprintable()


@pytest.mark.parametrize("earlier", ['policy = "x"', 'mode = "x"\nmodes = 1', "\0"])
def test_mistakes_in_an_earlier_file_are_one_line(tmp_path: Path, earlier: str) -> None:
    (tmp_path / "1.toml").write_text(earlier)
    file = tmp_path / "consent.toml"
    file.write_text('[policy]\nrevision = 2\nhistory = ["1.toml"]')
    with pytest.raises(SettingsError) as caught:
        load_settings(file)

    (line,) = str(caught.value).splitlines()
    assert "policy.history" in line
