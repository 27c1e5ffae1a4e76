"""Headers read once more and apart from our code, step by step as the standards say it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_WSP = " \t"


# ---- Set-Cookie: https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html section 5.6


class Cookie(NamedTuple):
    name: str
    path: str
    domain: str
    partitioned: bool


def read_set_cookie(raw: bytes, default_path: str) -> Cookie:
    text, _, rest = raw.decode("latin-1").partition(";")
    name = text.split("=", 1)[0].strip(_WSP) if "=" in text else ""
    path, domain, partitioned = default_path, "", False
    while rest:
        one, _, rest = rest.partition(";")
        key, _, value = one.partition("=")
        key, value = key.strip(_WSP).lower(), value.strip(_WSP)
        if key == "path":
            path = value if value[:1] == "/" else default_path
        elif key == "domain":
            domain = (value[1:] if value[:1] == "." else value).lower()
        elif key == "partitioned":
            partitioned = True
    return Cookie(name, path, domain, partitioned)


# ---- Link: RFC 8288, appendix B.2 and B.3


@dataclass
class ReadLink:
    url: str
    rels: set[str] = field(default_factory=set)


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, *, until: str) -> str:
        start = self.at
        while self.next and self.next not in until:
            self.at += 1
        return self.text[start : self.at]

    def skip(self, chars: str) -> None:
        while self.next and self.next in chars:
            self.at += 1

    def quoted(self) -> str:
        self.at += 1
        found = ""
        while self.next not in ("", '"'):
            if self.next == "\\":
                self.at += 1
            found += self.next
            self.at += 1
        self.at += 1
        return found


def read_links(value: bytes) -> list[ReadLink]:
    """Stops at the first that is none, as the RFC does."""
    text, links = _Text(value.decode("latin-1")), []
    while text.at < len(text.text):
        text.skip(_WSP + ",")
        if text.next != "<":
            break
        text.at += 1
        link = ReadLink(text.take(until=">"))
        if not text.next:
            break
        text.at += 1
        _read_parameters(text, link)
        links.append(link)
        text.take(until=",")
    return links


def _read_parameters(text: _Text, link: ReadLink) -> None:
    seen = False
    while True:
        text.skip(_WSP)
        if text.next != ";":
            return
        text.at += 1
        text.skip(_WSP)
        name = text.take(until=_WSP + "=;,").lower()
        text.skip(_WSP)
        value = ""
        if text.next == "=":
            text.at += 1
            text.skip(_WSP)
            value = text.quoted() if text.next == '"' else text.take(until=_WSP + ";,")
        if name == "rel" and not seen:
            seen = True
            link.rels = set(re.split("[\t\n\f\r ]+", value.lower()))


# ---- lists and dictionaries of strings: RFC 9651, section 4.2

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_KEY = _LOWER + "0123456789_-.*"
_BARE_ENDS = '"(),; \t'


def read_strings(value: bytes, *, keys: bool) -> list[str]:
    """The strings, of members with keys or without. Raises ValueError."""
    text, found = _Text(value.decode("ascii")), []
    text.skip(" ")
    while text.next:
        if keys:
            _read_key(text)
            _expect(text, "=")
        found.append(_read_string(text))
        _read_string_parameters(text)
        text.skip(_WSP)
        if not text.next:
            break
        _expect(text, ",")
        text.skip(_WSP)
        if not text.next:
            raise ValueError("a comma at the end")
    return found


def _expect(text: _Text, char: str) -> None:
    if text.next != char:
        raise ValueError(f"no {char}")
    text.at += 1


def _read_key(text: _Text) -> None:
    if not text.next or text.next not in _LOWER + "*":
        raise ValueError("no key")
    text.skip(_KEY)


def _read_string(text: _Text) -> str:
    _expect(text, '"')
    found = ""
    while text.next != '"':
        if text.next == "\\":
            text.at += 1
            if text.next not in ('"', "\\"):
                raise ValueError("an escape of something else")
        elif not " " <= text.next <= "~":
            raise ValueError("no end, or no ASCII")
        found += text.next
        text.at += 1
    text.at += 1
    return found


def _read_string_parameters(text: _Text) -> None:
    while text.next == ";":
        text.at += 1
        text.skip(" ")
        _read_key(text)
        if text.next == "=":
            text.at += 1
            if text.next == '"':
                _read_string(text)
            elif not text.take(until=_BARE_ENDS):  # looser than numbers, tokens, bytes, dates are
                raise ValueError("no value")
