"""How the next bytes are read: what a tokenizer has to know of the tree builder.

Mostly nothing. But what svg, math, select and frameset do to the tags in them depends on elements
that nobody looked at, on the browser's version, or on whether scripts run. Where two readings of a
tag would part, markup is written before it that leaves only one of them (`settling`). It ends what
may be open and is ignored where nothing is.

https://html.spec.whatwg.org/multipage/parsing.html#tree-construction
"""

from __future__ import annotations

from asgi_consent.html.elements import PLAINTEXT, RAW_TEXT, ROOTS
from asgi_consent.html.foreign import SETTLED, ForeignContent
from asgi_consent.html.gaps import Gap, Gaps
from asgi_consent.html.grammar import only_of_head

#: breaks out of foreign content; a second head is ignored
_END_FOREIGN = b"<head>"
#: an HTML element, in which there are no CDATA sections
_IN_HTML = b"<span>"
_END_SELECT = b"</select>"
#: after a body a frameset is ignored, as a second body is
_NO_FRAMESET = b"<body>"

_SELECT = b"select"
_FRAMESET = b"frameset"
_CDATA = b"<![CDATA["
#: start tags after which a frameset still is one
_OF_HEAD = frozenset(
    b"html head base basefont bgsound link meta title style script noframes frameset".split()
)
_RAW_IN_FRAMESET = frozenset((b"noframes",))
#: start tags that a select has ignored in all browsers, and still does in some
_NOT_IN_SELECT = (RAW_TEXT | {PLAINTEXT}) - {b"script", b"textarea"}

#: start tags that change how the rest is read
CHANGING = RAW_TEXT | ROOTS | {PLAINTEXT, _SELECT, _FRAMESET, b"body"}


class Context:
    """`gap` finds the next tag that matters, `raw_names` are the elements whose text is raw,
    `in_head`: there has been nothing but a head; `is_plain`: of start tags only CHANGING matter."""

    __slots__ = (
        "_bodied", "_foreign", "_framed", "_gaps", "_select",
        "gap", "in_head", "is_plain", "raw_names",
    )  # fmt: skip

    def __init__(self, gaps: Gaps, *, scripting: bool, fragment: bool) -> None:
        self._gaps = gaps
        self._foreign = ForeignContent()
        self._bodied = False  # whether a frameset is surely ignored
        self._framed = False  # whether all but frames is ignored
        self._select = False  # whether a select may be open
        self.in_head = not fragment
        self.raw_names = RAW_TEXT if scripting else RAW_TEXT - {b"noscript"}
        self._choose()

    def _choose(self) -> None:
        foreign, gaps = self._foreign, self._gaps
        self.is_plain = not (self.in_head or self._framed or foreign.is_open)
        self.gap: Gap = gaps.select if self._select else gaps.html
        if foreign.is_open:
            self.gap = gaps.foreign if foreign.inside else gaps.every_tag

    # ---- what is read

    def skip(self, gap: bytes) -> None:
        """What is before a tag."""
        if not only_of_head(gap):
            self.in_head = False
            self._choose()

    def settling(self, name: bytes) -> bytes:
        """What has to be written before a start tag of this name, or a `<![CDATA[`."""
        if self._framed:
            return b""
        if name == _FRAMESET:
            return b"" if self.in_head or self._bodied else _NO_FRAMESET
        markup = b""
        if self._select and name in _NOT_IN_SELECT:
            markup += _END_SELECT
            self.end(_SELECT)
        if self._foreign.in_doubt and (name in SETTLED or name == _CDATA):
            markup += self._out_of_foreign(name)
        if markup:
            self._choose()
        return markup

    def _out_of_foreign(self, name: bytes) -> bytes:
        foreign = self._foreign
        markup = b"" if foreign.outside else _END_FOREIGN
        foreign.settle()
        if name == _CDATA and foreign.in_doubt and not foreign.in_html:
            markup += _IN_HTML
            foreign.in_html = True
        return markup

    def start(self, name: bytes, raw: bytes) -> bool:
        """A start tag that is settled; whether its element is a foreign one, or may be."""
        if self._framed:
            return False
        foreign = False
        self.in_head = self.in_head and name in _OF_HEAD
        self._bodied = self._bodied or name == b"body"
        if self._foreign.is_open or name in ROOTS:
            foreign = self._foreign.start(name, raw)
            if self._select:  # of which older browsers ignore this, and newer ones don't
                self._foreign.doubt()
        if name == _SELECT and not foreign:
            self._select = True
        elif name == _FRAMESET and self.in_head:
            self._framed = True
            self.raw_names = _RAW_IN_FRAMESET
        self._choose()
        return foreign

    def end(self, name: bytes) -> None:
        """An end tag, but for those of raw text."""
        self.in_head = self.in_head and name == b"head"
        if name == _SELECT:
            self._select = False
        if self._foreign.is_open:
            self._foreign.end(name)
        self._choose()

    def doubt_for_ever(self) -> None:
        self._foreign.doubt_for_ever()
        self._choose()

    # ---- what there may be

    @property
    def takes_plaintext(self) -> bool:
        return not self._framed

    @property
    def takes_cdata(self) -> bool:
        return self._foreign.takes_cdata

    @property
    def may_take_cdata(self) -> bool:
        return self._foreign.takes_cdata or self._foreign.in_doubt

    @property
    def takes_markup(self) -> bool:
        """Whether markup put here would be a page's."""
        return not self._foreign.is_open and not self._framed

    @property
    def may_be_inside(self) -> bool:
        return self._foreign.is_open

    def ending(self) -> bytes:
        """What ends a select and foreign content that may be open. Where an integration point leads
        back into foreign content, nothing surely does."""
        if self._select:
            return _END_SELECT
        return _END_FOREIGN if self._foreign.can_end else b""
