"""How accept and reject look, measured in the pixels that a visitor sees.

Style sheets can say anything; a picture cannot. Contrast is that of WCAG 2.2.
https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image
from playwright.sync_api import ElementHandle, Page

Colour = tuple[int, int, int]

_MARGIN = 6  # pixels around a control, to see what it stands on
_STEP = 16  # shades that count as one colour: edges are blurred
_LEAST_SHARE = 0.004  # of the pixels, for a colour to be that of a text

_STYLE = """(element) => { const style = getComputedStyle(element);
  return { tag: element.localName === "input" ? "button" : element.localName,
    size: parseFloat(style.fontSize), weight: style.fontWeight, family: style.fontFamily } }"""


@dataclass(frozen=True, slots=True)
class Appearance:
    """One control. Sizes in CSS pixels; `text` and `fill` are contrast ratios: of the text to the
    control, of the control to what it stands on (1 = it does not stand out)."""

    tag: str
    x: float
    y: float
    width: float
    height: float
    font_size: float
    font_weight: str
    font_family: str
    text: float
    fill: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        return (self.x, self.y, self.width, self.height)


def appearance(page: Page, element: ElementHandle) -> Appearance | None:
    """Measure a control where it is; None where it takes no room."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    if box is None or box["width"] < 2 or box["height"] < 2:
        return None
    style = element.evaluate(_STYLE)
    size = page.viewport_size or {"width": 1280, "height": 800}
    left, top = max(0.0, box["x"] - _MARGIN), max(0.0, box["y"] - _MARGIN)
    picture = page.screenshot(
        clip={
            "x": left,
            "y": top,
            "width": min(box["width"] + 2 * _MARGIN, size["width"] - left),
            "height": min(box["height"] + 2 * _MARGIN, size["height"] - top),
        },
        animations="disabled",
        caret="hide",
    )
    text, fill = contrasts(picture)
    return Appearance(
        tag=style["tag"],
        x=box["x"],
        y=box["y"],
        width=box["width"],
        height=box["height"],
        font_size=style["size"],
        font_weight=style["weight"],
        font_family=style["family"],
        text=text,
        fill=fill,
    )


def contrasts(png: bytes) -> tuple[float, float]:
    """The contrast of the text to what it is on, and of that to the surroundings."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    width, height = image.size
    whole = _colours(image)
    inside = _colours(image.crop((_MARGIN, _MARGIN, width - _MARGIN, height - _MARGIN)))
    around = whole - inside
    ground = _most_common(inside)
    least = _LEAST_SHARE * inside.total()
    texts = [_most_common(shades) for shades in _alike(inside) if shades.total() >= least]
    text = max((contrast(colour, ground) for colour in texts), default=1.0)
    return text, contrast(ground, _most_common(around)) if around else 1.0


def _colours(image: Image.Image) -> Counter[Colour]:
    pixels = image.tobytes()
    return Counter(zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True))


def _alike(colours: Counter[Colour]) -> Iterable[Counter[Colour]]:
    """Colours that differ little, together: the edges of letters are blurred."""
    found: dict[Colour, Counter[Colour]] = defaultdict(Counter)
    for (red, green, blue), count in colours.items():
        shade = (red // _STEP, green // _STEP, blue // _STEP)
        found[shade][red, green, blue] += count
    return found.values()


def _most_common(colours: Counter[Colour]) -> Colour:
    return colours.most_common(1)[0][0] if colours else (255, 255, 255)


def contrast(one: Colour, other: Colour) -> float:
    """1 (the same) to 21 (black on white)."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
