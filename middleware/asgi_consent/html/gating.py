"""Which start tags are held back, and their neutral form.

Neutral: the fetching attributes get the prefix `data-consent-`, a script also the type `text/plain`
(a renamed attribute and not the type alone, because an SVG script is fetched whatever its type), a
frame a placeholder in `srcdoc`. Everything else stays as it was, so an element keeps its box.
`data-consent-gated` names the category, and markup that has it is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from asgi_consent.catalog.services import Service
from asgi_consent.catalog.urls import resolve
from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.html import elements
from asgi_consent.html.elements import FETCHING, Value
from asgi_consent.html.srcset import srcset_urls
from asgi_consent.html.tags import Tag

GATED = b"data-consent-gated"
SERVICE = b"data-consent-service"
MARKED = b"data-consent"

#: what a placeholder must not inherit: it is our document, with a form in it
_FRAME_ONLY = (b"src", b"srcdoc", b"sandbox", b"csp", b"onload", b"onerror")

_no_box = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)

#: (service or None where undeclared, host) → the placeholder document, as ASCII HTML
Placeholder = Callable[[Service | None, str], str]
#: called for everything held back, with what it was: an element name or "inline script"
OnGated = Callable[[str, Verdict, str], None]


class Gating:
    """Gates one page for one decision."""

    def __init__(
        self, decision: Decision, page: Page, placeholder: Placeholder, on_gated: OnGated
    ) -> None:
        self._decision = decision
        self._page = page
        self._placeholder = placeholder
        self._on_gated = on_gated

    @property
    def page(self) -> Page:
        return self._page

    def start_tag(self, tag: Tag, *, foreign: bool, gates_inside: bool) -> bytes:
        """The tag as it may be sent. `gates_inside`: its srcdoc has something to hold back."""
        if tag.name not in FETCHING or tag.get(GATED) is not None:
            return tag.raw
        marked = tag.get(MARKED)
        if marked is not None:
            verdict = self._decision.marked(tag.text(MARKED))
            if verdict.allowed:
                return tag.raw
            held = [name for name in FETCHING[tag.name] if tag.get(name) is not None]
            url = tag.text(held[0]) if held else ""
        else:
            verdict, held, url = self._verdict(tag)
            if gates_inside and verdict.allowed:
                verdict, held = Verdict(allowed=False), [b"srcdoc"]
            if verdict.allowed:
                return tag.raw
        return self._neutral(tag, held, verdict, url, foreign=foreign)

    def inline_script(self, tag: Tag, code: bytes) -> bytes:
        """The start tag of an inline script, once its code is known."""
        if tag.get(GATED) is not None or not is_javascript(tag):
            return tag.raw
        marked = tag.get(MARKED) is not None
        verdict = self._decision.marked(tag.text(MARKED)) if marked else self._decision.inline(code)
        return tag.raw if verdict.allowed else self._neutral(tag, [], verdict, "")

    def unknown_script(self, tag: Tag) -> bytes:
        """The start tag of an inline script that is too long to know its code."""
        return self._neutral(tag, [], Verdict(allowed=False), "") if is_javascript(tag) else tag.raw

    def cut_tag(self, name: bytes, beginning: bytes) -> bytes:
        """The beginning of a start tag too long to be read: empty attributes come first and win."""
        if name not in FETCHING:
            return beginning
        tag = Tag(name, beginning)
        for attribute in (*FETCHING[name], b"srcdoc"):
            tag.add(attribute, b"")
        tag.add(b"type", b"text/plain")
        self._mark(tag, Verdict(allowed=False), "")
        return tag.render()

    def inner(self) -> Gating:
        """The gating of a document inside this page, which may have a base of its own."""
        return Gating(self._decision, replace(self._page), self._placeholder, self._on_gated)

    def _verdict(self, tag: Tag) -> tuple[Verdict, list[bytes], str]:
        """The verdict on the tag's URLs: the first denied one, and every attribute denied."""
        found = Verdict(allowed=True)
        held: list[bytes] = []
        where = ""
        if tag.name == b"link" and not _rels(tag) & elements.FETCHING_RELS:
            return found, held, where
        passive = _is_passive(tag)
        for name, kind in FETCHING[tag.name].items():
            if tag.get(name) is None:
                continue
            value = tag.text(name)
            for url in [value] if kind is Value.URL else srcset_urls(value):
                verdict = self._decision.url(url, self._page, passive=passive)
                if not verdict.allowed:
                    if found.allowed:
                        found, where = verdict, url
                    held.append(name)
                    break
        return found, held, where

    def _neutral(
        self, tag: Tag, held: list[bytes], verdict: Verdict, url: str, *, foreign: bool = False
    ) -> bytes:
        if tag.name == b"iframe":
            held = [name for name in _FRAME_ONLY if tag.get(name) is not None]
            if _has_box(tag):
                target = resolve(url, self._page.base)
                document = self._placeholder(verdict.service, target.host if target else "")
                tag.add(b"srcdoc", _attribute_value(document))
        if tag.name == b"link":
            held = [*held, b"rel"]  # a preload without an address is a warning in the console
        for name in held:
            tag.hold(name)
        if tag.name == b"script" and not foreign:
            tag.hold(b"type")
            tag.add(b"type", b"text/plain")
        self._mark(tag, verdict, url)
        return tag.render()

    def _mark(self, tag: Tag, verdict: Verdict, url: str) -> None:
        if verdict.service:
            tag.add(SERVICE, _attribute_value(verdict.service.id))
        tag.add(GATED, _attribute_value(verdict.category or "undeclared"))
        self._on_gated(tag.name.decode("ascii", "replace"), verdict, url)


def is_javascript(tag: Tag) -> bool:
    """Whether a browser would run this script element (HTML standard, "prepare the script
    element"), as opposed to a data block such as JSON or a template."""
    kind = tag.get(b"type")
    if kind is None:
        language = tag.get(b"language")
        return not language or b"text/" + language.lower() in elements.JAVASCRIPT_TYPES
    essence = tag.text(b"type").strip("\t\n\f\r ").lower().encode("utf-8", "replace")
    return not kind or essence == b"module" or essence in elements.JAVASCRIPT_TYPES


def _rels(tag: Tag) -> frozenset[bytes]:
    return frozenset(tag.text(b"rel").lower().encode("utf-8", "replace").split())


def _is_passive(tag: Tag) -> bool:
    if tag.name != b"link":
        return tag.name in elements.PASSIVE
    rels = _rels(tag) & elements.FETCHING_RELS
    if b"preload" in rels:
        return (tag.get(b"as") or b"").lower() in elements.PASSIVE_PRELOADS
    return rels <= elements.PASSIVE_RELS


def _has_box(tag: Tag) -> bool:
    """Whether a frame is there to be seen, and not a pixel."""
    if tag.get(b"hidden") is not None or _no_box.search(tag.text(b"style")):
        return False
    return not any((tag.get(size) or b"").strip() in (b"0", b"1") for size in (b"width", b"height"))


def _attribute_value(document: str) -> bytes:
    text = document.replace("&", "&amp;").replace('"', "&quot;")
    return text.encode("ascii", "xmlcharrefreplace")
