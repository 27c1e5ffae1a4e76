"""What no template can take from visitors: a no that weighs as much as a yes, boxes that are not
ticked, a way back. Ours have it by construction; an operator's are looked at when the app starts.

Style sheets are not read here: e2e and `asgi-consent verify` see what a browser makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "source", "wbr"))
#: a yes, and the no that stands beside it
_PAIRS = {"accept": "reject", "accept-new": "keep"}
_TASKFORCE = "EDPB, Cookie Banner Taskforce, 2023"


@dataclass
class _Button:
    form: int
    says: str
    attributes: frozenset[tuple[str, str | None]]
    around: tuple[object, ...]
    within: list[object] = field(default_factory=list[object])


def unfairness(document: str, *, withdraws: bool = False) -> Iterator[str]:
    """What is wrong with a document in which visitors decide; `withdraws`: of somebody who has said
    yes, and can take it back here."""
    seen = _Decisive()
    seen.feed(document)
    seen.close()
    if withdraws and not any(button.says == "reject" for button in seen.buttons):
        yield 'expected a button that withdraws, <button name="choice" value="reject"> (GDPR 7(3))'
    if not any("/preferences" in address for address in seen.links) and not seen.boxes:
        yield "expected a link to the preferences, {{ preferences }}, or the choices themselves"
    if any(seen.boxes.values()):
        yield f"expected boxes that nobody has ticked beforehand ({_TASKFORCE}, B)"
    for form in {button.form for button in seen.buttons}:
        yield from _unequal({one.says: one for one in seen.buttons if one.form == form})


def _unequal(buttons: dict[str, _Button]) -> Iterator[str]:
    for yes, no in _PAIRS.items():
        if yes not in buttons:
            continue
        if no not in buttons:
            yield f'expected a button "{no}" beside the one that says "{yes}" ({_TASKFORCE}, A)'
            continue
        one, other = buttons[yes], buttons[no]
        for what in ("attributes", "around", "within"):
            if getattr(one, what) != getattr(other, what):
                yield (
                    f'expected buttons "{yes}" and "{no}" that differ in what they say alone: '
                    f"same attributes, side by side ({_TASKFORCE}, D and E)"
                )
                break


class _Decisive(HTMLParser):
    """The buttons, boxes and links of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[_Button] = []
        self.boxes: dict[str, bool] = {}  # whether they are ticked
        self.links: list[str] = []
        self._open: list[tuple[str, frozenset[tuple[str, str | None]]]] = []
        self._forms = 0
        self._button: _Button | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if self._button:
            self._button.within.append((tag, frozenset(attrs)))
        self._forms += tag == "form"
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif tag == "input" and found.get("name") in ("category", "service"):
            self.boxes[found.get("value") or ""] = "checked" in found
        elif tag == "button" and found.get("name") == "choice":
            says = found.pop("value", None) or ""
            attributes = frozenset(found.items())
            self._button = _Button(self._forms, says, attributes, tuple(self._open))
            self.buttons.append(self._button)
        if tag not in _VOID:
            self._open.append((tag, frozenset(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._button = None
        while self._open and any(name == tag for name, _ in self._open):
            if self._open.pop()[0] == tag:
                break
