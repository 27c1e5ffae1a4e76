"""What is ours on a page, for everybody: WCAG 2.2 AA by axe-core, keyboard, zoom and in print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from e2e.conftest import Visit
from e2e.visitor import Visitor

_AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: how people have their browsers
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced-colours": {"forced_colors": "active"},
    "arabic-small": {"locale": "ar", "viewport": {"width": 320, "height": 640}},
}


def complaints(visitor: Visitor, within: str = "html") -> list[str]:
    """What axe-core has to say, each with where."""
    visitor.page.evaluate(_AXE)
    found = visitor.page.evaluate(
        "([within, runOnly]) => axe.run(within, { runOnly }).then((found) => found.violations)",
        [within, _RULES],
    )
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_from_the_banner_to_the_rights(visit: Visit, look: str) -> None:
    visitor = visit(**LOOKS[look])
    found: dict[str, list[str]] = {}

    visitor.opens("/cameras/m1")
    visitor.banner_in_any_language.wait_for()
    found["banner and placeholder"] = complaints(visitor)
    visitor.page.locator("asgi-consent .choose").click()
    found["preferences"] = complaints(visitor)
    visitor.page.keyboard.press("Escape")
    with visitor.page.expect_event("load"):
        visitor.page.locator("asgi-consent #banner button[value=accept]").click()
    found["link"] = complaints(visitor)
    for name in ("preferences", "declaration", "rights", "receipt?as=page", "check", "no-such"):
        visitor.opens(f"/_consent/{name}")
        found[f"page {name}"] = complaints(visitor)

    assert {where: what for where, what in found.items() if what} == {}


#: those with the longest texts and the longest words
_LONG = ("ga", "el", "de", "hu")
_SPILLING = """(root) => [...root.shadowRoot.querySelectorAll("section *, dialog *, .link *")]
  .filter(({ childNodes: all }) => [...all].some((one) => one.nodeType === 3 && one.data.trim()))
  .filter((element) => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1
    && getComputedStyle(element).display !== "inline")
  .map((element) => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("language", _LONG)
def test_no_text_is_cut_and_nothing_scrolls_sideways_in_long_languages(
    site: Visitor, language: str
) -> None:
    """320 px is a window of 1280 at 400 % (WCAG 1.4.10)."""
    speaks(site, language)
    for width in (280, 320):
        site.page.set_viewport_size({"width": width, "height": 640})
        site.opens("/")
        site.banner_in_any_language.wait_for()
        host = site.page.locator("asgi-consent")
        spilling = host.evaluate(_SPILLING)
        site.page.locator("asgi-consent .choose").click()
        spilling += host.evaluate(_SPILLING)
        assert spilling == []
        assert _sideways(site) == 0
        for name in ("preferences", "declaration", "rights"):
            site.opens(f"/_consent/{name}")
            assert _sideways(site) == 0, name


def speaks(site: Visitor, language: str) -> None:
    site.context.set_extra_http_headers({"Accept-Language": language})
    site.opens("/")
    assert site.page.locator("asgi-consent").get_attribute("lang") == language


def _sideways(visitor: Visitor) -> int:
    """How many pixels of the page are out of sight to the side."""
    return int(
        visitor.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


@pytest.mark.clause("C17")
@pytest.mark.parametrize("language", _LONG)
def test_no_and_yes_are_as_large_in_every_language(site: Visitor, language: str) -> None:
    speaks(site, language)
    for width in (280, 320, 768, 1280):
        site.page.set_viewport_size({"width": width, "height": 740})
        boxes = [
            site.page.locator(f"asgi-consent #banner button[value={value}]").bounding_box()
            for value in ("reject", "accept")
        ]
        assert boxes[0] is not None
        assert boxes[1] is not None
        for side in ("width", "height"):
            assert abs(boxes[0][side] - boxes[1][side]) < 1, (width, side)


_SMALL = """(root) => [...root.shadowRoot.querySelectorAll("button, summary, .choose, .link a")]
  .filter((element) => element.checkVisibility())
  .map((element) => [element.textContent.trim(), element.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 24 || height < 24).map(([text]) => text)"""


def test_every_target_is_large_enough_for_a_finger(visit: Visit) -> None:
    """WCAG 2.5.8. Links in a sentence are excepted."""
    visitor = visit(viewport={"width": 360, "height": 740})
    visitor.opens()
    visitor.banner.wait_for()
    host = visitor.page.locator("asgi-consent")
    assert host.evaluate(_SMALL) == []
    visitor.page.get_by_role("link", name="Choose").click()
    assert host.evaluate(_SMALL) == []
    visitor.page.keyboard.press("Escape")
    visitor.rejects()
    assert host.evaluate(_SMALL) == []


_COVERED = """() => new Promise((told) => {
  const look = () => {
    const focused = document.activeElement;
    if (focused === document.body || focused.localName === "asgi-consent") return told(false);
    const at = focused.getBoundingClientRect();
    const banner = document.querySelector("asgi-consent").shadowRoot.getElementById("banner");
    const box = banner.getBoundingClientRect();
    told(at.top >= box.top && at.bottom <= box.bottom
      && at.left >= box.left && at.right <= box.right);
  };
  requestAnimationFrame(() => requestAnimationFrame(look));
})"""


def test_focus_is_never_all_behind_the_banner(visit: Visit) -> None:
    """WCAG 2.4.11: down to the last link of the page, which nothing can scroll any further."""
    visitor = visit(viewport={"width": 1280, "height": 600})
    visitor.opens("/cameras/m1")
    visitor.banner.wait_for()
    visitor.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")

    reached = []
    for _ in range(40):
        visitor.page.keyboard.press("Tab")
        reached.append(visitor.page.evaluate("document.activeElement.textContent.trim()"))
        assert not visitor.page.evaluate(_COVERED), reached[-1]
    assert {"Halden", "Privacy and cookies"} <= set(reached)


def test_banner_is_not_printed(visit: Visit) -> None:
    visitor = visit()
    visitor.opens()
    visitor.banner.wait_for()

    visitor.page.emulate_media(media="print")

    assert not visitor.banner.is_visible()
    assert visitor.page.get_by_role("heading", level=1).is_visible()


def test_nothing_moves_for_who_wants_no_motion(visit: Visit) -> None:
    visitor = visit(reduced_motion="reduce")
    visitor.opens()
    visitor.page.get_by_role("link", name="Choose").click()

    moving = "(root) => root.shadowRoot.getAnimations().map((one) => String(one.animationName))"
    assert visitor.page.locator("asgi-consent").evaluate(moving) == []


_SHIFTS = """() => new Promise((told) => {
  new PerformanceObserver((list) => told(list.getEntries().map((entry) => entry.value)))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => told([]), 300);
})"""


def test_banner_shifts_nothing_when_it_comes_and_when_it_goes(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/journal")
    visitor.banner.wait_for()
    assert visitor.page.evaluate(_SHIFTS) == []

    visitor.rejects()

    assert visitor.page.evaluate(_SHIFTS) == []


_FIRST = """() => new Promise((told) => {
  new PerformanceObserver((list) => {
    const painted = list.getEntriesByName("first-contentful-paint");
    if (!painted.length) return;
    const loaded = performance.getEntriesByType("resource");
    const css = loaded.find(({ name }) => name.includes("banner.css"));
    told([css.responseEnd, painted[0].startTime]);
  }).observe({ type: "paint", buffered: true });
})"""


def test_banner_is_there_with_the_first_that_is_painted(visit: Visit) -> None:
    """Its style sheet holds the first paint up, so that it never pops up afterwards."""
    visitor = visit()
    visitor.opens("/journal")

    styled, painted = visitor.page.evaluate(_FIRST)

    assert styled <= painted
    assert visitor.banner.is_visible()


def test_screen_readers_are_told_what_it_is(visit: Visit) -> None:
    visitor = visit()
    visitor.opens("/journal")
    tree = visitor.banner.aria_snapshot()
    assert tree.startswith('- region "May we use cookies?":')
    for line in ('- heading "May we use cookies?" [level=2]', '- button "Reject all"',
                 '- button "Accept all"', '- link "Choose"'):  # fmt: skip
        assert line in tree

    visitor.page.get_by_role("link", name="Choose").click()
    dialog = visitor.page.get_by_role("dialog", name="Your choices")
    tree = dialog.aria_snapshot()
    for line in ('- button "Close without a choice"', 'checkbox "Necessary', "[checked] [disabled]",
                 '- checkbox "Marketing', '- button "Save my choices"'):  # fmt: skip
        assert line in tree, tree
