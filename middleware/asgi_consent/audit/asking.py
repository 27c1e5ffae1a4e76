"""How a page asks: its banner, whichever tool made it, and the controls of its layers.

Known tools are driven by a table of selectors, unknown ones by what their controls are called, any
one by selectors that the user gives. What is not found is None, and judged by nobody.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import ElementHandle, Error, Frame, JSHandle, Page

from asgi_consent.assets import STATIC
from asgi_consent.errors import ConsentError

CONTROLS = ("accept", "reject", "settings", "save", "reopen", "withdraw")
_FIND = (STATIC / "audit" / "controls.js").read_text(encoding="utf-8")
_BOXES = (STATIC / "audit" / "boxes.js").read_text(encoding="utf-8")


class SelectorError(ConsentError):
    """A selector the user gave for a control that there is not."""


@dataclass(frozen=True, slots=True)
class Control:
    element: ElementHandle
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page shows of its consent tool right now. `banner` is None where nothing is asked."""

    tool: str = ""
    name: str = ""
    language: str = ""
    banner: ElementHandle | None = None
    controls: Mapping[str, Control] = field(default_factory=dict[str, Control])

    def get(self, kind: str) -> Control | None:
        return self.controls.get(kind)


@cache
def consent_tools() -> list[dict[str, Any]]:
    """The table of known consent managers."""
    tools: list[dict[str, Any]] = _read("consent_tools.toml")["tool"]
    return tools


@cache
def control_names() -> dict[str, Any]:
    return _read("control_names.toml")


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def read_selectors(pairs: list[str]) -> dict[str, str]:
    """`accept=#yes` and the like, as given on the command line. Raises SelectorError."""
    found: dict[str, str] = {}
    for pair in pairs:
        kind, equals, selector = pair.partition("=")
        if not equals or kind not in (*CONTROLS, "banner") or not selector.strip():
            raise SelectorError(
                f"--selector {pair}: expected one of banner, {', '.join(CONTROLS)}, "
                "an equals sign and a CSS selector"
            )
        found[kind] = selector.strip()
    return found


def ask(page: Page, selectors: Mapping[str, str]) -> Asked:
    """Look for the banner and its controls, in the page first, then in its frames."""
    given = {"tools": consent_tools(), "names": control_names(), "given": dict(selectors)}
    best = Asked()
    for frame in page.frames:
        found = _ask_in(frame, given)
        if found.banner is not None:
            return found
        if not best.controls:
            best = found if found.controls or found.tool else best
    return best


def _ask_in(frame: Frame, given: dict[str, Any]) -> Asked:
    try:
        handle = frame.evaluate_handle(_FIND, given)
        plain = handle.evaluate("({ tool, name, language }) => ({ tool, name, language })")
        properties = handle.get_properties()
        controls = {
            kind: Control(element, _name(element))
            for kind in CONTROLS
            if (element := _element(properties.get(kind))) is not None
        }
        return Asked(**plain, banner=_element(properties.get("banner")), controls=controls)
    except Error:  # the frame is gone, or holds no document
        return Asked()


def _element(handle: JSHandle | None) -> ElementHandle | None:
    return handle.as_element() if handle is not None else None


def _name(element: ElementHandle) -> str:
    found: str = element.evaluate(
        "(e) => (e.getAttribute('aria-label') || e.innerText || e.value || '').trim().slice(0, 60)"
    )
    return found


def ticked_boxes(page: Page) -> list[str]:
    """Labels of boxes and switches that are on and could be switched off."""
    return _boxes(page, press=False)


def untick_boxes(page: Page) -> int:
    """Switch off all that are on; how many presses that took."""
    return len(_boxes(page, press=True))


def _boxes(page: Page, *, press: bool) -> list[str]:
    found: list[str] = []
    for frame in page.frames:
        try:
            found += frame.evaluate(_BOXES, press)
        except Error:
            continue
    return found
