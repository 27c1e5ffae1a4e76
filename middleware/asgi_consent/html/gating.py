"""Which start tags are held back, and their neutral form.

Neutral: the fetching attributes get the prefix `data-consent-`, a script also the type `text/plain`
(a renamed attribute and not the type alone, because an SVG script is fetched whatever its type), a
frame a placeholder in `srcdoc`. Everything else stays as it was, so an element keeps its box.
`data-consent-gated` names the category. Markup that is neutral already stays as it is because it
has nothing left to hold back, not because it says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from asgi_consent.catalog.services import NECESSARY
from asgi_consent.catalog.urls import resolve
from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.html import elements
from asgi_consent.html.elements import FETCHING, Value
from asgi_consent.html.srcset import srcset_urls
from asgi_consent.html.tags import Tag
from asgi_consent.http.links import FETCHING as FETCHING_RELS

GATED = b"data-consent-gated"
SERVICE = b"data-consent-service"
MARKED = b"data-consent"

#: what a placeholder must not inherit: it is our document, with a form in it
_FRAME_ONLY = (b"src", b"srcdoc", b"sandbox", b"csp", b"onload", b"onerror")

_no_box = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)

#: (why it is held back, host) → the placeholder document, as ASCII HTML
Placeholder = Callable[[Verdict, str], str]
#: called with an element's name, a verdict and a URL, for everything held back, and for what passes
#: as a service that the operator has not declared
OnFound = Callable[[str, Verdict, str], None]


class _Found(NamedTuple):
    """A verdict, the attributes it is about, and the first URL it is about."""

    verdict: Verdict
    attributes: list[bytes]
    url: str


class Gating:
    """Gates one page for one decision."""

    def __init__(
        self,
        decision: Decision,
        page: Page,
        placeholder: Placeholder,
        on_found: OnFound,
        *,
        noscript: bool = False,
    ) -> None:
        self._decision = decision
        self._page = page
        self._placeholder = placeholder
        self._on_found = on_found
        self.noscript = noscript

    @property
    def page(self) -> Page:
        return self._page

    def inner(self) -> Gating:
        """The gating of a document inside this page, which may have bases of its own."""
        return Gating(self._decision, self._page.inner(), self._placeholder, self._on_found)

    def in_noscript(self) -> Gating:
        """The gating of what counts only without scripts."""
        return Gating(self._decision, self._page, self._placeholder, self._on_found, noscript=True)

    def start_tag(self, tag: Tag, *, foreign: bool, gates_inside: bool) -> bytes:
        """The tag as it may be sent. `gates_inside`: its srcdoc has something to hold back."""
        if tag.name not in FETCHING:
            return tag.raw
        found = self._judge(tag)
        if tag.get(MARKED) is not None:
            found = self._with_mark(tag, found)
        if gates_inside and found.verdict.allowed:
            found = _Found(Verdict(allowed=False), [], "")
        if found.verdict.allowed:
            return tag.raw
        return self._neutral(tag, found, foreign=foreign)

    def inline_script(self, tag: Tag, code: bytes) -> bytes:
        """The start tag of an inline script, once its code is known."""
        verdict = self._decision.inline(code)
        if verdict.allowed and tag.get(MARKED) is not None:
            verdict = self._decision.marked(tag.text(MARKED))
        return tag.raw if verdict.allowed else self._neutral(tag, _Found(verdict, [], ""))

    def unknown_script(self, tag: Tag) -> bytes:
        """The start tag of an inline script that is too long to know its code."""
        return self._neutral(tag, _Found(Verdict(allowed=False), [], ""))

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

    def _judge(self, tag: Tag) -> _Found:
        """The verdict on the tag's URLs: the first denied one, and every attribute denied."""
        found = _Found(Verdict(allowed=True), [], "")
        if tag.name == b"link" and not _rels(tag) & FETCHING_RELS:
            return found
        passive = not self.noscript and _is_passive(tag)
        for name, kind in FETCHING[tag.name].items():
            if tag.get(name) is None:
                continue
            value = tag.text(name)
            for url in [value] if kind is Value.URL else srcset_urls(value):
                verdict = self._decision.url(url, self._page, passive=passive)
                if not verdict.allowed:
                    if found.verdict.allowed:
                        found = _Found(verdict, [], url)
                    found.attributes.append(name)
                    break
                if verdict.service and not verdict.service.declared:
                    self._report(tag, verdict, url)
        return found

    def _with_mark(self, tag: Tag, found: _Found) -> _Found:
        """The same with what `data-consent` says. A mark that is denied holds everything back; one
        that is granted only lets pass what nobody else has declared, and never as necessary."""
        names = tag.text(MARKED)
        mark = self._decision.marked(names)
        if mark.allowed:
            undeclared = found.verdict.category is None
            if undeclared and NECESSARY not in names.split():
                return _Found(mark, [], "")
            return found
        live = [name for name in FETCHING[tag.name] if tag.get(name) is not None]
        if tag.get(GATED) is not None and not live:
            return found  # in its neutral form already
        return _Found(mark, live, tag.text(live[0]) if live else "")

    def _neutral(self, tag: Tag, found: _Found, *, foreign: bool = False) -> bytes:
        held = found.attributes
        if tag.name == b"iframe":
            held = [name for name in _FRAME_ONLY if tag.get(name) is not None]
            if _has_box(tag):
                target = resolve(found.url, self._page.bases[0])
                host = target.host if target else ""
                document = self._placeholder(found.verdict, host)
                tag.add(b"srcdoc", _attribute_value(document))
        if tag.name == b"link":
            held = [*held, b"rel"]  # a preload without an address is a warning in the console
        for name in held:
            tag.hold(name)
        if tag.name == b"script" and not foreign:
            tag.hold(b"type")
            tag.add(b"type", b"text/plain")
        self._mark(tag, found.verdict, found.url)
        return tag.render()

    def _mark(self, tag: Tag, verdict: Verdict, url: str) -> None:
        if verdict.service:
            tag.add(SERVICE, _attribute_value(verdict.service.id))
        tag.add(GATED, _attribute_value(verdict.category or "undeclared"))
        self._report(tag, verdict, url)

    def _report(self, tag: Tag, verdict: Verdict, url: str) -> None:
        self._on_found(tag.name.decode("ascii", "replace"), verdict, url)


