"""The grammar of tags, comments and raw text as possessive regular expressions on bytes.

Possessive, so that nothing here can backtrack: every pattern is linear in its input. The rules are
those of the WHATWG tokenizer, https://html.spec.whatwg.org/multipage/parsing.html#tokenization.
`\\s` is never used on bytes: it matches \\v, which is not HTML white space.
"""

from __future__ import annotations

import re

from asgi_consent.html.elements import RAW_TEXT

SPACE = rb"\t\n\f\r "
NAME = rb"[a-zA-Z][^" + SPACE + rb"/>]*+"
NAME_END = rb"[" + SPACE + rb"/>]"

_SPACES = rb"[" + SPACE + rb"]*+"
_VALUE = rb"\"([^\"]*+)\"|'([^']*+)'|([^" + SPACE + rb">\"'][^" + SPACE + rb">]*+)|(?=>)"
_VALUE_UNREAD = _VALUE.replace(rb"(", rb"(?:").replace(rb"(?:?=", rb"(?=")
# A name may begin with "="; a value cut off by the end of the buffer is no match at all.
_ATTRIBUTE_NAME = rb"[^" + SPACE + rb"/>][^" + SPACE + rb"/>=]*+"
ATTRIBUTE = (
    _ATTRIBUTE_NAME + rb"(?:" + _SPACES + rb"=" + _SPACES + rb"(?:" + _VALUE_UNREAD + rb")"
    rb"|(?!" + _SPACES + rb"=))"
)
REST_OF_TAG = rb"(?:[" + SPACE + rb"/]++|" + ATTRIBUTE + rb")*+>"

COMMENT = rb"<!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+--!?>)"
DECLARATION = rb"<!(?=[^-]|-[^-])[^>]*+>"  # doctype, bogus comment
BOGUS = (rb"<\?[^>]*+>", rb"</[^a-zA-Z>][^>]*+>", rb"</>")

#: name, then the value as it was quoted: double, single, not at all
attributes = re.compile(
    rb"(" + _ATTRIBUTE_NAME + rb")(?:" + _SPACES + rb"=" + _SPACES + rb"(?:" + _VALUE + rb"))?+"
)
tag_name = re.compile(rb"<(/?)(" + NAME + rb")").match

#: a comment that ends where it begins
abrupt_comment = re.compile(rb"<!---?+>").match

_BEFORE_HTML = (
    rb"[" + SPACE + rb"]++|" + COMMENT + rb"|" + DECLARATION + rb"|" + rb"|".join(BOGUS)
)  # fmt: skip
_HTML_TAG = rb"<(?i:html)(?=" + NAME_END + rb")" + REST_OF_TAG
#: what may stand before the head: white space, comments, doctype, the html tag
prolog = re.compile(rb"(?:" + _BEFORE_HTML + rb"|" + _HTML_TAG + rb")*+").match
#: the same up to and with the first html tag, which is group 1
html_tag = re.compile(rb"(?:" + _BEFORE_HTML + rb")*+(" + _HTML_TAG + rb")").match

#: content after which a head may still be all there is of a page
only_of_head = re.compile(
    rb"(?:["
    + SPACE
    + rb"]++|"
    + COMMENT
    + rb"|"
    + DECLARATION
    + rb"|"
    + rb"|".join(BOGUS)
    + rb"|<(?:(?i:html|/?head|meta|basefont|bgsound))(?="
    + NAME_END
    + rb")"
    + REST_OF_TAG
    + rb")*+"
).fullmatch

#: an html tag, or what may become one
begins_html_tag = re.compile(rb"<(?i:h(?:t(?:m(?:l(?:[" + SPACE + rb"/]|\Z)|\Z)|\Z)|\Z)|\Z)").match

#: in script data: what changes the escape state, or may end the script
script_marks = re.compile(rb"<!--|-->|<(/?)(?i:script)(?=" + NAME_END + rb")").search


def _raw_text_end(name: bytes) -> re.Pattern[bytes]:
    # The literal first byte lets `re` search at the speed of memchr.
    comment = rb"|!--()" if name == b"script" else rb""
    return re.compile(rb"<(?:/(?i:" + name + rb")(" + NAME_END + rb")" + comment + rb")")


#: the end tag of a raw text element; group 1 is what follows its name. For a script also the `<!--`
#: after which a script's end is harder to tell, with an empty group 2.
raw_text_end = {name: _raw_text_end(name).search for name in RAW_TEXT}
