"""What visitors were shown, as documents that can be shown again: the proof of what they agreed to.

Each is complete in itself, styles included, and is rendered without anything of the visitor in it:
no box is ticked and no address filled in. What was ticked stands in the record. So there are few
of them, whatever visitors do.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from html.parser import HTMLParser

from asgi_consent.ledger.store import Shown

_MOST = 512  # documents that are remembered


class ShownDocuments:
    """`render` gives the document for a key; equal keys have equal documents."""

    def __init__(self, render: Callable[..., str]) -> None:
        self._render = render
        self._by_key: OrderedDict[tuple[object, ...], Shown] = OrderedDict()
        self._by_hash: dict[str, Shown] = {}

    def of(self, language: str, *key: object) -> Shown:
        shown = self._by_key.get(key)
        if shown is None:
            document = self._render(*key)
            hash_ = hashlib.sha256(document.encode()).hexdigest()
            shown = self._by_key[key] = Shown(hash_, language, document)
            self._by_hash[hash_] = shown
            if len(self._by_key) > _MOST:
                _, old = self._by_key.popitem(last=False)
                self._by_hash.pop(old.hash, None)
        return shown

    def find(self, hash_: str) -> Shown | None:
        """The document with this hash, if this process has rendered it."""
        return self._by_hash.get(hash_)


def ticked(document: str, names: Iterable[str]) -> str:
    """The document with the boxes ticked that were."""
    for name in names:
        document = document.replace(f'value="{name}">', f'value="{name}" checked>')
    return document


def words_of(document: str) -> list[str]:
    """The words of a document, a block a line; buttons and boxes in brackets."""
    words = _Words()
    words.feed(document)
    return words.lines


class _Words(HTMLParser):
    """The words of a document, a block a line; buttons and boxes in brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._silent = 0
        self._button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("style", "title"):
            self._silent += 1
        elif tag == "button":
            self._button = "hidden" not in found
        elif tag == "input" and found.get("type") == "checkbox":
            self.lines.append("[x]" if "checked" in found else "[ ]")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "title"):
            self._silent -= 1
        self._button = self._button and tag != "button"

    def handle_data(self, data: str) -> None:
        text = re.sub(r"\s+", " ", data).strip()
        if text and not self._silent:
            self.lines.append(f"[{text}]" if self._button else text)
