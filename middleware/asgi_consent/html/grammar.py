"""The grammar of tags, comments and raw text as possessive regular expressions on bytes.

Possessive, so that nothing here can backtrack: every pattern is linear in its input. The rules are
those of the WHATWG tokenizer, https://html.spec.whatwg.org/multipage/parsing.html#tokenization.
`\\s` is never used on bytes: it matches \\v, which is not HTML white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

SPACE = rb"\t\n\f\r "
NAME = rb"[a-zA-Z][^" + SPACE + rb"/>]*+"
NAME_END = rb"[" + SPACE + rb"/>]"

_SPACES = rb"[" + SPACE + rb"]*+"
_VALUE = rb"\"([^\"]*+)\"|'([^']*+)'|([^" + SPACE + rb">\"'][^" + SPACE + rb">]*+)|(?=>)"
_VALUE_UNREAD = _VALUE.replace(rb"(", rb"(?:").replace(rb"(?:?=", rb"(?=")
# A name may begin with "="; a value cut off by the end of the buffer is no match at all.
_ATTRIBUTE_NAME = rb"[^" + SPACE + rb"/>][^" + SPACE + rb"/>=]*+"
_ATTRIBUTE_UNREAD = (
    _ATTRIBUTE_NAME + rb"(?:" + _SPACES + rb"=" + _SPACES + rb"(?:" + _VALUE_UNREAD + rb")"
    rb"|(?!" + _SPACES + rb"=))"
)
REST_OF_TAG = rb"(?:[" + SPACE + rb"/]++|" + _ATTRIBUTE_UNREAD + rb")*+>"

COMMENT = rb"<!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+--!?>)"
_DECLARATION = rb"<!(?=[^-]|-[^-])[^>]*+>"  # doctype, bogus comment
_BOGUS = rb"<\?[^>]*+>|</[^a-zA-Z>][^>]*+>|</>"
_CDATA = rb"<!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+\]\]>"
_NOT_CDATA = rb"<!(?!--|\[CDATA\[)(?=[^-\[]|-[^-]|\[[^C]|\[CDATA[^\[])[^>]*+>"
_NOT_MARKUP = rb"<(?=[^a-zA-Z/!?])"

#: name, then the value as it was quoted: double, single, not at all
attributes = re.compile(
    rb"(" + _ATTRIBUTE_NAME + rb")(?:" + _SPACES + rb"=" + _SPACES + rb"(?:" + _VALUE + rb"))?+"
)
whole_tag = re.compile(rb"<(/?)(" + NAME + rb")" + REST_OF_TAG).match
tag_name = re.compile(rb"<(/?)(" + NAME + rb")").match

#: what may stand before the head: white space, comments, doctype, the html tag
prolog = re.compile(
    rb"(?:["
    + SPACE
    + rb"]++|"
    + COMMENT
    + rb"|"
    + _DECLARATION
    + rb"|"
    + _BOGUS
    + rb"|<(?i:html)(?="
    + NAME_END
    + rb")"
    + REST_OF_TAG
    + rb")*+"
).match

#: in script data: what changes the escape state, or may end the script
script_marks = re.compile(rb"<!--|-->|<(/?)(?i:script)(?=" + NAME_END + rb")").search


@cache
def gap(start: frozenset[bytes], end: frozenset[bytes]) -> re.Pattern[bytes]:
    """Everything in HTML content up to the next stop: a start tag in `start`, an end tag in `end`,
    or something that the end of the buffer cuts."""
    return _gap(
        rb"<" + _none_of(start) + NAME + REST_OF_TAG,
        rb"</" + _none_of(end) + NAME + REST_OF_TAG,
        _DECLARATION,
    )


@cache
def foreign_gap() -> re.Pattern[bytes]:
    """The same in foreign content, where every tag is a stop and CDATA sections exist."""
    return _gap(_CDATA, _NOT_CDATA)


def _gap(*more: bytes) -> re.Pattern[bytes]:
    alternatives = [
        rb"[^<]++",
        *more,
        COMMENT,
        _BOGUS,
        _NOT_MARKUP,
    ]
    return re.compile(rb"(?:" + rb"|".join(alternatives) + rb")*+")


def _none_of(names: Iterable[bytes]) -> bytes:
    names = sorted(names)
    if not names:
        return b""
    return rb"(?!(?i:" + rb"|".join(map(re.escape, names)) + rb")" + NAME_END + rb")"


@cache
def raw_text_end(name: bytes) -> re.Pattern[bytes]:
    """The `<` of the end tag that ends a raw text element."""
    return re.compile(rb"<(?=/(?i:" + re.escape(name) + rb")" + NAME_END + rb")")
