"""A consent.toml out of an inventory: what the catalogue knows by its id, the rest to be filled in.

`asgi-consent check` accepts it as it is. What nobody knows is in a category of its own, so that it
is held back, and visitors are told the truth, until somebody has said what it is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from asgi_consent.audit.inventory import DEVICE, HINT, HOST, Find, Inventory
from asgi_consent.audit.judging import UNCLASSIFIED
from asgi_consent.audit.stores import COOKIE
from asgi_consent.catalog.domains import is_public_suffix, registrable_domain
from asgi_consent.catalog.patterns import HostPattern
from asgi_consent.declarations import is_token
from asgi_consent.settings import FORMAT

_STORES = ("localStorage", "sessionStorage", "indexedDB", "cacheStorage", "fileSystem")
_DAY = 24 * 3600
_LONGEST_NAME = 100

_numbers = re.compile(r"(?<![A-Za-z])[0-9a-fA-F-]*\d[0-9a-fA-F-]{6,}+(?![A-Za-z])").sub


def draft(inventory: Inventory) -> str:
    return "\n".join(_lines(inventory)) + "\n"


def _lines(inventory: Inventory) -> Iterator[str]:
    day = datetime.fromtimestamp(inventory.began, UTC).date()
    yield f"# Drafted by asgi-consent scan from {len(inventory.pages)} pages on {day}."
    yield "# Read every entry: a scan sees what it met, not what you do."
    yield f"# States: {', '.join(inventory.states) or 'none'}."
    yield ""
    yield f"format = {FORMAT}"
    yield 'mode = "observe"  # "enforce", once everything below is right'
    yield ""
    yield "[policy]"
    yield "revision = 1"
    known: dict[str, list[Find]] = defaultdict(list)
    unknown: dict[str, list[Find]] = defaultdict(list)
    for find in inventory.finds:
        if find.kind == DEVICE or find.ruling.service == "service worker":
            continue
        if find.ruling.service in inventory.judge.policy.services:
            known[find.ruling.service].append(find)
        elif find.undeclared:
            unknown[_owner(find)].append(find)
    if unknown:
        yield ""
        yield f"[categories.{UNCLASSIFIED}]"
        yield 'label = "Not classified yet"'
        yield 'description = "Found on this site, not looked into so far. Off unless you agree."'
        yield "gpc = true"
    for id_, finds in sorted(known.items()):
        yield ""
        yield from (f"# {line}" for line in _seen(finds))
        yield "[[services]]"
        yield f"id = {_text(id_)}"
    for number, (owner, finds) in enumerate(sorted(unknown.items()), 1):
        yield ""
        yield from _unclassified(number, owner, finds)


def _owner(find: Find) -> str:
    """Whose an unknown find is: the site's own, or a domain's."""
    if find.kind == HOST and find.cname:
        return registrable_domain(find.cname)
    return "" if find.ruling.own or not find.host else registrable_domain(find.host)


def _unclassified(number: int, owner: str, finds: list[Find]) -> Iterator[str]:
    yield from (f"# {line}" for line in _seen(finds))
    marks = list(_recognised_by(owner, finds))
    if not marks:
        yield "# No settings can name this."
        return
    yield "# unclassified: say who it is, what for, and give it a category"
    yield "[[services]]"
    yield f"id = {_text(f'unclassified-{number}')}"
    yield f"name = {_text(f'Unclassified: {owner}' if owner else 'Unclassified, of this site')}"
    yield f"category = {_text(UNCLASSIFIED)}"
    yield from marks


def _recognised_by(owner: str, finds: list[Find]) -> Iterator[str]:
    """Hosts, cookies and storage, without names that no settings could hold."""
    hosts = {find.host for find in finds if find.kind in (HOST, HINT)} | ({owner} - {""})
    if named := sorted(filter(_is_host, hosts)):
        yield f"hosts = [{', '.join(map(_text, named))}]"
    cookies = {pattern(find.name): find for find in finds if find.kind == COOKIE}
    if listed := [name for name in sorted(cookies) if is_token(name) and name.strip("*")]:
        yield "cookies = ["
        for name in listed:
            lasts = lifetime(cookies[name].seconds)
            yield f"  {{ name = {_text(name)}, lifetime = {_text(lasts)} }},"
        yield "]"
    storage = sorted({pattern(find.name) for find in finds if find.kind in _STORES})
    if keys := [key for key in storage if key.strip("*")]:
        yield f"storage = [{', '.join(map(_text, keys))}]"


def _is_host(host: str) -> bool:
    try:
        return bool(HostPattern.parse(host).host) and not is_public_suffix(host)
    except ValueError:
        return False


def _seen(finds: Iterable[Find]) -> Iterator[str]:
    for find in list(finds)[:12]:
        states = "/".join(find.states) or "in the HTML"
        by = f", by {find.by[0].partition('?')[0]}" if find.by else ""
        cname = f", which is {find.cname}" if find.cname else ""
        line = f"{find.kind} {find.name}{cname} ({states}){by}"
        yield "".join(char if char.isprintable() else "?" for char in line)[:200]


def pattern(name: str) -> str:
    """A name with long numbers, which differ from visitor to visitor, as `*`."""
    return _numbers("*", name[:_LONGEST_NAME]) if len(name) > 8 else name


def lifetime(seconds: float | None) -> str:
    """As consent.toml writes it, rounded up."""
    if seconds is None:
        return "session"
    days = int(-(-seconds // _DAY))
    return f"{min(days, 99999)}d" if seconds >= _DAY else f"{max(1, int(-(-seconds // 60)))}m"


def _text(text: str) -> str:
    """A TOML string; JSON's escapes are among TOML's, once no lone surrogate is left."""
    return json.dumps(text.encode("utf-8", "replace").decode("utf-8"), ensure_ascii=False).replace(
        "\x7f", "\\u007f"
    )
