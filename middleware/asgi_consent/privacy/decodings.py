"""Reading a text in every way it may have been written: percent, base64, hex, JSON, JWT."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

_LONGEST = 4 * 1024  # characters that are looked at
_DEEPEST = 4
_MOST = 64  # readings of one value

_base64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}").fullmatch
_base64_parts = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,4096}={0,2}(?![A-Za-z0-9+/=_-])"
)
_hex = re.compile(r"(?:[0-9a-fA-F]{2}){8,}").fullmatch
_escaped = re.compile(r"%[0-9a-fA-F]{2}").search


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a value: `how` names the decodings, the outermost first."""

    text: str
    how: tuple[str, ...] = ()
    key: str = ""


def readings(value: str) -> list[Reading]:
    """The value, and all that it says decoded, at most `_MOST`."""
    found: list[Reading] = []
    seen: set[str] = set()
    waiting = [Reading(value[:_LONGEST])]
    while waiting and len(found) < _MOST:
        reading = waiting.pop(0)
        if reading.text in seen:
            continue
        seen.add(reading.text)
        found.append(reading)
        if len(reading.how) < _DEEPEST:
            waiting += _decoded(reading)
    return found


def _decoded(reading: Reading) -> Iterator[Reading]:
    text, how, key = reading.text, reading.how, reading.key
    if _escaped(text):
        yield Reading(unquote_plus(text), (*how, "percent"), key)
    if text[:1] in ("{", "[", '"') and (items := _json_items(text)) is not None:
        for name, item in items:
            yield Reading(item, (*how, "JSON"), name or key)
        return
    if text.startswith("s:") and "." in text:  # https://www.npmjs.com/package/cookie-signature
        yield Reading(text[2:].rpartition(".")[0], (*how, "signed text"), key)
        return
    if (payload := _jwt_payload(text)) is not None:
        yield Reading(payload, (*how, "JWT"), key)
        return
    for name, inner in _decoded_bytes(text):
        yield Reading(inner, (*how, name), key)


def _decoded_bytes(text: str) -> Iterator[tuple[str, str]]:
    """The texts in hex and base64, whole or in parts of a value."""
    if _hex(text) and (inner := _text(bytes.fromhex(text))):
        yield "hex", inner
        return
    for part in [text] if _base64(text) else _base64_parts.findall(text):
        if (inner := _from_base64(part)) is not None:
            yield "base64", inner


def _from_base64(text: str) -> str | None:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _text(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except ValueError:  # binascii.Error is one
        return None


def _text(data: bytes) -> str | None:
    """The text that `data` is, None where it is none: random bytes are hardly ever."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    shown = sum(char.isprintable() or char in "\n\r\t" for char in text)
    return text if text and shown == len(text) else None


def _jwt_payload(text: str) -> str | None:
    """https://www.rfc-editor.org/rfc/rfc7519: three parts, the second is the claims."""
    parts = text.split(".")
    if len(parts) not in (2, 3) or not text.startswith("eyJ"):
        return None
    for part in parts[:2][::-1]:
        payload = _from_base64(part)
        if payload is not None and payload.startswith("{"):
            return payload
    return None


def _json_items(text: str) -> list[tuple[str, str]] | None:
    """Every text in a JSON document with the key it is under; numbers that stand together as
    one, so that a pair of coordinates stays a pair."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    items: list[tuple[str, str]] = []
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting and len(items) < _MOST:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(str(name), inner) for name, inner in value.items()]
            items += [("", str(name)) for name in value]
            numbers = {str(k): v for k, v in value.items() if isinstance(v, float)}
            if len(numbers) > 1:
                items.append((key, " ".join(f"{k}: {v}" for k, v in numbers.items())))
        elif isinstance(value, list):
            waiting += [(key, inner) for inner in value]
            if len(value) > 1 and all(isinstance(inner, float) for inner in value):
                items.append((key, ",".join(map(str, value))))
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            items.append((key, str(value)))
    return items