def is_javascript(tag: Tag) -> bool:
    """Whether a browser would run this script element (HTML standard, "prepare the script
    element"), as opposed to a data block such as JSON or a template."""
    kind = tag.get(b"type")
    if kind is None:
        language = tag.text(b"language").lower().encode("utf-8", "replace")
        return not language or b"text/" + language in elements.JAVASCRIPT_TYPES
    essence = tag.text(b"type").strip("\t\n\f\r ").lower().encode("utf-8", "replace")
    return not kind or essence == b"module" or essence in elements.JAVASCRIPT_TYPES


def _rels(tag: Tag) -> frozenset[bytes]:
    return frozenset(tag.text(b"rel").lower().encode("utf-8", "replace").split())


def _is_passive(tag: Tag) -> bool:
    if tag.name != b"link":
        return tag.name in elements.PASSIVE and _has_box(tag)  # a pixel is not there to be seen
    rels = _rels(tag) & FETCHING_RELS
    if b"preload" in rels:
        return (tag.get(b"as") or b"").lower() in elements.PASSIVE_PRELOADS
    return rels <= elements.PASSIVE_RELS


def _has_box(tag: Tag) -> bool:
    """Whether a frame or an image is there to be seen, and not a pixel."""
    if tag.get(b"hidden") is not None or _no_box.search(tag.text(b"style")):
        return False
    return not any((tag.get(size) or b"").strip() in (b"0", b"1") for size in (b"width", b"height"))


def _attribute_value(document: str) -> bytes:
    text = document.replace("&", "&amp;").replace('"', "&quot;")
    return text.encode("ascii", "xmlcharrefreplace")
