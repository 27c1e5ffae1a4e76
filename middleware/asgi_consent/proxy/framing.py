"""What two servers might read differently is refused before it goes any further.

Request smuggling lives on such differences: where a request ends, what it asks for, whom. The
server in front has parsed it already, and may have been lenient. RFC 9112 sections 3.2, 6.1, 6.3.
"""

from __future__ import annotations

import re

from asgi_consent.http.headers import get_all
from asgi_consent.types import Headers, Scope

_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++").fullmatch
_digits = re.compile(rb"[0-9]{1,18}").fullmatch
_unsafe = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search
_host = re.compile(rb"[A-Za-z0-9._~\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_target = re.compile(rb"/[!-~\x80-\xff]*+").fullmatch  # no space, no control character
#: neither has a meaning for a site, and each reaches things that no visitor should
_NEVER = ("CONNECT", "TRACE", "TRACK")
#: decide where a request ends and whom it is for; never in another spelling
_DECIDING = (b"content-length", b"transfer-encoding", b"host", b"connection", b"upgrade", b"cookie")


def fault_of(scope: Scope) -> tuple[int, str] | None:
    """Status and reason for refusing the request, or None."""
    headers: Headers = scope["headers"]
    method = str(scope.get("method", "GET"))
    if method in _NEVER or not _token(method.encode("latin-1")):
        return 405, "this method is not for sites"
    if not _target(target_of(scope)):
        return 400, "the address is not a path"
    for name, value in headers:
        if not _token(name) or _unsafe(value):
            return 400, "a header is malformed"
        if b"_" in name and name.lower().replace(b"_", b"-") in _DECIDING:
            return 400, "a header is spelt so that it may be read as another"
    hosts = get_all(headers, b"host")
    if len(hosts) > 1 or not all(_host.fullmatch(host) for host in hosts):
        return 400, "the host is not one host"
    return _length_fault(headers, str(scope.get("http_version", "1.1")))


def target_of(scope: Scope) -> bytes:
    """Path and query as the visitor sent them."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    path = raw.partition(b"?")[0]
    query: bytes = scope.get("query_string") or b""
    return path + b"?" + query if query else path


def _length_fault(headers: Headers, version: str) -> tuple[int, str] | None:
    lengths = get_all(headers, b"content-length")
    codings = get_all(headers, b"transfer-encoding")
    if len(lengths) > 1 or not all(_digits(length) for length in lengths):
        return 400, "the length is not one number"
    if not codings:
        return None
    if lengths or version == "1.0":
        return 400, "the length is given in two ways"
    if [coding.strip(b" \t").lower() for coding in codings] != [b"chunked"]:
        return 501, "only chunked is known as a transfer coding"
    return None
