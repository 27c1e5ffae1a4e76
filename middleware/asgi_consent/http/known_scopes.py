"""Where cookies live that a request for another path does not show.

A cookie is removed only by the path, domain and partition it was set with, but browsers send only
names, and not those of other paths. So cookies with a path of their own are remembered, when they
are let through, in a small cookie of the visitor's; no server keeps a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.exc import BadData

from asgi_consent.http.cookies import CookieScope, SetCookie, is_token

_LONGEST = 1024  # bytes of cookie value; beyond that the oldest are forgotten

KnownScopes = dict[tuple[bytes, CookieScope], None]


def is_worth_knowing(cookie: SetCookie) -> bool:
    """Cookies of the root path show up in every request anyway."""
    return cookie.scope.path != "/" and not cookie.removes


def read_scopes(value: bytes | None) -> KnownScopes:
    """What the visitor's cookie remembers. It is unsigned: all it can do is remove cookies, and
    those that are granted are never removed."""
    if not value or len(value) > _LONGEST:
        return {}
    try:
        entries = json.loads(base64_decode(value))
        found = {
            (
                str(name).encode("latin-1"),
                CookieScope(str(path), str(domain), bool(partitioned)),
            ): None
            for name, path, domain, partitioned in entries
        }
    except (BadData, ValueError, TypeError, RecursionError):
        return {}
    return {(name, scope): None for name, scope in found if is_token(name)}


def write_scopes(scopes: Iterable[tuple[bytes, CookieScope]]) -> bytes:
    entries = [
        [name.decode("latin-1"), scope.path, scope.domain, scope.partitioned]
        for name, scope in scopes
    ]
    while True:
        value = base64_encode(json.dumps(entries, separators=(",", ":")))
        if len(value) <= _LONGEST:
            return value
        del entries[0]
