"""SVG and MathML inside HTML: there, `script` and `style` are not raw text and CDATA exists.

https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign

What is open is known from the outermost `svg` or `math` on; inside integration points as far as
HTML elements close in the order in which they opened. Beyond that only a tree builder knows: then
it is in doubt whether the next tag is read by the foreign rules.
"""

from __future__ import annotations

from typing import NamedTuple

from asgi_consent.html.elements import FETCHING, PLAINTEXT, RAW_TEXT, ROOTS
from asgi_consent.html.tags import Tag, is_self_closing

#: start tags that end foreign content
BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    b"li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    b"var".split()
)
_BREAKOUT_ENDS = (b"p", b"br")
_SVG_POINTS = frozenset((b"foreignobject", b"desc", b"title"))
_MATH_MARKS = frozenset((b"mglyph", b"malignmark"))  # MathML in an integration point of it too
_MATH_POINTS = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
_POINTS = _SVG_POINTS | _MATH_POINTS | {b"annotation-xml"}

#: in foreign content all but these are skipped where they have no content and no address
FOREIGN_STOPS = (
    BREAKOUT | (FETCHING.keys() - {b"use"}) | RAW_TEXT | ROOTS | _POINTS | {b"font", PLAINTEXT}
)

# HTML elements in an integration point: those without an end, those that close nothing when they
# begin, those that close only their like, those that may stand in a paragraph without closing it.
_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param "
    b"source track wbr".split()
)
_PHRASING = frozenset(
    b"abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span "
    b"strike strong sub sup time tt u var".split()
)
_ONCE = frozenset(b"a button h1 h2 h3 h4 h5 h6 p".split())
_PLAIN = (
    _PHRASING
    | _ONCE
    | frozenset(
        b"address article aside blockquote center details div dl fieldset figcaption figure footer "
        b"header legend main menu nav ol pre section summary ul video audio picture canvas".split()
    )
)
_DEEPEST = 512  # Chromium nests no deeper either

#: start tags whose HTML and foreign elements differ in more than what they fetch
SETTLED = RAW_TEXT | {PLAINTEXT, b"base"}


class _Open(NamedTuple):
    """An open element. `root` is its namespace: svg, math, or nothing for HTML."""

    root: bytes
    name: bytes
    is_point: bool = False


class ForeignContent:
    __slots__ = ("_only_root", "_open", "_points", "in_doubt", "in_html", "outside")

    def __init__(self) -> None:
        self._open: list[_Open] = []  # innermost last; an integration point holds HTML
        self.in_doubt = False
        self._only_root = b""  # in doubt: what may be open begins with this one, if anything
        self._points = False  # in doubt: something may be open below an integration point
        self.outside = False  # in doubt: the next start tag is surely read as in HTML
        self.in_html = False  # in doubt: what it would be in is surely an HTML element

    @property
    def is_open(self) -> bool:
        """Whether there is, or may be, foreign content around."""
        return self.in_doubt or bool(self._open)

    @property
    def inside(self) -> bool:
        """Whether the next start tag is read by the foreign rules."""
        return bool(self._open) and bool(self._open[-1].root) and not self._open[-1].is_point

    @property
    def takes_cdata(self) -> bool:
        """Whether CDATA sections exist here; in doubt not."""
        return bool(self._open) and bool(self._open[-1].root)

    @property
    def can_end(self) -> bool:
        """Whether a start tag that breaks out ends something."""
        return self.inside or (self.in_doubt and not self._points)

    def start(self, name: bytes, raw: bytes) -> bool:
        """A start tag; whether its element is a foreign one, or may be."""
        if self.in_doubt:
            return self._start_in_doubt(name, raw)
        root = self._namespace(name, raw)
        if not root:
            if self._open:
                self._start_html(name)
            return False
        if len(self._open) >= _DEEPEST:
            self.doubt()
        elif not is_self_closing(name, raw):
            self._open.append(_Open(root, name, _is_point(root, name, raw)))
        return True

    def _namespace(self, name: bytes, raw: bytes) -> bytes:
        if self.inside:
            if _breaks_out(name, raw):
                self._leave()
                return b""
            if name == b"svg" and self._open[-1].name == b"annotation-xml":
                return name
            return self._open[-1].root
        if name in _MATH_MARKS and self._open and self._open[-1].name in _MATH_POINTS:
            return self._open[-1].root
        return name if name in ROOTS else b""

    def _start_html(self, name: bytes) -> None:
        """An HTML element in an integration point."""
        if name in _VOID or (name in RAW_TEXT and name != b"noscript"):
            return
        around = self._html_around()
        if (
            name not in _PLAIN
            or (name in _ONCE and name in around)
            or (b"p" in around and name not in _PHRASING)
            or len(self._open) >= _DEEPEST
        ):
            self.doubt()
        else:
            self._open.append(_Open(b"", name))

    def _html_around(self) -> set[bytes]:
        """The HTML elements open in the innermost integration point."""
        names: set[bytes] = set()
        for element in reversed(self._open):
            if element.root:
                break
            names.add(element.name)
        return names

    def end(self, name: bytes) -> None:
        if self.in_doubt:
            self.outside = self.in_html = False
            if name == self._only_root or name in _BREAKOUT_ENDS:
                self.settle()
            return
        for depth in range(len(self._open) - 1, -1, -1):
            element = self._open[depth]
            is_html = not element.root
            if element.name == name and (not is_html or depth == len(self._open) - 1):
                del self._open[depth:]
                return
            if is_html:
                break
            if name in _BREAKOUT_ENDS:
                self._leave()
                return
        self.doubt()  # whether it closes something is decided by the HTML elements around

    def doubt(self) -> None:
        """From here on what is open may be open or not."""
        if self.in_doubt:
            return
        roots = [element.name for element in self._open if element.name in ROOTS]
        self._only_root = roots[0] if len(roots) == 1 else b""
        self._points = any(element.is_point for element in self._open)
        self._open.clear()
        self.in_doubt = True
        self.outside = self.in_html = False

    def doubt_for_ever(self) -> None:
        self.doubt()
        self._points = True

    def settle(self) -> None:
        """Foreign content has been ended in either reading: no doubt is left, unless the end of an
        integration point may lead back into it."""
        self.in_doubt = self._points
        self.outside = True

    def _start_in_doubt(self, name: bytes, raw: bytes) -> bool:
        if name in SETTLED:
            return False
        if _breaks_out(name, raw):
            self.settle()
        elif name in ROOTS or name in _MATH_MARKS:
            if not is_self_closing(name, raw):
                self._only_root = b""
                self.outside = self.in_html = False
            return True
        elif not self.outside:
            self._points = self._points or name in _POINTS
        self.in_html = self.in_html or (self.outside and name in _PLAIN)
        return self.in_doubt and not self.outside

    def _leave(self) -> None:
        while self.inside:
            self._open.pop()


def _breaks_out(name: bytes, raw: bytes) -> bool:
    return name in BREAKOUT or (name == b"font" and _is_html_font(Tag(name, raw)))


def _is_point(root: bytes, name: bytes, raw: bytes) -> bool:
    if root == b"svg":
        return name in _SVG_POINTS
    if name == b"annotation-xml":
        encoding = Tag(name, raw).text(b"encoding").lower()
        return encoding in ("text/html", "application/xhtml+xml")
    return name in _MATH_POINTS


def _is_html_font(tag: Tag) -> bool:
    return any(tag.get(name) is not None for name in (b"color", b"face", b"size"))
