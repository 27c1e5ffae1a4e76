"""What nobody has to look at, up to and with the next tag that somebody must: one match of one
possessive regular expression.

The speed of the rewriter is decided here: text, comments and tags without interest never reach
Python. The alternatives stand in the order of how cheap and how frequent they are; the last one of
each kind is its general form, so the order does not change what is matched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from asgi_consent.catalog.pieces import shared_beginnings
from asgi_consent.html.elements import HTML_STOPS, PRESENTATION, STOPPING_ATTRIBUTES
from asgi_consent.html.foreign import FOREIGN_STOPS
from asgi_consent.html.grammar import (
    ATTRIBUTE,
    BOGUS,
    COMMENT,
    DECLARATION,
    NAME,
    NAME_END,
    REST_OF_TAG,
    SPACE,
)

#: (buffer, at) → the gap from there. Its two groups: the slash of an end tag or nothing, and the
#: name, of the tag it ends with; without one it ends with the buffer, or at what that cuts.
Gap = Callable[[bytes, int], "re.Match[bytes] | None"]

_SPACES = rb"[" + SPACE + rb"]*+"
_QUOTED = rb"=\"[^\"]*+\""
_REST_OF_NAME = rb"[a-zA-Z0-9_:-]*+"
_CDATA = rb"<!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+\]\]>"
_NOT_CDATA = rb"<!(?!--|\[CDATA\[)(?=[^-\[]|-[^-]|\[[^C]|\[CDATA[^\[])[^>]*+>"
_NOT_MARKUP = rb"<(?=[^a-zA-Z/!?])"


def _harmless_beginnings() -> Iterator[bytes]:
    """Of names in lower case that cannot be those of stopping attributes: told by two letters."""
    letters = bytes(range(ord("a"), ord("z") + 1))
    firsts = bytes({name[0] for name in STOPPING_ATTRIBUTES})
    yield b"[" + bytes(set(letters) - set(firsts)) + b"]"
    for first in firsts:
        seconds = {name[1] for name in STOPPING_ATTRIBUTES if name[0] == first}
        yield bytes((first,)) + b"[" + bytes(sorted(set(letters) - seconds)) + b"]"


_LOWER_NAME = rb"[a-z][a-z0-9-]*+"
_USUAL_END = _SPACES + rb"/?+>"
# CSS in which no function can be one that takes addresses, told by its last letter; what hides a
# letter is an escape or a character reference.
_HARMLESS_CSS = rb"(?:[^\"(&\\]++|\((?:(?<![lLcCtTeE]\()|(?<=calc\()))*+"
_USUAL_ATTRIBUTES = (
    rb"(?:[" + SPACE + rb"]++(?:(?:" + rb"|".join(_harmless_beginnings()) + rb")"
    rb"" + _REST_OF_NAME + _QUOTED + rb"|style=\"" + _HARMLESS_CSS + rb"\"))*+"
)
_HARMLESS_REST = (
    rb"(?:[" + SPACE + rb"/]++|(?!(?i:" + rb"|".join(STOPPING_ATTRIBUTES) + rb")"
    rb"[" + SPACE + rb"/=>])" + ATTRIBUTE + rb")*+>"
)
_STOP = (
    rb"[^<]*+(?:<(/?)(" + NAME + rb")(?: [a-zA-Z0-9_:-]++" + _QUOTED + rb")*+"
    rb"(?:>|" + REST_OF_TAG + rb"))?+"
)


def _gap(*alternatives: bytes) -> Gap:
    """Each alternative begins with `<`, which is written once so that `re` finds it fast."""
    rests = rb"|".join(alternative.removeprefix(rb"<") for alternative in alternatives)
    return re.compile(rb"(?:[^<]*+<(?:" + rests + rb"))*+" + _STOP).match


def _html_gap(stopping_ends: frozenset[bytes]) -> Gap:
    lower_stop = shared_beginnings(HTML_STOPS, NAME_END)
    end = (
        rb"(?!(?i:" + shared_beginnings(stopping_ends, NAME_END) + rb"))" if stopping_ends else rb""
    )
    return _gap(
        rb"</" + end + rb"[a-zA-Z][a-zA-Z0-9-]*+>",
        rb"<(?!" + lower_stop + rb")" + _LOWER_NAME + _USUAL_ATTRIBUTES + _USUAL_END,
        _DRAWING,
        rb"<(?!(?i:" + lower_stop + rb"))" + NAME + _HARMLESS_REST,
        rb"</" + end + NAME + REST_OF_TAG,
        COMMENT,
        DECLARATION,
        *BOGUS,
        _NOT_MARKUP,
    )


_FOREIGN_CSS = shared_beginnings((b"style", *PRESENTATION), b"=")
_FOREIGN_ATTRIBUTES = (
    rb"(?:[" + SPACE + rb"]++(?:"
    rb"(?!(?:xlink:)?href=|"
    + _FOREIGN_CSS
    + rb")(?:viewBox|[a-z][a-z0-9:_-]*+)"
    + _QUOTED
    + rb"|"
    + _FOREIGN_CSS
    + rb"\"(?:"
    + _HARMLESS_CSS
    + rb"|url\(#[^\"(&\\]*+)\""
    rb"|(?:xlink:)?+href=\"#[^\"&]*+\"))*+"
)


# Written out by name: a group and a reference back to it in a possessive repeat crash Python 3.11.
def _element(name: bytes, content: bytes) -> bytes:
    return rb"<" + name + _FOREIGN_ATTRIBUTES + rb">" + content + rb"</" + name + rb">"


_SELF_CLOSED = (
    rb"<(?!"
    + shared_beginnings(FOREIGN_STOPS, NAME_END)
    + rb")"
    + _LOWER_NAME
    + _FOREIGN_ATTRIBUTES
    + _SPACES
    + rb"/>"
)
#: elements that begin and end, with nothing or only text in them
_PLAIN = (
    _SELF_CLOSED,
    *(_element(name, rb"") for name in b"path rect circle use ellipse line polygon stop".split()),
    *(_element(name, rb"[^<]*+") for name in b"title desc text tspan mi mo mn mtext".split()),
)


def _content(*elements: bytes) -> bytes:
    return rb"(?:[^<]++|" + rb"|".join(elements) + rb")*+"


#: groups of them, and groups of groups
_GROUP = _element(b"g", _content(*_PLAIN, _element(b"g", _content(*_PLAIN))))
#: an icon: an svg that begins and ends, of nothing else
_DRAWING = _element(b"svg", _content(*_PLAIN, _GROUP))
_SYMBOL = _element(b"symbol", _content(*_PLAIN, _GROUP))


def _foreign_gap() -> Gap:
    """Only whole elements are skipped: the ends of all others tell where foreign content ends."""
    return _gap(*_PLAIN, _GROUP, _SYMBOL, COMMENT, _CDATA, _NOT_CDATA, *BOGUS, _NOT_MARKUP)


class Gaps(NamedTuple):
    """`select`: in one, where its end matters; `foreign`: in svg and math; `every_tag`: in those
    where HTML is, or may be."""

    html: Gap
    select: Gap
    every_tag: Gap
    foreign: Gap


@cache
def gaps() -> Gaps:
    """Compiled once, which takes a tenth of a second."""
    return Gaps(
        html=_html_gap(frozenset()),
        select=_html_gap(frozenset((b"select",))),
        every_tag=_gap(COMMENT, _NOT_CDATA, *BOGUS, _NOT_MARKUP),
        foreign=_foreign_gap(),
    )


@cache
def text_only() -> Gaps:
    """For comparison: every tag is a stop everywhere, and every comment is at the end of a gap."""
    gap = _gap(_NOT_MARKUP)
    return Gaps(gap, gap, gap, gap)
