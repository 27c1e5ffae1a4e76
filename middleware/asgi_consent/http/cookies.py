"""Cookie and Set-Cookie on raw bytes, the way browsers read them (RFC 6265bis sections 5.6, 5.8.3).

Only SP and HTAB are trimmed and names are compared exactly. Framework parsers trim Unicode white
space: for them a cookie `\\xA0__Host-x`, tossed from a sibling subdomain, becomes `__Host-x`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from asgi_consent.catalog.domains import LONGEST_HOST, parent_domains
from asgi_consent.http.headers import get_all, size_of
from asgi_consent.types import Header, Headers

LONGEST_HEADER = 16 * 1024  # bytes of Cookie header that are read; the rest is dropped
MOST_COOKIES = 200
_MOST_DOMAINS = 4
_MOST_SEGMENTS = 5

_WSP = b" \t"
_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_unsafe = re.compile(rb"[\x00-\x1f\x7f;]").search


def is_token(name: bytes) -> bool:
    return _token(name) is not None


def cookie_pairs(headers: Iterable[Header]) -> Iterator[tuple[bytes, bytes]]:
    """Every (name, value) of the Cookie headers in order; HTTP/2 may split them over several."""
    joined = b";".join(get_all(headers, b"cookie"))
    if len(joined) > LONGEST_HEADER:  # no cookie is read in part
        joined = joined[:LONGEST_HEADER].rpartition(b";")[0]
    for pair in joined.split(b";", MOST_COOKIES)[:MOST_COOKIES]:
        pair = pair.strip(_WSP)
        if pair:
            name, equals, value = pair.partition(b"=")
            yield (name, value) if equals else (b"", pair)


def only_value(pairs: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The value of the cookie `name`, or None where it is absent or was sent more than once."""
    values = [value for key, value in pairs if key == name]
    return values[0] if len(values) == 1 else None


def filter_cookies(
    headers: Headers, allowed: Callable[[bytes], bool]
) -> tuple[Headers, list[bytes]]:
    """The headers with only the allowed cookies, joined into one header, and the names removed."""
    if not any(key.lower() == b"cookie" for key, _ in headers):
        return headers, []
    kept: list[bytes] = []
    removed: list[bytes] = []
    for name, value in cookie_pairs(headers):
        if is_token(name) and allowed(name):
            kept.append(name + b"=" + value)
        else:
            removed.append(name)
    filtered: Headers = []
    for key, value in headers:
        if key.lower() != b"cookie":
            filtered.append((key, value))
        elif kept:
            filtered.append((key, b"; ".join(kept)))
            kept = []
    return filtered, removed


@dataclass(frozen=True, slots=True)
class CookieScope:
    """Where a cookie lives; it is removed only by the same name, path, domain and partition."""

    path: str = "/"
    domain: str = ""
    partitioned: bool = False


@dataclass(frozen=True, slots=True)
class SetCookie:
    name: bytes
    scope: CookieScope
    removes: bool


def parse_set_cookie(raw: bytes, default_path: str = "/") -> SetCookie:
    first, *rest = raw.split(b";")
    name, equals, _ = first.partition(b"=")
    attributes: dict[bytes, str] = {}
    for attribute in rest:
        key, _, value = attribute.partition(b"=")
        attributes[key.strip(_WSP).lower()] = value.strip(_WSP).decode("latin-1")
    path = attributes.get(b"path", "")
    return SetCookie(
        name=name.strip(_WSP) if equals else b"",
        scope=CookieScope(
            path=path if path.startswith("/") else default_path,
            domain=attributes.get(b"domain", "").removeprefix(".").lower(),
            partitioned=b"partitioned" in attributes,
        ),
        removes=_removes(attributes),
    )


def _removes(attributes: dict[bytes, str]) -> bool:
    max_age = attributes.get(b"max-age", "")
    if re.fullmatch(r"-?\d{1,20}", max_age):
        return int(max_age) <= 0
    try:
        expires = parsedate_to_datetime(attributes[b"expires"])
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return False
    return expires.replace(tzinfo=expires.tzinfo or UTC) <= datetime.now(UTC)


def default_path(request_path: str) -> str:
    """The Path of a cookie that names none (RFC 6265bis section 5.1.4)."""
    return request_path.rpartition("/")[0] or "/" if request_path.startswith("/") else "/"


def set_cookie(
    name: bytes, value: bytes, *, seconds: int, secure: bool, http_only: bool = False
) -> Header:
    """A host-only, SameSite=Lax cookie for the whole site."""
    text = b"%s=%s; Path=/; Max-Age=%d; SameSite=Lax" % (name, value, seconds)
    text += b"; Secure" if secure else b""
    return b"set-cookie", text + (b"; HttpOnly" if http_only else b"")


def remove_cookie(name: bytes, scope: CookieScope, *, secure: bool) -> Headers:
    """The Set-Cookie header that removes `name`; none where that cannot be written safely."""
    path, domain = scope.path.encode("latin-1", "ignore"), scope.domain.encode("ascii", "ignore")
    if _unsafe(name) or _unsafe(path) or _unsafe(domain):
        return []
    text = b"%s=; Path=%s; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" % (name, path)
    text += b"; Domain=" + domain if domain else b""
    text += b"; Secure" if secure else b""
    return [(b"set-cookie", text + (b"; Partitioned" if scope.partitioned else b""))]


def remove_wherever(
    names: Iterable[bytes], host: str, request_path: str, *, secure: bool, room: int
) -> Headers:
    """Set-Cookie headers that remove cookies of which a request shows only the names.

    There are many scopes a cookie can have, and only `room` bytes. Half of it is for the likely
    ones; the rest is filled in random order, so that every scope gets its turn with one of the next
    responses.
    """
    names = list(names)
    domains = _possible_domains(host)
    likely = [(name, CookieScope("/", domain)) for name in names for domain in domains]
    unlikely = [
        (name, CookieScope(path, domain))
        for name in names
        for path in _possible_paths(request_path)
        for domain in domains
    ]
    if secure:
        unlikely += [(name, CookieScope("/", "", partitioned=True)) for name in names]
    random.shuffle(likely)
    headers = _removals(likely, secure, room // 2)
    rest = [*likely[len(headers) :], *unlikely]
    random.shuffle(rest)
    return headers + _removals(rest, secure, room - size_of(headers))


def _removals(scopes: list[tuple[bytes, CookieScope]], secure: bool, room: int) -> Headers:
    headers: Headers = []
    for name, scope in scopes:
        header = remove_cookie(name, scope, secure=secure)
        room -= size_of(header)
        if room < 0:
            break
        headers += header
    return headers


def _possible_domains(host: str) -> tuple[str, ...]:
    """No Domain at all first; then the registrable domain, and those between it and the host."""
    if not host or len(host) > LONGEST_HOST:
        return ("",)
    return ("", *reversed(parent_domains(host)[-_MOST_DOMAINS:]))


def _possible_paths(request_path: str) -> list[str]:
    """The paths below the root that a cookie sent with this request can have."""
    paths = [""]
    for segment in default_path(request_path).split("/")[1 : _MOST_SEGMENTS + 1]:
        if segment:
            paths.append(f"{paths[-1]}/{segment}")
    return paths[1:]
