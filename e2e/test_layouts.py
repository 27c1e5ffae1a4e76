"""The banner's layouts and an operator's colours, as a browser lays them out and paints them."""

from __future__ import annotations

from typing import Literal

import pytest

from asgi_consent.theme import Layout
from e2e.test_accessibility import complaints
from e2e.visitor import Visitor

_COLOURS = {"light": {"button": "#0b5d4f", "focus": "#b3261e"}, "dark": {"button": "#7fd1bd"}}
_PAINTED: dict[Literal["light", "dark"], str] = {
    "light": "rgb(11, 93, 79)",
    "dark": "rgb(127, 209, 189)",
}
THEMES = [
    pytest.param({"theme": {"layout": layout, **_COLOURS}}, layout, id=layout) for layout in Layout
]
in_each_layout = pytest.mark.parametrize(("site", "layout"), THEMES, indirect=["site"])

_LOOK = """(button) => { const s = getComputedStyle(button); return [button.tagName, s.font,
  s.color, s.backgroundColor, s.borderTopColor, s.padding, s.opacity, s.textDecorationLine] }"""


def places(site: Visitor, width: int, height: int = 740) -> dict[str, float]:
    site.page.set_viewport_size({"width": width, "height": height})
    site.opens("/")
    banner = site.page.locator("asgi-consent #banner")
    banner.wait_for()
    banner.evaluate("(it) => Promise.all(it.getAnimations().map((one) => one.finished))")
    box = banner.bounding_box()
    assert box is not None
    return {
        "left": box["x"],
        "right": width - box["x"] - box["width"],
        "top": box["y"],
        "bottom": height - box["y"] - box["height"],
    }


@in_each_layout
def test_banner_stands_where_its_layout_says(site: Visitor, layout: Layout) -> None:
    for width in (1280, 3840):
        at = places(site, width)
        assert min(at.values()) >= 8, at
        assert (at["bottom"] == 16) == (layout is not Layout.DIALOG)
        assert (abs(at["top"] - at["bottom"]) < 2) == (layout is Layout.DIALOG)
        assert (abs(at["left"] - at["right"]) < 2) == (layout is not Layout.CARD)
    for width in (280, 360, 480):
        at = places(site, width)
        assert at["bottom"] == at["left"] == at["right"] == 8, "a bar on narrow screens"


@in_each_layout
def test_right_to_left_puts_the_card_on_the_other_side(site: Visitor, layout: Layout) -> None:
    site.context.set_extra_http_headers({"Accept-Language": "ar"})

    at = places(site, 1280)

    assert (at["left"] < at["right"]) == (layout is Layout.CARD)


@pytest.mark.clause("C17")
@in_each_layout
def test_reject_weighs_as_much_as_accept_and_has_the_operators_colour(
    site: Visitor, layout: Layout
) -> None:
    for scheme, colour in _PAINTED.items():
        site.page.emulate_media(color_scheme=scheme)
        for width in (280, 480, 768, 1280):
            places(site, width)
            looks, sizes = [], []
            for value in ("reject", "accept"):
                button = site.page.locator(f"asgi-consent #banner button[value={value}]")
                button.hover()
                looks.append(button.evaluate(_LOOK))
                box = button.bounding_box()
                assert box is not None
                sizes.append((round(box["width"]), round(box["height"])))
            assert looks[0] == looks[1]
            assert sizes[0] == sizes[1]
            assert colour in looks[0]
            assert "1" in looks[0], "hovering takes no contrast away"


@in_each_layout
def test_axe_finds_nothing(site: Visitor, layout: Layout) -> None:
    for scheme in _PAINTED:
        site.page.emulate_media(color_scheme=scheme)
        places(site, 1280)
        assert complaints(site, "asgi-consent") == []
        site.page.get_by_role("link", name="Choose").click()
        assert complaints(site, "asgi-consent") == []
        site.page.keyboard.press("Escape")


@in_each_layout
def test_makes_way_for_what_has_the_focus(site: Visitor, layout: Layout) -> None:
    """WCAG 2.4.11: on a page whose links are everywhere, and cannot all be scrolled out of it."""
    link = "<p style='position:fixed;{0}'><a href='/{1}'>to {1}</a></p>"
    corners = (
        "bottom:2em;left:3em",
        "bottom:2em;right:3em",
        "top:2em;left:50%",
        "top:50%;left:50%",
    )
    body = "".join(link.format(place, number) for number, place in enumerate(corners))
    site.page.set_viewport_size({"width": 1280, "height": 740})
    site.opens(f"/?body={body}")
    site.page.locator("asgi-consent #banner").wait_for()

    for number in range(len(corners)):
        site.page.get_by_role("link", name=f"to {number}").focus()
        site.page.wait_for_function(
            """() => { const at = document.activeElement.getBoundingClientRect();
              const x = at.left + at.width / 2, y = at.top + at.height / 2;
              return document.activeElement.contains(document.elementFromPoint(x, y)) }"""
        )


@in_each_layout
def test_site_can_be_used_beside_it(site: Visitor, layout: Layout) -> None:
    """EDPB guidelines 05/2020, 39: it is not what stands between the visitor and the site."""
    site.page.set_viewport_size({"width": 1280, "height": 740})
    site.opens("/?body=<a href='/there'>to there</a>")
    site.page.locator("asgi-consent #banner").wait_for()

    site.page.get_by_role("link", name="to there").click()

    site.page.wait_for_url("**/there")
