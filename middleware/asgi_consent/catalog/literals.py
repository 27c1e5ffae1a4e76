"""Scripts that only give names to values: a page's state, settings of a widget, a data layer.

Such code runs nothing and loads nothing, whatever stands in its strings, so it is never gated. What
counts is a list of assignments of object or array literals to global names, and nothing else: no
call, no operator but `X || `, no template with `${`. One pass, and in doubt it is code.
https://tc39.es/ecma262/#sec-object-initializer
"""

from __future__ import annotations

import re

_SPACE = rb"(?:[\s\xc2\xa0]|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|<!\[CDATA\[|\]\]>)*+"
_NAME = rb"[A-Za-z_$][\w$]*+"
_GLOBAL = rb"(?:window|self|globalThis)"
_TARGET = rb"(?:(?:var|let|const)\s++|" + _GLOBAL + rb"\s*+\.\s*+)?(" + _NAME + rb")"
_beginning = re.compile(
    _SPACE + _TARGET + _SPACE + rb"=" + _SPACE
    # X = X || {}
    + rb"(?:" + _GLOBAL + rb"\.)?(?:" + _NAME + _SPACE + rb"\|\|" + _SPACE + rb")?(?=[{\[])"
).match  # fmt: skip
_token = re.compile(
    rb"[{}\[\],:\s]++"
    rb'|"(?:[^"\\\n]|\\.)*+"'
    rb"|'(?:[^'\\\n]|\\.)*+'"
    rb"|`(?:[^`\\$]|\\.|\$(?!\{))*+`"
    rb"|[+-]?(?:0[xX][0-9a-fA-F]++|\d[\d.eE+-]*+)"
    rb"|(?:true|false|null|undefined|!0|!1|void 0)(?![\w$])"
    rb"|" + _NAME + rb"(?=\s*+:)"
    rb"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/",
    re.DOTALL,
).match  # fmt: skip
_end = re.compile(_SPACE + rb"(?:;" + _SPACE + rb")*+").match

#: a value for one of these does something
_ACTIVE = frozenset((b"location", b"name", b"status"))


def is_mere_data(code: bytes) -> bool:
    at = 0
    while beginning := _beginning(code, at):
        if beginning[1] in _ACTIVE:
            return False
        at = _after_literal(code, beginning.end())
        if not at:
            return False
        end = _end(code, at)
        assert end is not None  # matches the empty string
        if end.end() == len(code):
            return True
        if b";" not in end[0] and b"\n" not in end[0]:
            return False
        at = end.end()
    return False


def _after_literal(code: bytes, at: int) -> int:
    """Where the object or array that begins at `at` ends; 0 where it is none."""
    depth = 0
    while token := _token(code, at):
        for place, char in enumerate(token[0]) if token[0][:1] in b"{}[],: \t\r\n" else ():
            depth += (char in b"{[") - (char in b"}]")
            if depth == 0:
                return at + place + 1
        at = token.end()
    return 0
