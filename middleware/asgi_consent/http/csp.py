"""Reading the app's Content-Security-Policy, so that our own files pass it.

https://w3c.github.io/webappsec-csp/#directive-script-src
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from asgi_consent.http.headers import get_all
from asgi_consent.types import Header

#: where a browser looks for the sources of a kind, the first that is there counts
SCRIPTS = (b"script-src-elem", b"script-src", b"default-src")
STYLES = (b"style-src-elem", b"style-src", b"default-src")

_nonce = re.compile(rb"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE).search
_OPEN = frozenset((b"'self'", b"*", b"http:", b"https:"))


def nonce_of(headers: Iterable[Header], directives: tuple[bytes, ...]) -> bytes:
    """The nonce that the app's policies ask for, or nothing."""
    for sources in _sources(headers, directives):
        if match := _nonce(sources):
            return match[1]
    return b""


def keeps_us_out(headers: Iterable[Header], directives: tuple[bytes, ...]) -> bool:
    """Whether a policy lets neither a file of the site's own nor a nonce through."""
    for sources in _sources(headers, directives):
        names = frozenset(sources.lower().split())
        own = not _OPEN.isdisjoint(names) and b"'strict-dynamic'" not in names
        # A named host may well be the site's: only what surely fails is told.
        hosts = any(not name.startswith(b"'") for name in names)
        if not own and not hosts and not _nonce(sources):
            return True
    return False


def _sources(headers: Iterable[Header], directives: tuple[bytes, ...]) -> list[bytes]:
    """The source list that counts, of each policy that has one."""
    found: list[bytes] = []
    for value in get_all(headers, b"content-security-policy"):
        for policy in value.split(b","):
            named: dict[bytes, bytes] = {}
            for directive in policy.split(b";"):
                name, _, sources = directive.strip().partition(b" ")
                named.setdefault(name.lower(), sources)
            counting = [named[name] for name in directives if name in named]
            found += counting[:1]
    return found
