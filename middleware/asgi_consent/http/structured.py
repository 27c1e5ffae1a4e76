"""Structured fields, as far as headers that lead somewhere use them: lists and dictionaries of
strings, with parameters. Anything else raises ValueError.

https://www.rfc-editor.org/rfc/rfc9651#section-3
"""

from __future__ import annotations

import re
from collections.abc import Callable

_KEY = rb"[a-z*][a-z0-9_.*-]*+"
_STRING = rb'"(?:[ !#-\[\]-~]++|\\["\\])*+"'
_BARE = rb"[!#-+\--:<-~]++"  # numbers, tokens, bytes and dates; looser than they are
_PARAMETERS = rb"(?:; *+" + _KEY + rb"(?:=(?:" + _STRING + rb"|" + _BARE + rb"))?+)*+"
_ITEM = rb"(" + _STRING + rb")" + _PARAMETERS

_escaped = re.compile(rb"\\(.)")


class _Field:
    """Members of one form, separated by commas."""

    def __init__(self, member: bytes) -> None:
        self.members = re.compile(member).finditer
        separated = rb"(?:[ \t]*+,[ \t]*+" + member + rb")*+"
        self.is_whole = re.compile(rb" *+(?:" + member + separated + rb")?+ *+").fullmatch


_LIST = _Field(_ITEM)
_DICTIONARY = _Field(_KEY + rb"=" + _ITEM)


def filter_list(value: bytes, allowed: Callable[[str], bool]) -> bytes | None:
    """The list without the strings that are not allowed; None where none is left."""
    return _filter(_LIST, value, allowed)


def filter_dictionary(value: bytes, allowed: Callable[[str], bool]) -> bytes | None:
    """The dictionary without the strings that are not allowed; None where none is left."""
    return _filter(_DICTIONARY, value, allowed)


def _filter(field: _Field, value: bytes, allowed: Callable[[str], bool]) -> bytes | None:
    if not field.is_whole(value):
        raise ValueError("no strings of a structured field")
    members = list(field.members(value))
    kept = [member[0] for member in members if allowed(_text(member[1]))]
    return value if len(kept) == len(members) else b", ".join(kept) or None


def _text(string: bytes) -> str:
    return _escaped.sub(rb"\1", string[1:-1]).decode("ascii")
