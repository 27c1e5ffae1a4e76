"""Lists that the operator has and we may not ship, as lines of the long tail.

What a list knows is named and, where undeclared hosts may pass, held back until its category is
granted; like the long tail it lets nothing else through. What we know ourselves comes first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from asgi_consent.catalog.domains import is_public_suffix
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.urls import Target

LARGEST = 64 * 1024 * 1024  # bytes of a list

#: tells of a URL which service a list of filters takes it for
FindByFilter = Callable[[Target], Service | None]

_KINDS = {"marketing": "ads", "statistics": "analytics", "preferences": "utility"}
_host = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
).fullmatch

_DISCONNECT = {
    "Advertising": "marketing",
    "Analytics": "statistics",
    "Social": "marketing",
    "Email": "marketing",
    "EmailAggressive": "marketing",
    "FingerprintingInvasive": "marketing",
    "FingerprintingGeneral": "statistics",
    "Cryptomining": "marketing",
}
_DUCKDUCKGO = {"Audience Measurement": "statistics", "Analytics": "statistics"}
_GHOSTERY = {
    "advertising": "marketing",
    "pornvertising": "marketing",
    "social_media": "marketing",
    "audio_video_player": "marketing",
    "site_analytics": "statistics",
    "customer_interaction": "preferences",
}


class Entry(NamedTuple):
    host: str
    category: str
    name: str = ""
    vendor: str = ""


def hosts_entries(text: str, category: str) -> Iterator[Entry]:
    """A hosts file, or a host a line."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            yield Entry(words[-1].lower(), category)


def disconnect_entries(text: str, category: str) -> Iterator[Entry]:
    """services.json of Disconnect: category → [{vendor: {address: [host, …]}}]."""
    for wording, vendors in json.loads(text)["categories"].items():
        for vendor in vendors:
            for name, addresses in vendor.items():
                for hosts in addresses.values():
                    if wording in _DISCONNECT and isinstance(hosts, list):
                        yield from (Entry(h, _DISCONNECT[wording], name, name) for h in hosts)


def duckduckgo_entries(text: str, category: str) -> Iterator[Entry]:
    """tds.json of DuckDuckGo: trackers → host → {owner, categories}."""
    for host, tracker in json.loads(text)["trackers"].items():
        vendor = tracker.get("owner", {}).get("displayName", "")
        kinds = [_DUCKDUCKGO[kind] for kind in tracker.get("categories", ()) if kind in _DUCKDUCKGO]
        ads = any("Ad" in kind for kind in tracker.get("categories", ()))
        yield Entry(host, "marketing" if ads or not kinds else kinds[0], vendor, vendor)


def ghostery_entries(text: str, category: str) -> Iterator[Entry]:
    """trackerdb.json of Ghostery: patterns → {name, category, organization, domains}."""
    data = json.loads(text)
    organizations = data.get("organizations", {})
    for pattern in data["patterns"].values():
        vendor = organizations.get(pattern.get("organization") or "", {}).get("name", "")
        if pattern["category"] in _GHOSTERY:
            for host in pattern.get("domains") or ():
                yield Entry(host, _GHOSTERY[pattern["category"]], pattern["name"], vendor)


FORMATS: dict[str, Callable[[str, str], Iterator[Entry]]] = {
    "hosts": hosts_entries,
    "disconnect": disconnect_entries,
    "duckduckgo": duckduckgo_entries,
    "ghostery": ghostery_entries,
}
ABP = "abp"


def read_text(path: Path) -> str:
    """Raises OSError, and ValueError for what is no text or too long."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"longer than {LARGEST // 1024 // 1024} MB")
    return path.read_text(encoding="utf-8-sig")


def tail_lines(path: Path, form: str, category: str) -> list[str]:
    """The list as lines of the long tail. Raises OSError or ValueError."""
    try:
        entries = list(FORMATS[form](read_text(path), category))
    except (KeyError, AttributeError, TypeError, RecursionError):
        raise ValueError(f"not in the format {form}") from None
    hosts: dict[tuple[str, str, str], list[str]] = {}
    for entry in entries:
        if _host(entry.host) and not is_public_suffix(entry.host):
            key = (_clean(entry.name) or entry.host, _clean(entry.vendor), entry.category)
            hosts.setdefault(key, []).append(entry.host)
    if not hosts:
        raise ValueError(f"no host found in it as {form}")
    return [
        "\t".join((
            f"{form}-{number}", name, vendor, "", category, _KINDS.get(category, ""), "",
            " ".join(dict.fromkeys(found)), "",
        ))
        for number, ((name, vendor, category), found) in enumerate(hosts.items())
    ]  # fmt: skip


def filters_of(path: Path, category: str) -> FindByFilter:
    """A list in the syntax of Adblock Plus, as EasyPrivacy, read by Brave's engine. Raises OSError,
    ValueError, and ImportError without the extra `lists`."""
    if not find_spec("adblock"):
        raise ImportError("adblock")
    import adblock

    rules = adblock.FilterSet()
    rules.add_filter_list(read_text(path))
    engine: Any = adblock.Engine(rules)
    service = Service(
        f"{ABP}-{_clean(path.stem).lower() or 'list'}", path.name, "", category, in_tail=True
    )

    def find(target: Target) -> Service | None:
        url = f"https://{target.host}{target.path}"
        matched = engine.check_network_urls(url, "https://page.invalid/", "script").matched
        return service if matched else None

    return find


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
