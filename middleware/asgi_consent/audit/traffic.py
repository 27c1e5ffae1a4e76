"""What left the browser: one log out of what several observers saw.

The browser's network log is the truth, the wall confirms it; the events of a page only explain:
what kind of element asked, from which address. What a page asked for but was answered from a cache
or a worker has reached nobody, and is not in here.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from asgi_consent.audit.wall import Passage

NETLOG, WALL, EVENTS = "network log", "proxy", "page events"


@dataclass(frozen=True, slots=True)
class Contact:
    """One time somebody was reached: by a "request", a bare "connection", or a "lookup" of a name.

    `at` is in seconds since 1970, `initiator` the origin or script that asked, `site` the one in
    the address bar, `how` what kind of element or call it was.
    """

    at: float
    url: str
    kind: str
    method: str = ""
    how: str = ""
    initiator: str = ""
    site: str = ""
    seen_by: tuple[str, ...] = (NETLOG,)

    @property
    def host(self) -> str:
        try:
            return (urlsplit(self.url).hostname or "").rstrip(".")
        except ValueError:
            return ""

    @property
    def path(self) -> str:
        try:
            return urlsplit(self.url).path
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Event:
    """A request as the page's own events show it."""

    at: float
    url: str
    how: str
    initiator: str = ""
    worker: bool = False


@dataclass(frozen=True, slots=True)
class SentCookie:
    """A Set-Cookie header as it was sent, or what a script assigned to document.cookie."""

    at: float
    raw: str
    url: str
    by_script: bool = False


def merge(
    logged: Iterable[Contact],
    passages: Sequence[Passage],
    events: Iterable[Event],
    own_hosts: Collection[str] = (),
) -> list[Contact]:
    """One log, in order. An event explains one request. `own_hosts` are the browser's own business
    where only the wall has seen them."""
    explained: dict[str, deque[Event]] = defaultdict(deque)
    for one in events:
        explained[_key(one.url)].append(one)
    walled = {(passage.host, passage.port) for passage in passages}
    merged: list[Contact] = []
    hosts: set[str] = set()
    for contact in logged:
        hosts.add(contact.host)
        waiting = explained.get(_key(contact.url))
        event = waiting.popleft() if waiting and contact.kind == "request" else None
        seen_by = (NETLOG, *((WALL,) if _place(contact.url) in walled else ()))
        if event is None:
            merged.append(replace(contact, seen_by=seen_by))
            continue
        merged.append(
            replace(
                contact,
                how=contact.how or ("worker " if event.worker else "") + event.how,
                initiator=event.initiator or contact.initiator,
                seen_by=(*seen_by, EVENTS),
            )
        )
    for passage in passages:
        if passage.host and passage.host not in hosts and passage.host not in own_hosts:
            hosts.add(passage.host)
            url = passage.url or f"https://{passage.host}:{passage.port}/"
            merged.append(Contact(passage.at, url, "connection", passage.method, seen_by=(WALL,)))
    return sorted(merged, key=lambda contact: contact.at)


def _key(url: str) -> str:
    return url.partition("#")[0]


def _place(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme in ("https", "wss") else 80)
        return (parts.hostname or "", port)
    except ValueError:
        return ("", 0)
