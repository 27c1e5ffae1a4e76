"""SVG and MathML inside HTML: there, `script` and `style` are not raw text and CDATA exists.

https://html.spec.whatwg.org/multipage/parsing.html#parsing-main-inforeign
"""

from __future__ import annotations

from asgi_consent.html.elements import RAW_TEXT
from asgi_consent.html.tags import Tag

#: start tags that end foreign content
BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img "
    b"li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul "
    b"var".split()
)
_SVG_POINTS = frozenset((b"foreignobject", b"desc", b"title"))
_MATH_POINTS = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
ROOTS = frozenset((b"svg", b"math"))
#: end tags that matter while foreign content is open
POINTS = _SVG_POINTS | _MATH_POINTS | {b"annotation-xml"}

#: no HTML element of these names can have foreign content inside
_NEVER_AROUND = RAW_TEXT | POINTS | ROOTS
_DEEPEST = 512  # Chromium nests no deeper either


class ForeignContent:
    """The foreign elements open right now, innermost last; empty in plain HTML.

    An entry with `is_point` is an integration point: what is inside it is HTML again.
    """

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: list[tuple[bytes, bytes, bool]] = []  # root, name, is_point

    @property
    def is_open(self) -> bool:
        return bool(self._open)

    @property
    def inside(self) -> bool:
        """Whether the next tag is read by the foreign rules."""
        return bool(self._open) and not self._open[-1][2]

    def start(self, tag: Tag) -> bool:
        """A start tag; whether its element is a foreign one."""
        name = tag.name
        if self.inside:
            if name in BREAKOUT or (name == b"font" and _is_html_font(tag)):
                self._leave()
                return False
            root = self._open[-1][0]
        elif name in ROOTS:
            root = name
        else:
            return False
        if not tag.self_closing and len(self._open) < _DEEPEST:
            self._open.append((root, name, _is_point(root, tag)))
        return True

    def end(self, name: bytes) -> None:
        """An end tag. One that closes nothing foreign is an HTML ancestor's and ends it all."""
        if not self._open:
            return
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth][1] == name:
                del self._open[depth:]
                return
            if self._open[depth][2]:  # HTML inside an integration point: its own affair
                return
        if name not in _NEVER_AROUND:
            self._leave()

    def _leave(self) -> None:
        while self._open and not self._open[-1][2]:
            self._open.pop()


def _is_point(root: bytes, tag: Tag) -> bool:
    if root == b"svg":
        return tag.name in _SVG_POINTS
    if tag.name == b"annotation-xml":
        encoding = (tag.get(b"encoding") or b"").lower()
        return encoding in (b"text/html", b"application/xhtml+xml")
    return tag.name in _MATH_POINTS


def _is_html_font(tag: Tag) -> bool:
    return any(tag.get(name) is not None for name in (b"color", b"face", b"size"))
