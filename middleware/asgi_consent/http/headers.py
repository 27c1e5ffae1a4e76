"""Small readings of a raw header list. Names are compared in lower case, as ASGI servers and
frameworks disagree about the case they send (Django sends title case)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from asgi_consent.types import Header, Headers

#: nginx takes 4 kB of headers from an app unless told otherwise, and answers 502 to more
LARGEST_HEAD = 3500  # bytes


def copy_headers(raw: Iterable[Iterable[bytes]] | None) -> Headers:
    """A list of pairs, whatever the app sent: nothing, tuples, lists, a generator."""
    return [(bytes(name), bytes(value)) for name, value in raw or ()]


def get_header(headers: Iterable[Header], name: bytes) -> bytes | None:
    """The first value, or None."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return None


def get_all(headers: Iterable[Header], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def without(headers: Iterable[Header], names: Collection[bytes]) -> Headers:
    return [(key, value) for key, value in headers if key.lower() not in names]


def size_of(headers: Iterable[Header]) -> int:
    """Bytes on the wire of HTTP/1.1."""
    return sum(len(name) + len(value) + len(b": \r\n") for name, value in headers)


def list_members(value: bytes) -> list[bytes]:
    """The members of a comma-separated list, lower case, parameters cut off (RFC 9110 5.6.1)."""
    members = (member.partition(b";")[0].strip(b" \t").lower() for member in value.split(b","))
    return [member for member in members if member]


def media_type(headers: Iterable[Header]) -> bytes:
    """type/subtype of a request body, lower case."""
    value = get_header(headers, b"content-type") or b""
    return value.partition(b";")[0].strip(b" \t").lower()


def breaks_out(text: bytes) -> bool:
    """Whether it would end its header, and begin another, where a server writes it as it is (RFC
    9110 section 5.5)."""
    return b"\n" in text or b"\r" in text or b"\0" in text
