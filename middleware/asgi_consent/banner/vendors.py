"""What the scripts of declared vendors are told: calls from data, carried out by vendors.js.

The state is known here, so it is the `default` on every page, before any tag, and no tag has to
wait for an update. Served in one file with the guard: what lets that one pass lets this one pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from asgi_consent.banner.static_files import StaticFile
from asgi_consent.catalog.consent_apis import CONSENT_MODE, consent_apis
from asgi_consent.catalog.services import Service
from asgi_consent.decision import Grants
from asgi_consent.gpp import gpp_sections
from asgi_consent.policy import ConsentMode, Policy

INTERPRETER = StaticFile("vendors.js")
GPP = StaticFile("gpp.js")

_TO_INTERPRETER = ("name", "kind", "needs", "yes", "no", "decides")
_CALLS = ("start", "start_granted", "start_denied", "change", "grant", "revoke")


def vendors_script(policy: Policy, grants: Grants) -> bytes:
    """Nothing where no declared service has a consent API."""
    apis = [_told(id_, services, policy) for id_, services in _with_api(policy.declared).items()]
    if not apis:
        return b""
    told = json.dumps(
        {"grants": [*sorted(grants.categories), *sorted(grants.services)], "apis": apis},
        separators=(",", ":"),
    )
    return INTERPRETER.body.replace(b"__CONSENT_APIS__", told.encode("ascii"), 1)


def gpp_script(policy: Policy, grants: Grants) -> bytes:
    """The API of the Global Privacy Platform, where the settings name a section."""
    section = gpp_sections().get(policy.gpp)
    if section is None:
        return b""
    states = {
        f"{_js(out)} {_js(gpc)}": {
            "string": section.string(opted_out=out, gpc=gpc),
            "values": section.values(opted_out=out, gpc=gpc),
        }
        for out in (True, False)
        for gpc in (True, False)
    }
    told = {
        "id": section.id,
        "name": section.name,
        "opts": [category.id for category in policy.categories if category.gpc],
        "grants": sorted(grants.categories),
        "states": states,
    }
    text = json.dumps(told, separators=(",", ":"))
    return GPP.body.replace(b"__CONSENT_GPP__", text.encode("ascii"), 1)


def _js(value: bool) -> str:
    return str(value).lower()


def _with_api(services: Iterable[Service]) -> dict[str, list[Service]]:
    found: dict[str, list[Service]] = {}
    for service in services:
        if service.consent_api in consent_apis():
            found.setdefault(service.consent_api, []).append(service)
    return found


def _told(id_: str, services: list[Service], policy: Policy) -> dict[str, Any]:
    api = consent_apis()[id_]
    told = {key: api[key] for key in (*_TO_INTERPRETER, *_CALLS) if key in api}
    if id_ == CONSENT_MODE:
        told["start"] = [*told["start"], *_consent_mode_settings(policy.consent_mode)]
    # A visitor can also grant a single service: then that counts for its category.
    single: dict[str, list[str]] = {}
    for service in services:
        single.setdefault(service.category, []).append(service.id)
    return {**told, "services": single}


def _consent_mode_settings(mode: ConsentMode) -> list[list[Any]]:
    settings = {
        "ads_data_redaction": mode.ads_data_redaction,
        "url_passthrough": mode.url_passthrough,
    }
    return [["set", name, True] for name, on in settings.items() if on]
