"""What is held back, and its neutral form.

Neutral: the fetching attributes get the prefix `data-consent-`, a script also the type `text/plain`
(a renamed attribute and not the type alone, because an SVG script is fetched whatever its type), a
frame a placeholder in `srcdoc`; an address in CSS or in an import map gets the prefix
`data:consent,`. Everything else stays as it was, so an element keeps its box. `data-consent-gated`
names the category. Markup that is neutral already stays as it is because it has nothing left to
hold back, not because it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache

from asgi_consent.catalog.services import NECESSARY
from asgi_consent.catalog.urls import NOWHERE, Base, base_of, resolve
from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.faults import note_fault
from asgi_consent.html.elements import FETCHING, Value
from asgi_consent.html.judge import (
    WITH_TEXT,
    Found,
    Inside,
    Judge,
    OnFound,
    has_box,
    script_type,
)
from asgi_consent.html.memo import Memo, Memos
from asgi_consent.html.tags import HELD_URL, Tag, insert

GATED = b"data-consent-gated"
SERVICE = b"data-consent-service"
MARKED = b"data-consent"

#: what a placeholder must not inherit: it is our document, with a form in it
_FRAME_ONLY = (b"src", b"srcdoc", b"sandbox", b"csp", b"onload", b"onerror")
#: stands in a memo for a start tag whose element has to be judged by its text
_BY_TEXT = b""
#: element → the attributes with which the element itself is held back and not only a part of it
_WHOLE = {
    name: frozenset(key for key, value in kinds.items() if value in (Value.DOCUMENT, Value.MARKUP))
    for name, kinds in FETCHING.items()
}
_LONGEST_HTML_TAG = 64 * 1024  # bytes that are read for its language
_LONGEST_LANGUAGE = 35  # characters, RFC 5646 section 4.4.1
_NONE: frozenset[bytes] = frozenset()
_DENIED = Verdict(allowed=False)

#: (why it is held back, host, language of the page) → the placeholder document, as ASCII HTML
Placeholder = Callable[[Verdict, str, str], str]


class Gating:
    """Gates one page for one decision. `variant` tells apart what `placeholder` depends on besides
    its arguments, so that `memos` can be shared between requests."""

    def __init__(
        self,
        decision: Decision,
        page: Page,
        placeholder: Placeholder,
        on_found: OnFound,
        *,
        noscript: bool = False,
        memos: Memos | None = None,
        variant: Hashable = None,
    ) -> None:
        self._judge = Judge(decision, page, on_found, noscript=noscript)
        self._placeholder = placeholder
        self._memos = memos
        self._variant = variant
        # In front of what a memo keeps: nothing for HTML with scripts, since all tags begin with <
        self._memo_keys = (b"n", b"nf") if noscript else (b"", b"f")
        self._memo = self._current_memo()
        self._remembers = True

    @property
    def noscript(self) -> bool:
        return self._judge.noscript

    @property
    def denies_nothing(self) -> bool:
        return self._judge.decision.denies_nothing

    def inner(self) -> Gating:
        """The gating of a document inside this page, which may have bases of its own."""
        judge = self._judge
        return Gating(judge.decision, judge.page.inner(), self._placeholder, judge.on_found)

    def in_noscript(self) -> Gating:
        """The gating of what counts only without scripts."""
        judge = self._judge
        return Gating(
            judge.decision,
            judge.page,
            self._placeholder,
            judge.on_found,
            noscript=True,
            memos=self._memos,
            variant=self._variant,
        )

    def _current_memo(self) -> Memo:
        """The memo of all that judging a tag depends on besides its key."""
        if self._memos is None:
            return Memo()
        decision, page = self._judge.decision, self._judge.page
        bases = page.bases
        if not decision.policy.has_own_paths:  # relative addresses are then all alike
            bases = tuple(
                base._replace(path="/") if base.host == page.host else base for base in bases
            )
        return self._memos.of((self._variant, page.language, decision.grants, page.host, bases))

    @property
    def language(self) -> str:
        """Of the page, as it says itself; empty where it does not."""
        return self._judge.page.language

    def html(self, raw: bytes) -> None:
        """The html tag, or nothing where there is none."""
        short = 0 < len(raw) <= _LONGEST_HTML_TAG
        language = Tag(b"html", raw).text(b"lang").strip() if short else ""
        if language and len(language) <= _LONGEST_LANGUAGE:
            self._judge.page.language = language
            self._memo = self._current_memo()

    def base(self, raw: bytes) -> None:
        """A base element: from here on addresses lead elsewhere."""
        tag = Tag(b"base", raw)
        if tag.get(b"href") is not None:
            page = self._judge.page
            self._add_base(base_of(tag.text(b"href"), page.bases[0]))

    def base_unread(self) -> None:
        """A base element too long to be read: from here on they lead to nobody we know."""
        self._add_base(Base(host=NOWHERE))

    def _add_base(self, base: Base) -> None:
        self._judge.page.add_base(base, sure=not self.noscript)
        self._memo = self._current_memo()

    # ---- elements

    def start_tag(self, name: bytes, raw: bytes, *, foreign: bool, inside: Inside) -> bytes:
        """The tag as it may be sent; nothing where the element's text decides."""
        key = self._memo_keys[foreign] + raw
        sent = self._memo.get(key)
        if sent is None:
            sent = self._start_tag(name, raw, foreign=foreign, inside=inside)
            if self._remembers:
                self._memo.put(key, sent)
        return sent

    def with_text(self, name: bytes, raw: bytes, text: bytes, *, foreign: bool) -> bytes:
        """Start tag and text of an element whose text decides."""
        key = self._memo_keys[foreign] + b"<" + raw + text  # never that of a start tag
        sent = self._memo.get(key)
        if sent is None:
            sent = self._with_text(name, raw, text, foreign=foreign)
            if self._remembers:
                self._memo.put(key, sent)
        return sent

    def unknown_text(self, name: bytes, raw: bytes) -> bytes:
        """The start tag of an element whose text cannot be judged."""
        if self.denies_nothing:
            return raw
        tag = Tag(name, raw)
        live = [attribute for attribute in FETCHING.get(name, ()) if tag.get(attribute) is not None]
        return self._neutral(tag, Found(_DENIED, attributes=live, text=True))

    def cut_tag(self, name: bytes, beginning: bytes) -> bytes:
        """The beginning of a start tag too long to be read: empty attributes come first and win."""
        opening = beginning[: len(name) + 1]
        tag = Tag(name, opening)
        for attribute in (*FETCHING.get(name, ()), b"style"):
            tag.add(attribute, b"")
        if name in WITH_TEXT:
            tag.add(b"type", b"text/plain")
        self._mark(tag, Found(_DENIED))
        return tag.render() + beginning[len(opening) :]

    def _start_tag(self, name: bytes, raw: bytes, *, foreign: bool, inside: Inside) -> bytes:
        try:
            tag = Tag(name, raw)
            if name in WITH_TEXT and is_judged_by_text(tag, foreign=foreign):
                return _BY_TEXT
            found = self._judge.tag(tag, foreign=foreign, inside=inside)
            if name in FETCHING and tag.get(MARKED) is not None:
                found = self._with_mark(tag, found)
            return raw if found is None else self._neutral(tag, found)
        except Exception as error:
            return self._unjudged(name, raw, error)

    def _with_text(self, name: bytes, raw: bytes, text: bytes, *, foreign: bool) -> bytes:
        try:
            tag = Tag(name, raw)
            found = self._judge.text(tag, text, foreign=foreign)
            if found is None and tag.get(MARKED) is not None:
                mark = self._judge.decision.marked(tag.text(MARKED))
                found = None if mark.allowed else Found(mark, text=True)
            if found is None:
                return raw + text
            start = self._neutral(tag, found)
            return start + insert(text, [(at, HELD_URL) for at in found.addresses])
        except Exception as error:
            return self._unjudged(name, raw, error) + text

    def _unjudged(self, name: bytes, raw: bytes, error: Exception) -> bytes:
        self._remembers = False  # what a fault leaves out, it leaves out only once
        note_fault(f"judging <{name.decode('ascii', 'replace')}>", error)
        return self.cut_tag(name, raw)

    def _with_mark(self, tag: Tag, found: Found | None) -> Found | None:
        """The same with what `data-consent` says. A mark that is denied holds everything back; one
        that is granted only lets pass what nobody else has declared, and never as necessary."""
        names = tag.text(MARKED)
        mark = self._judge.decision.marked(names)
        if mark.allowed:
            if found is None or found.by_content or NECESSARY in names.split():
                return found
            return None if found.verdict.category is None else found
        live = [name for name in FETCHING[tag.name] if tag.get(name) is not None]
        if tag.get(GATED) is not None and not live:
            return found  # in its neutral form already
        url = tag.text(live[0]) if live else ""
        return Found(mark, url, live, found.addresses if found else [])

    # ---- the neutral form

    def _neutral(self, tag: Tag, found: Found) -> bytes:
        held, name = found.attributes, tag.name
        whole = not _WHOLE.get(name, _NONE).isdisjoint(held)
        if name == b"iframe" and whole:
            held = [attribute for attribute in _FRAME_ONLY if tag.get(attribute) is not None]
            if has_box(tag):
                target = resolve(found.url or "", self._judge.page.bases[0])
                document = self._placeholder(
                    found.verdict, target.host if target else "", self.language
                )
                tag.add(b"srcdoc", _attribute_value(document))
        elif name == b"link" and whole:
            held = [*held, b"rel"]  # a preload without an address is a warning in the console
        elif name in WITH_TEXT and (found.text or whole):
            # Without its address an SVG script would run its text, too, which it never had.
            held = [*held, b"type"]
            tag.add(b"type", b"text/plain")
        if held:
            tag.hold(held)
        if name not in WITH_TEXT:  # there they are places in the text
            for at in found.addresses:
                tag.hold_url(at)
        self._mark(tag, found)
        return tag.render()

    def _mark(self, tag: Tag, found: Found) -> None:
        verdict = found.verdict
        if verdict.service:
            tag.add(SERVICE, _id_value(verdict.service.id))
        tag.add(GATED, _id_value(verdict.category or "undeclared"))
        if found.url is not None:
            self._judge.on_found(tag.name.decode("ascii", "replace"), verdict, found.url)


def is_judged_by_text(tag: Tag, *, foreign: bool) -> bool:
    if tag.name == b"style":
        return tag.text(b"type").lower() in ("", "text/css")
    sources = (b"href", b"xlink:href") if foreign else (b"src",)
    has_source = any(tag.get(name) is not None for name in sources)
    return not has_source and script_type(tag) != b"data"


def _attribute_value(document: str) -> bytes:
    text = document.replace("&", "&amp;").replace('"', "&quot;")
    return text.encode("ascii", "xmlcharrefreplace")


_id_value = lru_cache(1024)(_attribute_value)
