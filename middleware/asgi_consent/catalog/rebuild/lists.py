"""One reader for each list of hosts: its own form and its own categories, as facts in ours."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator

from asgi_consent.catalog.rebuild.checkouts import HERE, Checkout
from asgi_consent.catalog.rebuild.facts import Fact, is_host

# ---- judged by hand


def judged() -> Iterator[Fact]:
    for line in (HERE / "judged.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            what, _, hosts = line.partition(" = ")
            category, kind = what.split() if " " in what else ("", what)
            for word in hosts.split():
                host, _, name = word.partition("=")
                yield Fact(host, category, kind, name.replace("_", " "), source="j")


# ---- third-party-web: entities.js, a field a line

_ENTITY_CATEGORIES = {
    "ad": ("marketing", "ads"),
    "social": ("marketing", "social"),
    "video": ("marketing", "video"),
    "tag-manager": ("marketing", "tag-manager"),
    "marketing": ("marketing", "marketing-automation"),
    "analytics": ("statistics", "analytics"),
    "customer-success": ("preferences", "chat"),
    "consent-provider": ("necessary", "consent"),
}
_entity = re.compile(r"^  \{\n(.*?)^  \},?$", re.DOTALL | re.MULTILINE).finditer
_quoted = re.compile(r"'((?:[^'\\]|\\.)*)'").findall


def third_party_web(checkout: Checkout) -> Iterator[Fact]:
    for match in _entity(checkout.text("data/entities.js")):
        fields = dict(_fields(match[1]))
        categories = fields.get("categories") or fields.get("category") or [""]
        category, kind = _ENTITY_CATEGORIES.get(categories[0], ("", categories[0]))
        name = fields["name"][0]
        vendor = fields.get("company", [name])[0]
        for domain in fields["domains"]:
            host = domain.removeprefix("*.")
            if is_host(host):
                yield Fact(host, category, kind, name, vendor, source=checkout.mark)


def _fields(entity: str) -> Iterator[tuple[str, list[str]]]:
    for match in re.finditer(
        r"^    (\w+): (\[[^\]\n]*\]|\[.*?^    \]|[^\n]*?),?$", entity, re.S | re.M
    ):
        values = _quoted(match[2]) or re.findall(r'"([^"]*)"', match[2])
        yield match[1], [value.replace("\\'", "'") for value in values]


def seen_on_the_web(checkout: Checkout) -> Counter[str]:
    """Hosts that at least 50 of the pages in an HTTP Archive crawl load from, with how many do."""
    seen: Counter[str] = Counter()
    for month in ("2022-01-01", "2023-04-01", "2024-10-01", "2025-04-01"):
        for entry in json.loads(checkout.text(f"data/{month}-observed-domains.json")):
            host, count = entry["domain"].rstrip("."), entry["totalOccurrences"]
            if is_host(host):
                seen[host] = max(seen[host], count)
    return seen


# ---- whotracks.me: a dump of a SQLite database

_TRACKER_CATEGORIES = {
    "advertising": ("marketing", "ads"),
    "pornvertising": ("marketing", "ads"),
    "social_media": ("marketing", "social"),
    "audio_video_player": ("marketing", "video"),
    "site_analytics": ("statistics", "analytics"),
    "customer_interaction": ("preferences", "chat"),
    "comments": ("preferences", "comments"),
    "consent": ("necessary", "consent"),
}


def whotracksme(checkout: Checkout) -> Iterator[Fact]:
    database = sqlite3.connect(":memory:")
    database.executescript(checkout.text("whotracksme/data/assets/trackerdb.sql"))
    rows = database.execute(
        "SELECT d.domain, c.name, t.name, o.name, o.country FROM tracker_domains d"
        " JOIN trackers t ON d.tracker = t.id LEFT JOIN categories c ON t.category_id = c.id"
        " LEFT JOIN companies o ON t.company_id = o.id ORDER BY d.domain"
    )
    for domain, wording, name, vendor, country in rows:
        category, kind = _TRACKER_CATEGORIES.get(wording or "", ("", wording or ""))
        if is_host(domain):
            yield Fact(domain, category, kind, name, vendor or "", country or "", checkout.mark)


# ---- Prebid: the addresses in the descriptions and the code of its modules

_address = re.compile(r"//((?:[\w{}$#-]+\.)+[a-z]{2,})(?=[/'\"`?:\s]|$)", re.M).findall
_not_code = re.compile(r"^\s*(?://|\*|/\*).*$", re.M)


def prebid_server(checkout: Checkout) -> Iterator[Fact]:
    for path, text in checkout.texts("static/bidder-info", r"\.yaml$"):
        lines = re.findall(r"^\s*(?:endpoint|url|extra_info):.*$", text, re.M)
        yield from _bidders("\n".join(lines), path, ".yaml", checkout.mark)


def prebid_js(checkout: Checkout) -> Iterator[Fact]:
    for path, text in checkout.texts("modules", r"(BidAdapter|IdSystem|RtdProvider)\.(js|ts)$"):
        code = _not_code.sub("", text)
        yield from _bidders(code, path, "BidAdapter.js", checkout.mark)


def _bidders(text: str, path: str, ending: str, mark: str) -> Iterator[Fact]:
    name = path.rpartition("/")[2].removesuffix(ending).partition(".")[0]
    for address in dict.fromkeys(_address(text)):
        host = re.sub(r"^.*[{}$#][^.]*\.", "", address).lower()  # {{region}}.example.com
        if is_host(host):
            yield Fact(host, "marketing", "ads", name.capitalize(), source=mark)


# ---- hosts files


def hosts_file(checkout: Checkout, path: str) -> Iterator[Fact]:
    for line in checkout.text(path).splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 2 and is_host(words[1].lower()):
            yield Fact(words[1].lower(), "marketing", "ads", source=checkout.mark)
