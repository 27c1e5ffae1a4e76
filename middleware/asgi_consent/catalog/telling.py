"""The catalogue for people: what something is, services by a word, all that is known of one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from asgi_consent.catalog.matcher import Matcher, Services
from asgi_consent.catalog.services import Service
from asgi_consent.catalog.tail import LongTail, read_line
from asgi_consent.catalog.urls import Base, resolve

_begins_absolute = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?[/\\]{2}").match


def search(words: list[str], services: Mapping[str, Service], tail: LongTail) -> Iterator[Service]:
    """The services whose id, name, vendor, category, kind, hosts or cookies hold every word; those
    with all that is known of them first."""
    wanted = [word.casefold() for word in words]
    for service in services.values():
        if all(word in _text(service) for word in wanted):
            yield service
    for line in tail.lines:
        if all(word in line.casefold() for word in wanted):
            yield read_line(line)


def _text(service: Service) -> str:
    cookies = (cookie.name for cookie in service.cookies)
    parts = (*service[:6], *service.hosts, *cookies, *service.storage)
    return "\n".join(parts).casefold()


def classified(matcher: Matcher, kind: str, value: str) -> str:
    """What a value of one of the `KINDS` belongs to, as one line of JSON; null where unknown."""
    service = next(iter(KINDS[kind](matcher, value)), None)
    answer = {
        "kind": kind,
        "value": value,
        "service": service.id if service else None,
        "vendor": service.vendor if service else None,
        "category": service.category if service else None,
    }
    return json.dumps(answer, ensure_ascii=False)


def _of_url(matcher: Matcher, value: str) -> Services:
    absolute = value if _begins_absolute(value) else "//" + value  # www.example.com/path
    target = resolve(absolute, Base())
    return matcher.url(target) if target else ()


KINDS: dict[str, Callable[[Matcher, str], Services]] = {
    "url": _of_url,
    "cookie": Matcher.cookie,
    "storage": Matcher.storage,
}


def one_line(service: Service) -> str:
    vendor = f" ({service.vendor})" if service.vendor not in ("", service.name) else ""
    mark = "  undeclared: held back until declared" if service.in_tail else ""
    return f"{service.id:<32} {service.category:<12} {service.name}{vendor}{mark}"


def as_json(service: Service) -> str:
    """All that is known, as it would be written in consent.toml, and where it is from."""
    known = {
        "id": service.id,
        "name": service.name,
        "vendor": service.vendor,
        "country": service.country,
        "category": service.category,
        "kind": service.kind,
        "privacy_url": service.privacy_url,
        "hosts": service.hosts,
        "cookies": [
            {"name": cookie.name, "lifetime": cookie.lifetime.text if cookie.lifetime else ""}
            for cookie in service.cookies
        ],
        "storage": service.storage,
        "inline": service.inline,
        "consent_api": service.consent_api,
        "needs_declaring": service.in_tail,
        "sources": service.sources,
    }
    return json.dumps(
        {key: value for key, value in known.items() if value or key == "needs_declaring"},
        indent=2,
        ensure_ascii=False,
    )
