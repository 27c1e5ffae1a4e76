"""Facts of all sources → services known by their hosts.

Where sources differ the one named first decides: a judgement by hand, then third-party-web, then
whotracks.me, then the rest. What any of the first three calls hosting, content or a network that
delivers files is left out, with its parents: who shares a host with everybody is nobody's tracker.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from asgi_consent.catalog.domains import is_public_suffix, registrable_domain
from asgi_consent.catalog.rebuild.facts import Fact, parents

#: whole words of a host that tell what is at it; right for 19 of 20 hosts that a list knows
_TELLING = {
    ("marketing", "ads"): (
        "ad ads adserver adserving adsrv adx bid bidder cookiesync csync dmp dsp hb pixel "
        "prebid px pxl rtb ssp sync usersync usync vast"
    ),
    ("statistics", "analytics"): (
        "analytics beacon collect collector counter hits matomo metrics piwik plausible rum "
        "snowplow stat stats telemetry track tracker tracking trk umami"
    ),
}
#: of the sources' marks; who only lists hosts has none
_AUTHORITY = {"j": 2, "t": 1, "w": 1}
_BY_WORD = {word: what for what, words in _TELLING.items() for word in words.split()}


@dataclass
class Row:
    """A service of the long tail."""

    name: str
    vendor: str
    country: str
    category: str
    kind: str
    hosts: set[str] = field(default_factory=set[str])
    sources: set[str] = field(default_factory=set[str])


def merged(
    ordered: Iterable[Iterable[Fact]], covered: frozenset[str], seen: Counter[str]
) -> list[Row]:
    """`ordered` are the sources' facts, the one to be believed first first; `covered` the hosts
    that services.jsonl knows with all their subdomains; `seen` the hosts of the web."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    for source in ordered:
        for fact in source:
            facts[fact.host].append(fact)
    shared = {host for host, found in facts.items() if not _decisive(found).category}
    decided: dict[str, list[Fact]] = {}
    for host in sorted(facts, key=lambda host: host.count(".")):  # parents first
        found = facts[host]
        if host not in shared and not _is_shared(host, found, shared):
            above = [decided[parent][0] for parent in parents(host)[1:] if parent in decided]
            if not any(_overrules(fact, found[0]) for fact in above):
                decided[host] = found
    for host in seen:
        if any(parent in decided or parent in covered for parent in parents(host)):
            continue
        if host not in shared and (what := _told_by_name(host)):
            decided[host] = [Fact(host, *what, registrable_domain(host), source="t")]
    return _rows(decided, covered)


def _overrules(parent: Fact, fact: Fact) -> bool:
    """What is said of a domain with more authority goes for every host in it."""
    return _AUTHORITY.get(parent.source, 0) > _AUTHORITY.get(fact.source, 0)


def _decisive(found: list[Fact]) -> Fact:
    """The first source decides; that one calls a host something shared counts only without it."""
    judgement = next((fact for fact in found if fact.source == "j"), None)
    return judgement or found[0]


def _is_shared(host: str, found: list[Fact], shared: set[str]) -> bool:
    """Whether everybody's files are at this host or below."""
    if is_public_suffix(host):
        return True
    return found[0].source != "j" and any(other.endswith("." + host) for other in shared)


def _told_by_name(host: str) -> tuple[str, str] | None:
    below = host.removesuffix(registrable_domain(host))
    for word in re.split(r"[.-]", below):
        if what := _BY_WORD.get(word):
            return what
    return None


def _rows(decided: dict[str, list[Fact]], covered: frozenset[str]) -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}
    for host in sorted(decided):
        if any(parent in covered for parent in parents(host)):
            continue
        found = decided[host]
        decisive = _decisive(found)
        named = [fact for fact in found if fact.name]
        name = named[0].name if named else registrable_domain(host)
        key = (name.casefold(), decisive.category)
        row = rows.get(key)
        if row is None:
            row = rows[key] = Row(name, "", "", decisive.category, decisive.kind)
        row.vendor = row.vendor or next((fact.vendor for fact in found if fact.vendor), "")
        row.country = row.country or next((fact.country for fact in found if fact.country), "")
        row.hosts.add(host)
        row.sources.update(fact.source for fact in found)
    for row in rows.values():
        row.hosts = {host for host in row.hosts if not row.hosts.intersection(parents(host)[1:])}
    return list(rows.values())
