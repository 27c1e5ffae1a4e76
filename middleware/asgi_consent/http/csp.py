"""Reading the app's Content-Security-Policy, so that our own script passes it.

https://w3c.github.io/webappsec-csp/#directive-script-src
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from asgi_consent.http.headers import get_all
from asgi_consent.types import Header

_SOURCES = (b"script-src-elem", b"script-src", b"default-src")
_nonce = re.compile(rb"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE).search


def script_nonce(headers: Iterable[Header]) -> bytes:
    """The nonce that the app's policy asks scripts for, or nothing."""
    for policy in get_all(headers, b"content-security-policy"):
        directives: dict[bytes, bytes] = {}
        for directive in policy.split(b";"):
            name, _, sources = directive.strip().partition(b" ")
            directives.setdefault(name.lower(), sources)
        for name in _SOURCES:
            if name in directives:
                match = _nonce(directives[name])
                if match:
                    return match[1]
                break
    return b""
