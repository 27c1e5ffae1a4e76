"""Where a URL leads: its host and path, read the way a browser reads it.

Follows the URL standard for what decides the destination: white space and control characters,
backslashes, missing or surplus slashes, userinfo, ports, percent-encoding, IDNA, trailing dots.
https://url.spec.whatwg.org/#concept-basic-url-parser
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import unquote

import idna

from asgi_consent.catalog.domains import LONGEST_HOST

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_TAB_OR_NEWLINE = {ord(char): None for char in "\t\n\r"}
#: stands for a host that cannot be read; never anybody's own
NOWHERE = "nowhere.invalid"
_SPECIAL = frozenset(("http", "https", "ws", "wss", "ftp"))

_plain_absolute = re.compile(
    r"(?:https?:)?//([a-z0-9.-]*[a-z0-9])(/[^\s?#%\\]*)?(?:[?#][^\t\n\r]*)?"
).fullmatch
_plain_relative = re.compile(
    r"((?!//)[a-zA-Z0-9_/~-][a-zA-Z0-9_./~-]*+)(?:[?#][^\t\n\r]*)?"
).fullmatch
_scheme = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):").match
_authority = re.compile(r"[/\\]*([^/\\?#]*)").match


class Target(NamedTuple):
    """The network destination of a URL. `host` is lower-case ASCII without port or final dot."""

    host: str
    path: str


class Base(NamedTuple):
    """What a relative URL is resolved against: the page, or its first `<base href>`."""

    scheme: str = "https"
    host: str = ""
    path: str = "/"


def resolve(url: str, base: Base) -> Target | None:
    """Where `url`, found in a document at `base`, leads; None where nothing is fetched.

    Nothing is fetched for an empty URL and for `data:`, `blob:`, `about:`, `javascript:` and other
    schemes that do not reach the network.
    """
    if plain := _plain_absolute(url):
        path = plain[2] or "/"
        if len(plain[1]) > LONGEST_HOST:
            return Target(NOWHERE, path)
        return Target(plain[1], _normal_path(path) if "/." in path or "//" in path else path)
    if plain := _plain_relative(url):
        path = plain[1]
        if path[0] != "/":
            path = base.path.rpartition("/")[0] + "/" + path
        return Target(base.host, _normal_path(path) if "/." in path or "//" in path else path)
    url = url.strip(_C0_AND_SPACE).translate(_TAB_OR_NEWLINE)
    if not url or url[0] == "#":
        return None
    if scheme := _scheme(url):
        name = scheme[1].lower()
        if name not in _SPECIAL:
            return None
        rest = url[scheme.end() :]
        # "special relative or authority state": https:x in an https page is a relative URL
        if name == base.scheme and rest[:2].replace("\\", "/") != "//":
            return _relative(rest, base)
        return _absolute(rest)
    if url[:2].replace("\\", "/") == "//":
        return _absolute(url)
    return _relative(url, base)


def base_of(url: str, page: Base) -> Base:
    """The base that `<base href=url>` in a document at `page` sets."""
    scheme = _scheme(url.strip(_C0_AND_SPACE))
    target = resolve(url, page)
    if target is None:
        return page
    return Base(scheme[1].lower() if scheme else page.scheme, target.host, target.path)


def _absolute(rest: str) -> Target:
    match = _authority(rest)
    assert match is not None  # matches the empty string
    return Target(_host(match[1]), _path(rest[match.end() :]))


def _relative(rest: str, base: Base) -> Target:
    if rest[:1] in ("/", "\\"):
        return Target(base.host, _path(rest))
    if rest[:1] in ("", "?", "#"):
        return Target(base.host, base.path)
    return Target(base.host, _path(base.path.rpartition("/")[0] + "/" + rest))


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2]
    if not host.endswith("]"):
        host = re.sub(r":\d*$", "", host)
    host = unquote(host).lower()
    if not host.isascii():
        with suppress(idna.IDNAError):  # else no browser resolves it; it stays an unknown host
            # "domain to ASCII" of the URL standard: UTS 46, non-transitional
            host = idna.encode(host, uts46=True).decode("ascii")
    return host.rstrip(".") if len(host) <= LONGEST_HOST else NOWHERE


def _path(rest: str) -> str:
    path = re.split(r"[?#]", rest, maxsplit=1)[0].replace("\\", "/")
    return _normal_path(unquote(path)) if path else "/"


def _normal_path(path: str) -> str:
    normal = posixpath.normpath("/" + path.lstrip("/"))
    return normal + "/" if path.endswith("/") and normal != "/" else normal
