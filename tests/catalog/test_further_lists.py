"""Lists of the operator's own: each format is read, named, and lets nothing through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.catalog.further_lists import FORMATS, tail_lines
from asgi_consent.catalog.urls import Base, Target
from asgi_consent.decision import Decision, Grants, Page
from asgi_consent.errors import SettingsError
from asgi_consent.policy import Policy
from asgi_consent.settings import read_settings

PAGE = Page("shop.example", (Base("https", "shop.example", "/"),))
HOST = "cdn.track.example.org"
LISTS: dict[str, Any] = {
    "hosts": "# comment\n0.0.0.0 track.example.org # why\n\n::1 localhost\n",
    "disconnect": {
        "categories": {
            "Analytics": [{"Track Co": {"https://track.example.org/": ["track.example.org"]}}],
            "Content": [{"Other": {"https://o.example.org/": ["o.example.org"], "dnt": "w3c"}}],
        }
    },
    "duckduckgo": {
        "trackers": {
            "track.example.org": {
                "owner": {"name": "Track Co", "displayName": "Track Co"},
                "categories": ["Analytics"],
            }
        }
    },
    "ghostery": {
        "organizations": {"t": {"name": "Track Co"}},
        "patterns": {
            "track": {
                "name": "Track",
                "category": "site_analytics",
                "organization": "t",
                "domains": ["track.example.org"],
            },
            "cdn": {"name": "CDN", "category": "hosting", "domains": ["o.example.org"]},
        },
    },
    "abp": "[Adblock Plus 2.0]\n! comment\n||track.example.org^$third-party\n",
}


def listed(tmp_path: Path, form: str, **more: Any) -> Policy:
    path = tmp_path / "list.txt"
    content = LISTS[form]
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    entry = {"path": str(path), "format": form, "category": "statistics"}
    return read_settings({"catalogue": {"lists": [entry]}, **more}).policy


@pytest.mark.parametrize("form", LISTS)
def test_list_names_what_it_knows_and_lets_nothing_through(tmp_path: Path, form: str) -> None:
    policy = listed(tmp_path, form)

    (service,) = policy.matcher.url(Target(HOST, "/x.js"))
    assert service.category == "statistics"
    assert policy.matcher.url(Target("o.example.org", "/x.js")) == ()
    granted = Decision(policy, grants=Grants(policy.optional))
    assert not granted.url(f"https://{HOST}/x.js", PAGE).allowed


@pytest.mark.parametrize("form", LISTS)
def test_where_undeclared_hosts_pass_a_listed_one_waits_for_its_category(
    tmp_path: Path, form: str
) -> None:
    policy = listed(tmp_path, form, unknown_hosts="allow")
    url = f"https://{HOST}/x.js"

    assert not Decision(policy).url(url, PAGE).allowed
    assert Decision(policy).url("https://o.example.org/x.js", PAGE).allowed
    assert Decision(policy, grants=Grants(frozenset(("statistics",)))).url(url, PAGE).allowed


def test_what_the_catalogue_knows_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("0.0.0.0 www.google-analytics.com")
    policy = read_settings({"catalogue": {"lists": [str(path)]}}).policy

    (service,) = policy.matcher.url(Target("www.google-analytics.com", "/"))
    assert service.id == "google-analytics"


@pytest.mark.parametrize(
    ("form", "content", "told"),
    [
        ("hosts", None, "lists[1].path"),
        ("hosts", "no hosts here\n", "no host found"),
        ("hosts", b"\xff\xfe\x00", "lists[1].path"),
        ("disconnect", "[]", "not in the format disconnect"),
        ("ghostery", "{", "lists[1].path"),
        ("duckduckgo", '{"trackers": []}', "not in the format duckduckgo"),
        ("csv", "x.example.org", "lists[1].format"),
    ],
)
def test_list_that_cannot_be_read_is_a_mistake_in_the_settings(
    tmp_path: Path, form: str, content: str | bytes | None, told: str
) -> None:
    path = tmp_path / "list"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(SettingsError) as caught:
        read_settings({"catalogue": {"lists": [{"path": str(path), "format": form}]}})

    assert told in str(caught.value)


@given(text=st.text(), form=st.sampled_from(sorted(FORMATS)))
def test_any_text_is_a_list_or_a_value_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, form: str
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list"
    path.write_text(text, encoding="utf-8", errors="replace")

    try:
        lines = tail_lines(path, form, "marketing")
    except ValueError:
        return
    assert all(line.count("\t") == 8 for line in lines)
