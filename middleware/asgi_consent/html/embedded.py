"""Documents and code inside a URL: `data:` and `javascript:`."""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_no_scheme = re.compile(r"[hH/.?#]").match  # as nearly all
_scheme = re.compile(r"[\x00-\x20]*+(data|javascript):(.*)\Z", re.IGNORECASE | re.DOTALL).match
_not_base64 = re.compile(rb"[^a-zA-Z0-9+/]++")


class Embedded(NamedTuple):
    scheme: str
    """`data` or `javascript`"""
    type: str
    """the MIME type's essence in lower case, nothing where it is not given"""
    body: bytes


def embedded(url: str) -> Embedded | None:
    """What a URL holds instead of leading somewhere. https://fetch.spec.whatwg.org/#data-urls"""
    if _no_scheme(url):
        return None
    match = _scheme(url.translate(_TAB_OR_NEWLINE))
    if match is None:
        return None
    scheme, rest = match[1].lower(), match[2]
    if scheme == "javascript":
        return Embedded(scheme, "", unquote_to_bytes(rest))
    kind, _, body = rest.partition("#")[0].partition(",")
    essence, *parameters = (part.strip().lower() for part in kind.split(";"))
    decoded = unquote_to_bytes(body)
    if parameters and parameters[-1] == "base64":
        decoded = _from_base64(decoded)
    return Embedded(scheme, essence, decoded)


_TAB_OR_NEWLINE = {ord(char): None for char in "\t\n\r"}


def _from_base64(text: bytes) -> bytes:
    """As browsers forgive: any white space and padding."""
    digits = _not_base64.sub(b"", text)
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
