"""The [site] and [controller] of consent.toml: the site, its languages, and whose it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from asgi_consent.catalog.domains import is_public_suffix
from asgi_consent.catalog.patterns import HostPattern
from asgi_consent.languages import ENGLISH, LANGUAGES
from asgi_consent.tables import Table

_CONTACT = re.compile(r"[^@\s]+@[^@\s]+|https?://\S+|/(?!/)\S*")


@dataclass(frozen=True, slots=True)
class Site:
    name: str = ""
    url: str = ""
    languages: tuple[str, ...] = tuple(LANGUAGES)


@dataclass(frozen=True, slots=True)
class Controller:
    """Who is responsible, and where to write to."""

    name: str = ""
    contact: str = ""
    country: str = ""


def read_site(table: Table) -> tuple[Site, tuple[str, ...]]:
    site = Site(table.said("name"), table.text("url"), _languages(table))
    if site.url and not re.fullmatch(r"https?://[^\s/]+/?", site.url):
        table.problem("url", 'the address of the site, such as "https://www.example.com"')
    hosts = table.texts("hosts")
    for host in hosts:
        if not _is_host(host) or host.startswith("*"):
            expected = 'hosts such as "cdn.example.net", whose subdomains are included'
            table.problem("hosts", f'{expected}; "{host}" is none')
        elif is_public_suffix(host):
            table.problem("hosts", f'hosts of your own; "{host}" is everybody\'s')
    table.done()
    return site, hosts


def _languages(table: Table) -> tuple[str, ...]:
    if "language" in table:
        if "languages" in table:
            table.problem("language", "either language, the only one, or languages to choose from")
        table.texts("languages")
        return (table.choice("language", LANGUAGES, ENGLISH),)
    languages = table.texts("languages", Site().languages)
    for tag in languages:
        if tag not in LANGUAGES:
            table.problem("languages", f'some of {", ".join(LANGUAGES)}; "{tag}" is none')
    if not languages:
        table.problem("languages", "at least one language")
    return tuple(tag for tag in languages if tag in LANGUAGES) or (ENGLISH,)


def _is_host(text: str) -> bool:
    try:
        return bool(HostPattern.parse(text).host) and "/" not in text
    except ValueError:
        return False


def read_controller(table: Table) -> Controller:
    controller = Controller(
        name=table.said("name"), contact=table.text("contact"), country=table.text("country")
    )
    if controller.contact and not _CONTACT.fullmatch(controller.contact):
        table.problem("contact", "an e-mail address, or the address of a page")
    table.done()
    return controller
