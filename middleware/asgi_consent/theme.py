"""The [theme] of consent.toml: how what visitors see looks, and whether everybody can read it.

The tokens are custom properties, which all style sheets begin with. There is one colour for all
buttons, so that accept and reject cannot be told apart by it (EDPB, Cookie Banner Taskforce, 2023).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path

from asgi_consent.tables import Table

_LIGHT = {
    "paper": "#ffffff",  # of the banner, the preferences and our pages
    "ground": "#f4f4f2",  # what lies around our pages
    "ink": "#1c1d21",
    "soft": "#5a5d66",  # of what is said besides
    "line": "#d9dbe1",
    "button": "#1c1d21",
    "button_ink": "#ffffff",
    "focus": "#2f6feb",
}
_DARK = {
    "paper": "#1d1f24",
    "ground": "#141519",
    "ink": "#f1f2f5",
    "soft": "#b0b4be",
    "line": "#3b3f49",
    "button": "#f1f2f5",
    "button_ink": "#17181c",
    "focus": "#7aa7ff",
}
_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
_ROUNDEST = 28  # pixels; more would eat the corners of the text

_PLACEHOLDER = "the ground of placeholders"
_INK_IN_IT = 0.08  # as placeholder.css mixes it

# WCAG 2.2, 1.4.3 for text and 1.4.11 for what one must find: what lies on what.
_TEXT, _FOUND = 4.5, 3.0
_PAIRS = (
    ("ink", "paper", _TEXT),
    ("ink", "ground", _TEXT),
    ("ink", _PLACEHOLDER, _TEXT),
    ("soft", "paper", _TEXT),
    ("soft", "ground", _TEXT),
    ("soft", _PLACEHOLDER, _TEXT),
    ("button_ink", "button", _TEXT),
    ("button", "paper", _FOUND),
    ("button", _PLACEHOLDER, _FOUND),
    ("focus", "paper", _FOUND),
    ("focus", "ground", _FOUND),
    ("focus", _PLACEHOLDER, _FOUND),
)

_is_colour = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})").fullmatch
# A word without quotes is an identifier, and some stand for something else than a font
# (https://drafts.csswg.org/css-fonts/#family-name-syntax).
_is_font = re.compile(
    r"""\s*+("[\w .-]++"|'[\w .-]++'|-?[A-Za-z][\w-]*+( -?[A-Za-z][\w-]*+)*+)\s*+"""
).fullmatch
_NO_FONTS = frozenset(("inherit", "initial", "unset", "revert", "revert-layer", "default"))


class Layout(StrEnum):
    """Where the banner stands on all but the narrowest screens, where it is always a bar."""

    BAR = "bar"
    CARD = "card"
    DIALOG = "dialog"


class Scheme(StrEnum):
    """`auto`: light or dark, as the visitor's system says."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Theme:
    """`radius` is in pixels; `light` and `dark` have a colour for each token; `templates` is the
    folder of the operator's own."""

    layout: Layout = Layout.BAR
    scheme: Scheme = Scheme.AUTO
    radius: int = 14
    font: str = _FONT
    light: Mapping[str, str] = field(default_factory=lambda: _LIGHT)
    dark: Mapping[str, str] = field(default_factory=lambda: _DARK)
    templates: str = ""

    def css(self) -> str:
        """The tokens as custom properties, for the page and for what lies in a shadow root."""
        first = self.dark if self.scheme is Scheme.DARK else self.light
        scheme = "light dark" if self.scheme is Scheme.AUTO else self.scheme
        once = {"radius": f"{self.radius}px", "font": self.font, "scheme": scheme}
        css = _rule({**first, **once})
        if self.scheme is Scheme.AUTO:
            css += f"@media (prefers-color-scheme: dark) {{\n{_rule(self.dark)}}}\n"
        return css


def _rule(tokens: Mapping[str, str]) -> str:
    lines = (f"  --consent-{name.replace('_', '-')}: {value};\n" for name, value in tokens.items())
    return f":host, :root {{\n{''.join(lines)}}}\n"


def read_theme(table: Table, source: str) -> Theme:
    """`source` is the file that it stands in, next to which the folder of templates is."""
    theme = Theme(
        layout=table.choice("layout", Layout, Layout.BAR),
        scheme=table.choice("scheme", Scheme, Scheme.AUTO),
        radius=_radius(table),
        font=_font(table),
        light=_colours(table.table("light"), _LIGHT),
        dark=_colours(table.table("dark"), _DARK),
        templates=_folder(table, source),
    )
    table.done()
    return theme


def _radius(table: Table) -> int:
    radius = table.whole("radius", Theme.radius, least=0)
    if radius > _ROUNDEST:
        table.problem("radius", f"a whole number of pixels, at most {_ROUNDEST}")
        return Theme.radius
    return radius


def _font(table: Table) -> str:
    font = table.text("font", _FONT)
    names = font.split(",")
    if all(map(_is_font, names)) and not _NO_FONTS & {name.strip().lower() for name in names}:
        return font
    table.problem(
        "font",
        "names of fonts, separated by commas, in quotes where a word begins with a digit, such as "
        "\"'Exo 2', Georgia, serif\"",
    )
    return _FONT


def _folder(table: Table, source: str) -> str:
    name = table.text("templates")
    folder = Path(source).parent / name
    if name and not folder.is_dir():
        table.problem("templates", f"a folder; there is none at {folder}")
    return str(folder) if name else ""


def _colours(table: Table, default: Mapping[str, str]) -> Mapping[str, str]:
    colours = {}
    sound = True
    for name, usual in default.items():
        colours[name] = table.text(name, usual).lower()
        if not _is_colour(colours[name]):
            table.problem(name, f'a colour such as "{usual}"')
            sound = False
    table.done()
    for upper, lower, least, found in _unreadable(colours) if sound else ():
        named = lower if lower.startswith("the ") else f'{lower} "{colours[lower]}"'
        table.problem(
            upper if upper in table or lower not in table else lower,
            f'a contrast of at least {least}:1 between {upper} "{colours[upper]}" and {named}, '
            f"as WCAG 2.2 AA has it; it is {found:.2f}:1",
        )
    return colours


def _unreadable(colours: Mapping[str, str]) -> Iterator[tuple[str, str, float, float]]:
    """The pairs that lie upon each other; once is enough where it is the paper that shines through
    a placeholder."""
    channels = {name: _channels(colour) for name, colour in colours.items()}
    both = zip(channels["ink"], channels["paper"], strict=True)
    channels[_PLACEHOLDER] = [_INK_IN_IT * ink + (1 - _INK_IN_IT) * paper for ink, paper in both]
    told = set()
    for upper, lower, least in _PAIRS:
        found = _contrast(channels[upper], channels[lower])
        if found < least and not (lower == _PLACEHOLDER and (upper, "paper") in told):
            told.add((upper, lower))
            yield upper, lower, least, found


def _channels(colour: str) -> list[float]:
    """Red, green and blue, 0 to 1."""
    digits = colour[1:]
    pairs = chain.from_iterable(zip(digits, digits, strict=True)) if len(digits) == 3 else digits
    return [channel / 255 for channel in bytes.fromhex("".join(pairs))]


def _contrast(one: Iterable[float], other: Iterable[float]) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(channels: Iterable[float]) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
