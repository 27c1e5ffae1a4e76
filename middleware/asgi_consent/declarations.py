"""The [[services]] and [catalogue] of consent.toml → services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from asgi_consent.catalog.builtin import builtin_services, builtin_tail
from asgi_consent.catalog.domains import is_public_suffix
from asgi_consent.catalog.further_lists import (
    ABP,
    FORMATS,
    FindByFilter,
    filters_of,
    tail_lines,
)
from asgi_consent.catalog.patterns import HostPattern
from asgi_consent.catalog.services import NECESSARY, CookiePattern, Service
from asgi_consent.catalog.tail import NO_TAIL, LongTail
from asgi_consent.tables import Table

_SHORTEST_PIECE = 6  # characters of inline code; less is found in anybody's

_ID = re.compile(r"[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?")
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?|/(?!/)\S*")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Whether `text` may name a cookie or a header (RFC 9110 section 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether `text` is a web address, or a path of this site."""
    return _ADDRESS.fullmatch(text) is not None


def read_services(root: Table, categories: list[str]) -> tuple[dict[str, Service], LongTail]:
    """The declared services and, unless switched off, those of the catalogue, by their ids; and the
    catalogue's long tail."""
    catalogue = root.table("catalogue")
    known, tail = dict(builtin_services()), builtin_tail()
    use = catalogue.flag("use", True)
    off = catalogue.texts("off")
    lines, filters = _further_lists(catalogue, categories)
    for id_ in off:
        if known.pop(id_, None) is None and id_ not in tail:
            catalogue.problem("off", f'ids of services in the catalogue; "{id_}" is none')
    catalogue.done()

    declared: dict[str, Service] = {}
    for table in root.tables("services"):
        service = _service(table, known, tail, categories)
        if service.id in declared:
            table.problem("id", "an id of its own; this one is declared twice")
        declared[service.id] = service
        if "hosts" in table or "cookies" in table:
            off = (*off, service.id)  # the table's say no more than these
    known = known if use else {}
    tail = (tail.without(off) if use else NO_TAIL).behind(lines, filters)
    return {**known, **declared}, tail


def _further_lists(catalogue: Table, categories: list[str]) -> tuple[list[str], list[FindByFilter]]:
    """The lists that the operator names, each by its path."""
    lines: list[str] = []
    filters: list[FindByFilter] = []
    for table in catalogue.tables("lists", by="path"):
        path = Path(table.required_text("path", "where the list is on this machine"))
        form = table.choice("format", [*FORMATS, ABP], "hosts")
        category = table.choice("category", categories, "marketing")
        table.done()
        try:
            if form == ABP:
                filters.append(filters_of(path, category))
            else:
                lines += tail_lines(path, form, category)
        except ImportError:
            table.problem("format", 'the extra for it: pip install "asgi-consent[lists]"')
        except OSError as error:
            table.problem("path", f"a file that can be read ({error.strerror})")
        except ValueError as error:
            table.problem("path", f"a list in this format ({error})")
    return lines, filters


def _service(
    table: Table, known: Mapping[str, Service], tail: LongTail, categories: list[str]
) -> Service:
    id_ = _id(table, known, tail, categories)
    base = known.get(id_) or tail.service(id_) or Service(id=id_, name="", vendor="", category="")
    service = Service(
        id=id_,
        name=table.said("name", base.name),
        vendor=table.text("vendor", base.vendor),
        country=table.text("country", base.country),
        category=_category(table, base, categories),
        kind=table.text("kind", base.kind),
        purpose=table.said("purpose", base.purpose),
        privacy_url=table.text("privacy_url", base.privacy_url),
        hosts=_hosts(table, base.hosts),
        cookies=_cookies(table, base.cookies),
        storage=_storage(table, base.storage),
        inline=_inline(table, base.inline),
        consent_api=base.consent_api,
        declared=True,
    )
    if service.privacy_url and not is_address(service.privacy_url):
        table.problem("privacy_url", "the address of a page")
    if service.category == NECESSARY and not service.purpose and not base.name:
        table.missing("purpose", "why the site does not work without it, as it is necessary")
    if not any(key in table for key in ("hosts", "cookies", "storage", "inline")) and not base.name:
        table.missing("hosts", "hosts, cookies, storage or inline: something to recognise it by")
    table.done()
    return service


def _id(table: Table, known: Mapping[str, Service], tail: LongTail, categories: list[str]) -> str:
    id_ = table.required_text("id", "a short name of the service, such as google-analytics")
    if id_ and not is_id(id_):
        table.problem("id", "lower-case letters, digits, - and _")
    elif id_ in categories:
        table.problem("id", "an id that is not a category's")
    if id_ not in known and id_ not in tail:
        close = "" if "name" in table else "".join(get_close_matches(id_, known, n=1))
        hint = f'; did you mean "{close}"?' if close else ""
        if "name" not in table:
            table.missing("name", f"a name to show, as the catalogue has no such service{hint}")
        if "category" not in table:
            table.missing("category", "a category, as the catalogue has no such service")
    return id_


def _category(table: Table, base: Service, categories: list[str]) -> str:
    if "category" not in table and base.category and base.category not in categories:
        table.missing("category", f"a category, as its own one, {base.category}, is removed")
        return ""
    if "category" not in table:
        return base.category
    return table.choice("category", categories, "")


def _hosts(table: Table, default: tuple[str, ...]) -> tuple[str, ...]:
    hosts = table.texts("hosts", default)
    readable = True
    for host in hosts:
        try:
            pattern = HostPattern.parse(host)
        except ValueError as error:
            table.problem("hosts", f'every entry to be {error}; "{host}" is not')
            readable = False
            continue
        if pattern.subdomains and is_public_suffix(pattern.host):
            table.problem("hosts", f'hosts of one owner; "{host}" is everybody\'s')
    return hosts if readable else ()


def _cookies(table: Table, default: tuple[CookiePattern, ...]) -> tuple[CookiePattern, ...]:
    if "cookies" not in table:
        table.texts("cookies")
        return default
    cookies: list[CookiePattern] = []
    for entry in table.tables("cookies", by="name"):
        name = entry.required_text("name", 'a cookie name; * stands for anything, as in "_ga_*"')
        if name and not is_token(name):
            entry.problem("name", "a cookie name without spaces, commas, semicolons or quotes")
        elif name and not name.strip("*"):
            entry.problem("name", "at least one character besides *, else it is every cookie")
        cookies.append(CookiePattern(name, entry.lifetime("lifetime", None), entry.said("purpose")))
        entry.done()
    return tuple(cookies)


def _storage(table: Table, default: tuple[str, ...]) -> tuple[str, ...]:
    keys = table.texts("storage", default)
    if not all(key.strip("*") for key in keys):
        table.problem("storage", "at least one character besides *, else it is every key")
    return keys


def _inline(table: Table, default: tuple[str, ...]) -> tuple[str, ...]:
    pieces = table.texts("inline", default)
    if any(len(piece.strip()) < _SHORTEST_PIECE for piece in pieces):
        table.problem(
            "inline",
            f"pieces of code of at least {_SHORTEST_PIECE} characters that nobody else has",
        )
    return pieces
