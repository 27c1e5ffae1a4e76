"""Chromium's own log of its network stack, read line by line: the complete observer.

It has what no event of a page shows: beacons of a closing page, shared workers, worklets,
preconnects, WebTransport, lookups of names for WebRTC; and each response's Set-Cookie as it was
sent. Written with `--log-net-log=FILE --net-log-capture-mode=IncludeSensitive`. Only fields that
hold an address are read: raw header text names hosts that were never contacted.
https://www.chromium.org/for-testers/providing-network-details/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asgi_consent.audit.traffic import Contact, SentCookie

_LONGEST_LINE = 1024 * 1024  # characters; a longer event is none of those that are read
_MOST_EVENTS = 2_000_000

_STARTED = "URL_REQUEST_START_JOB"
_ALIVE = "REQUEST_ALIVE"
_HEADERS = "HTTP_TRANSACTION_READ_RESPONSE_HEADERS"
_STREAM = "HTTP_STREAM_JOB_CONTROLLER"
_TRANSPORT = "QUIC_SESSION_WEBTRANSPORT_CLIENT_ALIVE"
_LOOKUP = "DNS_TRANSACTION"
_WANTED = (_STARTED, _ALIVE, _HEADERS, _STREAM, _TRANSPORT, _LOOKUP)
_BEGIN = 1

_NO_ORIGIN = "not an origin"
_FRAMES = {"main frame": "document", "sub frame": "subdocument"}


def _annotation(name: str) -> int:
    """How Chromium writes the name of what a request is for: `recursive_hash` in its
    net/traffic_annotation/network_traffic_annotation.h."""
    number = 0
    for char in name:
        number = (number * 31 + ord(char)) % 138003713
    return number


_REPORTING = _annotation("reporting")


@dataclass
class NetLog:
    """What one log says, in order."""

    contacts: list[Contact] = field(default_factory=list[Contact])
    cookies: list[SentCookie] = field(default_factory=list[SentCookie])
    #: hosts that only the browser itself called: for updates, for signing in
    own_hosts: set[str] = field(default_factory=set[str])


def read_netlog(path: Path) -> NetLog:
    """The contacts in a log that is complete, still being written, or cut off anywhere."""
    found = NetLog()
    with path.open(encoding="utf-8", errors="replace") as lines:
        constants = _constants(lines.readline(_LONGEST_LINE))
        if constants is None:
            return found
        reader = _Reader(constants, found)
        for event in _events(lines, reader.endings):
            reader.read(event)
    found.contacts.sort(key=lambda contact: contact.at)
    return found


def _constants(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line.strip().removesuffix(",") + "}")["constants"]
        return found if isinstance(found["logEventTypes"], dict) else None
    except (ValueError, KeyError, TypeError):
        return None


def _events(lines: Any, endings: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """One event a line; those of other types are passed over unread."""
    for _ in range(_MOST_EVENTS):
        line = lines.readline(_LONGEST_LINE)
        if not line:
            return
        text = line.strip().removesuffix("]}").removesuffix(",")
        if not text.endswith(endings):
            continue
        try:
            event = json.loads(text)
        except ValueError:  # the last line of a log that is still being written
            continue
        if isinstance(event, dict) and isinstance(event.get("params", {}), dict):
            yield event


class _Reader:
    def __init__(self, constants: dict[str, Any], found: NetLog) -> None:
        types: dict[str, int] = constants["logEventTypes"]
        self._names = {types[name]: name for name in _WANTED if name in types}
        self.endings = tuple(f'"type":{number}}}' for number in self._names)
        self._offset = int(constants.get("timeTickOffset", 0))
        self._found = found
        self._urls: dict[int, str] = {}  # by the number of the request
        self._reports: set[int] = set()  # numbers of requests that send a site's reports

    def read(self, event: dict[str, Any]) -> None:
        name = self._names.get(event.get("type", -1))
        params = event.get("params", {})
        try:
            at = (self._offset + int(event["time"])) / 1000
            number = int(event["source"]["id"])
        except (KeyError, ValueError, TypeError):
            return
        if name == _HEADERS:
            self._set_cookies(at, number, params)
        elif event.get("phase") == _BEGIN and name is not None:
            contact = self._contact(name, at, number, params)
            if contact is not None:
                self._found.contacts.append(contact)

    def _contact(self, name: str, at: float, number: int, params: dict[str, Any]) -> Contact | None:
        url = params.get("url")
        if name == _LOOKUP:
            host = str(params.get("hostname", "")).rstrip(".")
            return Contact(at, f"//{host}/", "lookup", how="dns") if host else None
        if not isinstance(url, str):
            return None
        if name == _ALIVE:
            self._urls[number] = url
            if params.get("traffic_annotation") == _REPORTING:
                self._reports.add(number)
            return None
        if name == _STREAM:
            wanted = params.get("is_preconnect") is True
            return Contact(at, url, "connection", how="preconnect") if wanted else None
        if name == _TRANSPORT:
            site = str(params.get("network_anonymization_key", "")).partition(" ")[0]
            return Contact(at, url, "connection", how="webtransport", site=site)
        self._urls[number] = url  # a redirect goes on under the same number
        return self._request(at, number, url, params)

    def _request(self, at: float, number: int, url: str, params: dict[str, Any]) -> Contact | None:
        """A request of a page; None for what the browser asks for itself (updates, sign-in, how to
        fill in forms), which nobody initiated. Nobody initiates reports either: they are marked."""
        initiator = str(params.get("initiator", _NO_ORIGIN))
        how = _FRAMES.get(str(params.get("request_type", "")), "")
        site = str(params.get("network_isolation_key", "")).partition(" ")[0]
        contact = Contact(
            at,
            url,
            "request",
            method=str(params.get("method", "GET")),
            how=how,
            initiator="" if initiator == _NO_ORIGIN else initiator,
            site="" if site == "null" else site,
        )
        if initiator == _NO_ORIGIN and not how and number not in self._reports:
            self._found.own_hosts.add(contact.host)
            return None
        return contact

    def _set_cookies(self, at: float, number: int, params: dict[str, Any]) -> None:
        url = self._urls.get(number, "")
        for line in params.get("headers", ()):
            name, _, value = str(line).partition(":")
            if name.strip().lower() == "set-cookie" and url:
                self._found.cookies.append(SentCookie(at, value.strip(), url))
