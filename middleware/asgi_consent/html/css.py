"""The addresses in CSS: `url()`, `@import`, `image-set()`, told apart from strings and comments.

https://drafts.csswg.org/css-syntax-3/#tokenization as far as it decides what an address is. What is
escaped in a function's name is read; where a browser would drop what it does not understand, we
don't: an address that nobody fetches costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Reference(NamedTuple):
    url: str
    at: int
    """where in the CSS the address begins, after a quote"""


_SPACE = r"\t\n\f\r "
_COMMENT = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?+"
_ESCAPE = r"\\(?:[0-9a-fA-F]{1,6}+(?:\r\n|[" + _SPACE + r"])?+|[^0-9a-fA-F\n\r\f]|\Z)"
_NAME_CHARACTERS = r"\0a-zA-Z0-9_\-\u0080-\U0010ffff"
_NAMED = r"[" + _NAME_CHARACTERS + r"]"
_IN_STRING = r"\\(?:[0-9a-fA-F]{1,6}+(?:\r\n|[" + _SPACE + r"])?+|\r\n|(?s:.)|\Z)"
_STRING = (
    r"(?:\"(?:[^\"\\\n\r\f]++|" + _IN_STRING + r")*+\"?+"
    r"|'(?:[^'\\\n\r\f]++|" + _IN_STRING + r")*+'?+)"
)
_BETWEEN = r"(?:[" + _SPACE + r"]|" + _COMMENT + r")*+"

#: functions in which a string is an address; `type("image/png")` inside is taken for a relative one
_TAKES_STRING = frozenset(("url", "src", "image", "image-set", "-webkit-image-set", "cross-fade"))
_LONGEST_NAME = 256  # characters, escapes and all
_LONGEST_UNSURE = 4096  # characters of an address that may be none

# Two ways to the next thing that may matter. Where no function has an escape in its name, all but
# the functions that take addresses are skipped in one match; else every parenthesis is a stop.
_SKIPPED = r"[^\"'()@/\\]++|/(?!\*)|" + _COMMENT + r"|" + _ESCAPE
_other_function = r"\(" + r"".join(
    rf"(?<!{''.join(f'[{char}{char.upper()}]' if char.isalpha() else char for char in end)}\()"
    for end in ("url", "src", "-set", "image", "-fade")
)
_FUNCTION = re.compile(
    r"(?:[^\"'(@/\\]++|"
    + _other_function
    + r"|/(?!\*)|"
    + _STRING
    + r"|"
    + _COMMENT
    + r"|"
    + _ESCAPE
    + r"|@(?!(?i:import|namespace)|\\))*+"
    # nearly always a plain url(), which is read at once
    r"(?:\((?<=[uU][rR][lL]\()(?<![#@\\" + _NAME_CHARACTERS + r"][uU][rR][lL]\()[" + _SPACE + r"]*+"
    r"(?:(?P<plain>(?:[^\"'()\\"
    + _SPACE
    + r"]++|"
    + _ESCAPE
    + r")++)|(?P<string>"
    + _STRING
    + r"))"
    r"[" + _SPACE + r"]*+\)|(?P<open>\()|(?P<at>@)|\\)?+"
)
_next_function = _FUNCTION.match
_next_stop = re.compile(
    r"(?:" + _SKIPPED + r")*+"
    r"(?:(?P<string>" + _STRING + r")|(?P<open>\()|(?P<close>\))|(?P<at>@)|\\)?+"
).match
_escaped_name = re.compile(
    _ESCAPE + r"(?:" + _NAMED + r"|" + _ESCAPE + r"){0,20}+\(|@[a-zA-Z-]{0,20}+\\"
).search
_escaped_quote = re.compile(r"\\[\"'\\]").search
_goes_on = re.compile(r"[#@" + _NAME_CHARACTERS + r"]").match
_name_before = re.compile(
    r"(?:[a-zA-Z_\-\u0080-\U0010ffff]|" + _ESCAPE + r")(?:" + _NAMED + r"|" + _ESCAPE + r")*+\Z"
).search
_unquoted = re.compile(
    r"[" + _SPACE + r"]*+(?P<url>(?:[^\"'()\\" + _SPACE + r"]++|" + _ESCAPE + r")++)"
    r"(?:[" + _SPACE + r"]*+(?P<end>\)|\Z)|(?:[^)\\]++|" + _ESCAPE + r")*+\)?+)"
).match
_rule = re.compile(r"(?:" + _NAMED + r"|" + _ESCAPE + r"){1,40}+").match
_address = re.compile(_BETWEEN + r"(?P<string>" + _STRING + r")").match
_namespace = re.compile(
    _BETWEEN + r"(?:(?!(?i:url)\()(?:" + _NAMED + r"|" + _ESCAPE + r")++" + _BETWEEN + r")?+"
    r"(?:" + _STRING + r"|(?i:url)\((?:[^\"'()\\]|" + _STRING + r"|" + _ESCAPE + r")*+\)?+)"
).match
_escape = re.compile(r"\\(?:([0-9a-fA-F]{1,6}+)(?:\r\n|[" + _SPACE + r"])?+|(\r\n|(?s:.))|\Z)")


# The same on the bytes of a style sheet, by what no address can do without. A single literal first
# byte lets `re` search at the speed of memchr.
_functions = re.compile(
    rb"\((?:(?<=[uU][rR][lL]\()[\t\n\f\r ]*+(?:([^\"'()\\\t\n\f\r ]*+)"
    rb"|\"([^\"\\\n\f\r\t]*+)\"|'([^'\\\n\f\r\t]*+)')[\t\n\f\r ]*+\)|(?<=[uU][rR][lL]\()()"
    rb"|(?<=[sS][rR][cC]\()()|(?<=-[sS][eE][tT]\()()|(?<=[iI][mM][aA][gG][eE]\()()"
    rb"|(?<=-[fF][aA][dD][eE]\()())"
).finditer
_import = re.compile(rb"@(?:(?i:import)|[a-zA-Z-]*+\\)").search


def holds_only(css: bytes, allowed: Callable[[str], bool]) -> bool:
    """Whether a quick look is enough to know that every address in a style sheet is allowed."""
    if _import(css) or (b"\\" in css and _escaped_name(css.decode("latin-1"))):
        return False
    return all(
        match.lastindex is not None
        and match.lastindex <= 3
        and allowed(match[match.lastindex].decode("utf-8", "replace"))
        for match in _functions(css)
    )


def references(css: str) -> Iterator[Reference]:
    """All addresses in a style sheet, or in the declarations of a style attribute."""
    functions: list[str] = []  # those whose parentheses are open, the innermost last
    careful = _escaped_name(css) is not None
    at = 0
    while at < len(css):
        match = (_next_stop if careful or functions else _next_function)(css, at)
        assert match is not None  # matches the empty string
        at = match.end()
        kind = match.lastgroup
        if kind == "plain":
            yield Reference(unescaped(match["plain"]), match.start("plain"))
        elif kind == "open":
            reference, at = _opened(css, at, functions)
            if reference:
                yield reference
        elif kind == "close" and functions:
            functions.pop()
        elif kind == "string":
            if match.re is _FUNCTION or not _TAKES_STRING.isdisjoint(functions[-1:]):
                yield _quoted(match)
        elif kind == "at":
            reference, at = _rule_at(css, at, functions)
            if reference:
                yield reference


def _opened(css: str, at: int, functions: list[str]) -> tuple[Reference | None, int]:
    """After a parenthesis: the address of an unquoted url(), and where to go on."""
    written = css[max(0, at - _LONGEST_NAME) : at]
    name = _function_name(css, at - 1)
    # The escape may be that of a string which ends here: nothing is skipped that may be read.
    unsure = name != "url" and name.endswith("url") and _escaped_quote(written) is not None
    if unsure or name == "url":
        unquoted = _unquoted(css, at, at + _LONGEST_UNSURE) if unsure else _unquoted(css, at)
        if unquoted and not unsure:
            ends = unquoted["end"] is not None
            url = Reference(unescaped(unquoted["url"]), unquoted.start("url"))
            return (url if ends else None), unquoted.end()
        functions.append("url")
        if unquoted:
            return Reference(unescaped(unquoted["url"]), unquoted.start("url")), at
        return None, at
    functions.append(name)
    return None, at


def _rule_at(css: str, at: int, functions: list[str]) -> tuple[Reference | None, int]:
    """After an `@`: the address of an import, and where to go on."""
    rule = _rule(css, at)
    if rule is None:
        return None, at
    name = unescaped(rule[0]).lower()
    if name == "import" and (address := _address(css, rule.end())):
        return _quoted(address), address.end()
    if name == "namespace" and (namespace := _namespace(css, rule.end())):
        return None, namespace.end()
    if css.startswith("(", rule.end()):  # no function of that name
        functions.append("")
        return None, rule.end() + 1
    return None, rule.end()


def _quoted(match: re.Match[str]) -> Reference:
    written = match["string"]
    closed = len(written) > 1 and written[-1] == written[0]
    text = unescaped(written[1:-1] if closed else written[1:])
    if written.endswith("\\") and not closed:
        text = text.removesuffix("\ufffd")  # what the end of the text escapes is nothing
    return Reference(text, match.start("string") + 1)


def _function_name(css: str, end: int) -> str:
    """The name right before a parenthesis, in lower case; nothing where it is only the rest of a
    hash, a number or an at-rule."""
    match = _name_before(css, max(0, end - _LONGEST_NAME), end)
    if match is None or (match.start() and _goes_on(css, match.start() - 1)):
        return ""
    name = match[0]
    if name.startswith("--") and css.endswith("<!", 0, match.start()):
        name = name[2:]  # a comment sign of HTML, which CSS skips
    return unescaped(name).lower()


def unescaped(text: str) -> str:
    return _escape.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    digits, char = match.groups()
    if digits is None:
        # A backslash before a line end continues a string.
        return "\ufffd" if char is None else "" if char in ("\n", "\r\n", "\r", "\f") else char
    number = int(digits, 16)
    replaced = number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF
    return "\ufffd" if replaced else chr(number)
