"""What vendors are told, as data: every service's API is there, and every API can be told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from asgi_consent.banner.vendors import vendors_script
from asgi_consent.catalog.builtin import builtin_services
from asgi_consent.catalog.consent_apis import consent_apis
from asgi_consent.decision import Grants
from asgi_consent.policy import DEFAULT_CATEGORIES
from asgi_consent.settings import read_settings


def told(**settings: object) -> Any:
    script = vendors_script(read_settings(settings).policy, Grants(frozenset(("statistics",))))
    match = re.search(rb"\}\)\((\{.*\})\);\s*$", script)
    assert match
    return json.loads(match[1])


def test_every_named_api_is_described() -> None:
    named = {service.consent_api for service in builtin_services().values() if service.consent_api}

    assert named == set(consent_apis())


@pytest.mark.parametrize("api", consent_apis().values(), ids=consent_apis())
def test_description_is_whole(api: dict[str, object]) -> None:
    categories = {category.id for category in DEFAULT_CATEGORIES}
    text = json.dumps(api)

    assert str(api["source"]).startswith("https://")
    assert set(re.findall(r'"\$(\w+)"', text)) <= categories | {"callback"}
    assert ("$" not in text.replace('"$callback"', "")) or ("yes" in api and "no" in api)
    assert api.get("change") or (api.get("grant") and api.get("revoke"))


def test_nothing_is_sent_where_no_declared_service_has_an_api() -> None:
    policy = read_settings({"services": [{"id": "plausible"}]}).policy

    assert vendors_script(policy, Grants()) == b""


def test_single_service_counts_for_its_category() -> None:
    (api,) = told(services=[{"id": "google-analytics"}, {"id": "google-ads"}])["apis"]

    assert api["services"] == {"statistics": ["google-analytics"], "marketing": ["google-ads"]}


@pytest.mark.threat("T11")
def test_markup_in_a_service_id_cannot_leave_the_script() -> None:
    assert b"</" not in vendors_script(
        read_settings({"services": [{"id": "google-analytics"}]}).policy, Grants()
    )
