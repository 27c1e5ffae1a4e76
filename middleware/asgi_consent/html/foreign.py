"""SVG and MathML inside HTML: there, `script` and `style` are not raw text and CDATA exists.

https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign
"""

from __future__ import annotations

from asgi_consent.html.elements import FETCHING, PLAINTEXT, RAW_TEXT, ROOTS
from asgi_consent.html.tags import Tag, is_self_closing

#: start tags that end foreign content
BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    b"li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    b"var".split()
)
_SVG_POINTS = frozenset((b"foreignobject", b"desc", b"title"))
_MATH_MARKS = frozenset((b"mglyph", b"malignmark"))  # MathML in an integration point of it too
_MATH_POINTS = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
#: end tags that matter while foreign content is open
POINTS = _SVG_POINTS | _MATH_POINTS | {b"annotation-xml"}

#: in foreign content all but these are skipped where they have no content and no address
FOREIGN_STOPS = (
    BREAKOUT | (FETCHING.keys() - {b"use"}) | RAW_TEXT | ROOTS | POINTS | {b"font", PLAINTEXT}
)

#: no HTML element of these names can have foreign content inside
_NEVER_AROUND = RAW_TEXT | POINTS | ROOTS
_DEEPEST = 512  # Chromium nests no deeper either


class ForeignContent:
    """The foreign elements open right now, innermost last; empty in plain HTML.

    An entry with `is_point` is an integration point: what is inside it is HTML again.
    """

    __slots__ = ("_open", "inside", "is_open")

    def __init__(self) -> None:
        self._open: list[tuple[bytes, bytes, bool]] = []  # root, name, is_point
        self.is_open = False
        #: whether the next tag is read by the foreign rules
        self.inside = False

    def start(self, name: bytes, raw: bytes) -> bool:
        """A start tag; whether its element is a foreign one."""
        if self.inside:
            if name in BREAKOUT or (name == b"font" and _is_html_font(Tag(name, raw))):
                self._leave()
                return False
            root = self._open[-1][0]
            if name == b"svg" and self._open[-1][1] == b"annotation-xml":
                root = name
        elif self._open and name in _MATH_MARKS and self._open[-1][1] in _MATH_POINTS:
            root = b"math"
        elif name in ROOTS:
            root = name
        else:
            return False
        if len(self._open) < _DEEPEST and not is_self_closing(name, raw):
            is_point = name in POINTS and _is_point(root, name, raw)
            self._open.append((root, name, is_point))
            self.is_open = True
            self.inside = not is_point
        return True

    def end(self, name: bytes) -> None:
        """An end tag. One that closes nothing foreign is an HTML ancestor's and ends it all."""
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth][1] == name:
                self._close(depth)
                return
            if self._open[depth][2]:  # HTML inside an integration point: its own affair
                return
        if name not in _NEVER_AROUND:
            self._leave()

    def _leave(self) -> None:
        depth = len(self._open)
        while depth and not self._open[depth - 1][2]:
            depth -= 1
        self._close(depth)

    def _close(self, depth: int) -> None:
        del self._open[depth:]
        self.is_open = depth > 0
        self.inside = depth > 0 and not self._open[-1][2]


def _is_point(root: bytes, name: bytes, raw: bytes) -> bool:
    if root == b"svg":
        return name in _SVG_POINTS
    if name == b"annotation-xml":
        encoding = Tag(name, raw).text(b"encoding").lower()
        return encoding in ("text/html", "application/xhtml+xml")
    return name in _MATH_POINTS


def _is_html_font(tag: Tag) -> bool:
    return any(tag.get(name) is not None for name in (b"color", b"face", b"size"))
