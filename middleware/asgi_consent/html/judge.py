"""The verdict on an element: what it fetches and runs, asked of the Decision piece by piece."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.html import css, elements
from asgi_consent.html.elements import Value
from asgi_consent.html.embedded import Embedded, embedded
from asgi_consent.html.fetches import Fetch, fetches, rels
from asgi_consent.html.grammar import COMMENT
from asgi_consent.html.references import decode
from asgi_consent.html.script_text import (
    import_map_references,
    imported,
    is_only_data,
    speculated,
)
from asgi_consent.html.tags import Tag
from asgi_consent.http.client_hints import kept_hints
from asgi_consent.http.links import is_passive as is_passive_link
from asgi_consent.policy import UnknownHosts

#: called with an element's name, a verdict and a URL, for everything held back, and for what passes
#: as a service that the operator has not declared
OnFound = Callable[[str, Verdict, str], None]
#: whether a document has something to hold back
Inside = Callable[[bytes], bool]

#: their text decides, and no address in their start tag can be held back alone
WITH_TEXT = (b"script", b"style")

_ALLOWED = Verdict(allowed=True)
_DENIED = Verdict(allowed=False)
_SHOWN_DATA = ("image/png", "image/gif", "image/jpeg", "image/webp", "text/plain")

#: in the text of a foreign element: what is not text
_markup = re.compile(
    COMMENT + rb"|<!\[CDATA\[([^\]]*+(?:\](?!\]>)[^\]]*+)*+)(?:\]\]>)?+|<[^>]*+>"
).sub
_no_box = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


@dataclass(slots=True)
class Found:
    """Something to hold back: why, the first URL it is about (None for what is no address), and
    where it is. `attributes`: hold these; `addresses`: hold what is written at these places of the
    tag or the text; `text`: the element's text must not count at all. `by_content`: it is about a
    document inside of the tag."""

    verdict: Verdict
    url: str | None = ""
    attributes: list[bytes] = field(default_factory=list)
    addresses: list[int] = field(default_factory=list)
    text: bool = False
    by_content: bool = False


class Judge:
    """Judges the elements of one page for one decision. `noscript`: what counts only without
    scripts."""

    def __init__(
        self, decision: Decision, page: Page, on_found: OnFound, *, noscript: bool = False
    ) -> None:
        self.decision = decision
        self.page = page
        self.on_found = on_found
        self.noscript = noscript
        self._tells_passive = (
            decision.policy.unknown_hosts is UnknownHosts.GATE_ACTIVE and not noscript
        )

    # ---- a start tag

    def tag(self, tag: Tag, *, foreign: bool, inside: Inside) -> Found | None:
        found: Found | None = None
        passive = self._tells_passive and _is_passive(tag)
        for fetch in fetches(tag, foreign=foreign):
            content = embedded(fetch.url) if fetch.value is Value.DOCUMENT else None
            if content:
                verdict = self._of_embedded(tag, content, inside)
            else:
                verdict = self._of_fetch(fetch, passive, inside)
            if verdict.allowed:
                if verdict.service and not verdict.service.declared:
                    self.on_found(_shown(tag), verdict, fetch.url)
                continue
            is_address = fetch.value not in (Value.ADVERTISING, Value.HINTS)
            found = found or Found(verdict, fetch.url if is_address else None)
            found.by_content |= content is not None or fetch.value is Value.MARKUP
            if fetch.at is not None and tag.name not in WITH_TEXT:
                found.addresses.append(fetch.at)
            elif fetch.attribute not in found.attributes:
                found.attributes.append(fetch.attribute)
        return found

    def _of_fetch(self, fetch: Fetch, passive: bool, inside: Inside) -> Verdict:
        value, url = fetch.value, fetch.url
        if value is Value.CSS:
            return self._url(url, passive=not self.noscript)
        if value is Value.MARKUP:
            return _DENIED if inside(url.encode("utf-8", "replace")) else _ALLOWED
        if value is Value.ADVERTISING:
            return _ALLOWED if self.decision.grants_advertising else _DENIED
        if value is Value.HINTS:
            hints = url.encode("utf-8", "replace")
            harmless = self.decision.grants_everything or kept_hints(hints) == hints
            return _ALLOWED if harmless else _DENIED
        return self._url(url, passive=passive)

    def _of_embedded(self, tag: Tag, content: Embedded, inside: Inside) -> Verdict:
        if tag.name == b"script" or content.scheme == "javascript":
            return self._code(content.body, module=True).verdict
        if tag.name == b"link":
            found = self._style(content.body, as_text=False)
            return found.verdict if found else _ALLOWED
        harmless = content.type in _SHOWN_DATA or not inside(content.body)
        return _ALLOWED if harmless else _DENIED

    def _url(self, url: str, *, passive: bool) -> Verdict:
        return self.decision.url(url, self.page, passive=passive)

    # ---- the text of an element

    def text(self, tag: Tag, text: bytes, *, foreign: bool) -> Found | None:
        found = self._text(tag, text, foreign=foreign)
        # A script in SVG ignores its `src`, but browsers that look ahead fetch it all the same.
        looked_at = None
        if foreign or b"style" in tag.values:
            looked_at = self.tag(tag, foreign=foreign, inside=lambda _: True)
        if found and looked_at:
            found.attributes = looked_at.attributes
        return found or looked_at

    def _text(self, tag: Tag, text: bytes, *, foreign: bool) -> Found | None:
        is_markup = foreign and (b"&" in text or b"<" in text)
        if is_markup:
            text = _markup(lambda match: match[1] or b"", text)
            text = decode(text.decode("utf-8", "replace")).encode("utf-8", "replace")
        if tag.name == b"style":
            return self._style(text, as_text=not is_markup)
        kind = script_type(tag)
        if kind == elements.IMPORT_MAP:
            return self._addresses(import_map_references(text.decode("latin-1")), passive=False)
        if kind == elements.SPECULATION_RULES:
            urls = speculated(text.decode("utf-8", "replace"))
            return next((found for url in urls if (found := self._denied(url))), None)
        found = self._code(text, module=kind == b"module")
        return None if found.verdict.allowed else found

    def _denied(self, url: str) -> Found | None:
        verdict = self._url(url, passive=False)
        return None if verdict.allowed else Found(verdict, url, text=True)

    def _code(self, code: bytes, *, module: bool) -> Found:
        verdict = self.decision.inline(code)
        if not verdict.allowed and is_only_data(code):
            verdict = _ALLOWED
        if verdict.allowed:
            for url in imported(code, module=module):
                if found := self._denied(url):
                    return found
        return Found(verdict, text=True)

    def _style(self, text: bytes, *, as_text: bool) -> Found | None:
        passive = not self.noscript
        if css.holds_only(text, lambda url: self._url(url, passive=passive).allowed):
            return None
        found = self._addresses(css.references(text.decode("latin-1")), passive=passive)
        if found and not as_text:
            found.addresses.clear()
            found.text = True
        return found

    def _addresses(self, references: Iterable[css.Reference], *, passive: bool) -> Found | None:
        """The same for text that was decoded with a character for a byte."""
        found: Found | None = None
        for reference in references:
            url = reference.url.encode("latin-1", "replace").decode("utf-8", "replace")
            verdict = self._url(url, passive=passive)
            if not verdict.allowed:
                found = found or Found(verdict, url)
                found.addresses.append(reference.at)
        return found


def _shown(tag: Tag) -> str:
    return tag.name.decode("ascii", "replace")


def script_type(tag: Tag) -> bytes:
    """The kind of a script element (HTML standard, "prepare the script element"): nothing for
    classic JavaScript, `module`, `importmap`, `speculationrules`, or `data` for a data block."""
    kind = tag.get(b"type")
    if kind is None:
        language = tag.text(b"language").lower().encode("utf-8", "replace")
        is_code = not language or b"text/" + language in elements.JAVASCRIPT_TYPES
        return b"" if is_code else b"data"
    essence = tag.text(b"type").strip("\t\n\f\r ").lower().encode("utf-8", "replace")
    if not kind or essence in elements.JAVASCRIPT_TYPES:
        return b""
    known = (b"module", elements.IMPORT_MAP, elements.SPECULATION_RULES)
    return essence if essence in known else b"data"


def _is_passive(tag: Tag) -> bool:
    if tag.name != b"link":
        return tag.name in elements.PASSIVE and has_box(tag)  # a pixel is not there to be seen
    return is_passive_link(rels(tag), tag.get(b"as") or b"")


def has_box(tag: Tag) -> bool:
    """Whether a frame or an image is there to be seen, and not a pixel."""
    if tag.get(b"hidden") is not None or _no_box.search(tag.text(b"style")):
        return False
    return not any((tag.get(size) or b"").strip() in (b"0", b"1") for size in (b"width", b"height"))
