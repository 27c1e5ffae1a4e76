"""What no template can take from visitors: a no that weighs as much as a yes, boxes that are not
ticked, a way back. Ours have it by construction; an operator's are looked at when the app starts.

Style sheets are not read here: e2e and `asgi-consent verify` see what a browser makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import product

_VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "source", "wbr"))
#: elements that the next of their kind ends
_UNENDED = frozenset(("p", "li", "dt", "dd"))
#: a yes, and the no that stands beside it
_PAIRS = {"accept": "reject", "accept-new": "keep"}
_PRESSED = ("submit", "image")
#: attributes that may tell two buttons apart: nobody sees them
_NAMES = ("id", "title", "aria-label", "aria-describedby")
_TASKFORCE = "EDPB, Cookie Banner Taskforce, 2023"

_Attributes = frozenset[tuple[str, str | None]]


@dataclass
class _Button:
    form: int
    says: str
    attributes: _Attributes
    around: tuple[object, ...]
    within: list[object] = field(default_factory=list[object])

    @property
    def is_there(self) -> bool:
        return not {name for name, _ in self.attributes} & {"hidden", "disabled", "inert"}

    def weighs_as(self, other: _Button) -> bool:
        return (self.attributes, self.around, self.within) == (
            *(other.attributes, other.around, other.within),
        )


def unfairness(document: str, *, asks: bool = False, withdraws: bool = False) -> Iterator[str]:
    """What is wrong with a document in which visitors decide; `asks`: of somebody who has not
    decided, `withdraws`: of somebody who has said yes, and can take it back here."""
    seen = _Decisive()
    seen.feed(document)
    seen.close()
    there = {button.says for button in seen.buttons if button.is_there}
    if withdraws and "reject" not in there:
        yield 'expected a button that withdraws, <button name="choice" value="reject"> (GDPR 7(3))'
    elif asks and "reject" not in there:
        yield f'expected a button "reject" that can be seen and pressed ({_TASKFORCE}, A)'
    if seen.hides_answer:
        yield f"expected answers in buttons alone, and in no hidden field ({_TASKFORCE}, D)"
    if not any("/preferences" in address for address in seen.links) and not seen.has_boxes:
        yield "expected a link to the preferences, {{ preferences }}, or the choices themselves"
    if seen.has_ticked:
        yield f"expected boxes that nobody has ticked beforehand ({_TASKFORCE}, B)"
    for form in {button.form for button in seen.buttons}:
        yield from _unequal([one for one in seen.buttons if one.form == form])


def _unequal(buttons: list[_Button]) -> Iterator[str]:
    for yes, no in _PAIRS.items():
        said = {word: [one for one in buttons if one.says == word] for word in (yes, no)}
        if not said[yes]:
            continue
        if not said[no]:
            yield f'expected a button "{no}" beside the one that says "{yes}" ({_TASKFORCE}, A)'
        elif not all(one.weighs_as(other) for one, other in product(said[yes], said[no])):
            yield (
                f'expected buttons "{yes}" and "{no}" that differ in what they say alone: '
                f"same attributes, side by side ({_TASKFORCE}, D and E)"
            )


class _Decisive(HTMLParser):
    """The buttons, boxes and links of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[_Button] = []
        self.links: list[str] = []
        self.has_boxes = False
        self.has_ticked = False
        self.hides_answer = False
        self._open: list[tuple[str, _Attributes]] = []
        self._forms = 0
        self._button: _Button | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in _UNENDED and self._open and self._open[-1][0] == tag:
            self._open.pop()
        if self._button:
            self._button.within.append((tag, frozenset(attrs)))
        self._forms += tag == "form"
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif tag == "input" and found.get("name") in ("category", "service"):
            self._add_box(found)
        elif found.get("name") == "choice" and tag in ("button", "input"):
            self._add_answer(tag, found)
        if tag not in _VOID:
            self._open.append((tag, frozenset(attrs)))

    def _add_box(self, found: dict[str, str | None]) -> None:
        self.has_boxes = True
        if "disabled" not in found:  # such a one is sent to nobody
            is_sent = found.get("type") == "hidden" or "checked" in found
            self.has_ticked |= is_sent

    def _add_answer(self, tag: str, found: dict[str, str | None]) -> None:
        if tag == "input" and (found.get("type") or "").lower() not in _PRESSED:
            self.hides_answer = True
            return
        says = found.pop("value", None) or ""
        seen = {
            name: value
            for name, value in found.items()
            if name not in _NAMES and not name.startswith("data-")
        }
        button = _Button(self._forms, says, frozenset(seen.items()), tuple(self._open))
        self.buttons.append(button)
        if tag == "button":
            self._button = button

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._button = None
        while self._open and any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break
