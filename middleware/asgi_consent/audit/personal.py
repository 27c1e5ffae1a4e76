"""Personal data in stored values: e-mail addresses, bank accounts, and what the user names.

Values are read as they are and as scripts write them: percent-encoded, base64, several times over.
A text the user names is also looked for by its usual hashes. Random numbers are no finding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

_DEEPEST = 3  # codings around one another
_LONGEST = 8 * 1024  # characters of a value
_MOST_PARTS = 50

_email = re.compile(r"[\w.+-]{1,64}+@(?:[\w-]{1,63}+\.){1,8}[a-z]{2,24}+", re.IGNORECASE).search
_iban = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b").search
_base64_parts = re.compile(r"[A-Za-z0-9+/_-]{12,}+={0,2}").findall


def personal_data(value: str, known: Iterable[str] = ()) -> str:
    """What kind of personal data `value` holds: "an e-mail address", …; "" where none was found."""
    readings = list(_readings(value[:_LONGEST]))
    for reading in readings:
        if _email(reading):
            return "an e-mail address"
        if (found := _iban(reading)) and _is_iban(found[0]):
            return "a bank account"
    lowered = "\n".join(readings).lower()
    for text in known:
        if text.lower() in lowered:
            return f"“{text}”"
        for kind in ("md5", "sha1", "sha256"):
            if hashlib.new(kind, text.strip().lower().encode()).hexdigest() in lowered:
                return f"“{text}”, hashed with {kind}"
    return ""


def _readings(value: str, depth: int = _DEEPEST) -> Iterator[str]:
    yield value
    if depth == 0:
        return
    if (plain := unquote(value)) != value:
        yield from _readings(plain, depth - 1)
    for part in _base64_parts(value)[:_MOST_PARTS]:
        text = _decoded(part)
        if text:
            yield from _readings(text, depth - 1)


def _decoded(part: str) -> str:
    bare = part.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""


def _is_iban(text: str) -> bool:
    """ISO 13616: the remainder of the rearranged number divided by 97 is 1."""
    digits = "".join(str(int(char, 36)) for char in text[4:] + text[:4])
    return int(digits) % 97 == 1
