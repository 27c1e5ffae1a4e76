"""Parsers that are right, as oracles: what in a document can fetch, as they see it and as we do.

The oracles build trees, and go by the table of `html.elements` as the rewriter does. So what is
compared is where elements, attributes and raw text begin and end; that the table is right is for
other tests to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import html5lib  # type: ignore[import-untyped]
from bs4 import BeautifulSoup, Tag
from selectolax.lexbor import LexborHTMLParser, LexborNode

from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Page, Verdict
from asgi_consent.html import css
from asgi_consent.html.elements import ANYWHERE, FETCHING, PRESENTATION, Value
from asgi_consent.html.fetches import fetches
from asgi_consent.html.gaps import Gaps
from asgi_consent.html.gating import Gating
from asgi_consent.html.judge import Inside
from asgi_consent.html.references import decode
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.html.srcset import srcset_urls
from asgi_consent.html.tags import Tag as StartTag
from asgi_consent.html.tokenizer import Tokenizer
from asgi_consent.html.tokens import Kind
from asgi_consent.http.links import FETCHING as FETCHING_RELS
from asgi_consent.http.refresh import refresh_url
from asgi_consent.policy import Policy
from tests.html.pages import ignore, placeholder


class Fetched(NamedTuple):
    tag: str
    attribute: str
    """empty for the text of a style element"""
    url: str


#: stands for all in a style sheet that is held back without having been read
UNREAD = "unread:"

#: a parser: (document, whether scripts run) → what fetches, in the order of the tree
Oracle = Callable[[bytes, bool], list[Fetched]]

# What the table says of either kind of element fetches in one of them only.
_ONLY_IN_SVG = ("use", "feimage", "set", "animate")
_SVG_POINTS = ("foreignobject", "desc", "title")
_MATH_POINTS = ("mi", "mo", "mn", "ms", "mtext")


def _fetched(name: str, attributes: Mapping[str, str], *, foreign: bool) -> Iterator[Fetched]:
    """What an element fetches by its attributes, whose names are in lower case."""
    for attribute, text in attributes.items():
        kind = _kind(name, attribute, attributes, foreign=foreign)
        for url in _urls(kind, text, attributes) if kind else ():
            yield from _fetched_there(name, attribute, url)


def _fetched_there(name: str, attribute: str, url: str) -> list[Fetched]:
    """Nothing for what leads into the document itself: the rewriter doesn't stop at all of those."""
    tag = "img" if name == "image" else name  # in HTML it is that
    return [Fetched(tag, attribute, url)] if url and not url.startswith("#") else []


def _kind(
    name: str, attribute: str, attributes: Mapping[str, str], *, foreign: bool
) -> Value | None:
    key = attribute.encode("utf-8", "replace")
    rels = attributes.get("rel", "").lower().encode("utf-8", "replace").split()
    is_referring = attribute in ("href", "xlink:href") and name != "link"
    if (
        (name == "link" and not FETCHING_RELS.intersection(rels))
        or (name in _ONLY_IN_SVG and not foreign)
        or (is_referring and not foreign)
        or ((name, attribute) == ("script", "src") and foreign)
    ):
        fetching = None
    else:
        fetching = FETCHING.get(name.encode("utf-8", "replace"), {}).get(key)
    return fetching or ANYWHERE.get(key) or (PRESENTATION.get(key) if foreign else None)


def _urls(kind: Value, text: str, attributes: Mapping[str, str]) -> list[str]:
    match kind:
        case Value.SRCSET:
            return srcset_urls(text)
        case Value.URLS:
            return text.split()
        case Value.CSS:
            return _css_urls(text)
        case Value.REFRESH:
            is_refresh = text.strip("\t\n\f\r ").lower() == "refresh"
            url = refresh_url(attributes.get("content", "")) if is_refresh else None
            return [url] if url else []
        case Value.ANIMATED:
            target = attributes.get("attributename", "").strip("\t\n\f\r ").lower()
            return text.split(";") if target in ("href", "xlink:href") else _css_urls(text)
        case Value.HINTS:
            return []
    return [text]


def _of_style(text: str, attributes: Mapping[str, str]) -> Iterator[Fetched]:
    if attributes.get("type", "").lower() in ("", "text/css"):
        for url in dict.fromkeys(_css_urls(text)):
            yield from _fetched_there("style", "", url)


def _css_urls(text: str) -> list[str]:
    return [reference.url for reference in css.references(text)]


# ---- lexbor


def by_lexbor(html: bytes, scripting: bool) -> list[Fetched]:
    tree = LexborHTMLParser(html.decode("utf-8", "replace"), scripting=scripting)
    assert tree.root is not None
    return list(_of_lexbor(tree.root))


def _of_lexbor(root: LexborNode) -> Iterator[Fetched]:
    """It does not tell namespaces, but they follow from the tree: each element is given with that
    in which its children are."""
    todo: list[tuple[LexborNode, str]] = [(root, "")]
    while todo:
        node, namespace = todo.pop()
        name = (node.tag or "").lower()
        namespace = namespace or (name if name in ("svg", "math") else "")
        attributes = {key.lower(): value or "" for key, value in node.attributes.items()}
        yield from _fetched(name, attributes, foreign=bool(namespace))
        if name == "style":
            yield from _of_style(node.text(deep=False), attributes)
        inert = node.template_fragments() if name == "template" and node.child is None else []
        if _is_point(namespace, name, attributes):
            namespace = ""
        todo += reversed([(child, namespace) for child in (inert[0] if inert else node).iter()])


def _is_point(namespace: str, name: str, attributes: Mapping[str, str]) -> bool:
    if namespace == "math" and name == "annotation-xml":
        encoding = attributes.get("encoding", "").lower()
        return encoding in ("text/html", "application/xhtml+xml")
    return name in {"svg": _SVG_POINTS, "math": _MATH_POINTS}.get(namespace, ())


# ---- html5lib

_HTML = "{http://www.w3.org/1999/xhtml}"
_XLINK = "{http://www.w3.org/1999/xlink}"


def by_html5lib(html: bytes, scripting: bool) -> list[Fetched]:
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    root: Element = parser.parse(html.decode("utf-8", "replace"), scripting=scripting)
    return [fetched for element in root.iter() for fetched in _of_html5lib(element)]


def _of_html5lib(element: Element[Any]) -> Iterator[Fetched]:
    if not isinstance(element.tag, str):  # a comment
        return
    attributes = {
        key.replace(_XLINK, "xlink:").lower(): value for key, value in element.attrib.items()
    }
    name = element.tag.rpartition("}")[2].lower()
    yield from _fetched(name, attributes, foreign=not element.tag.startswith(_HTML))
    if name == "style":
        tails = ((child.tail or "") for child in element)
        yield from _of_style("".join((element.text or "", *tails)), attributes)


# ---- BeautifulSoup on html.parser


def by_soup(html: bytes, scripting: bool = False) -> list[Fetched]:
    """It knows no scripting, and of foreign content only what it takes from case."""
    soup = BeautifulSoup(
        html.decode("utf-8", "replace"), "html.parser", multi_valued_attributes=None
    )
    return [fetched for tag in soup.find_all(True) for fetched in _of_soup(tag)]


def _of_soup(tag: Tag) -> Iterator[Fetched]:
    attributes = {key.lower(): str(value) for key, value in tag.attrs.items()}
    foreign = tag.name in ("svg", "math") or tag.find_parent(["svg", "math"]) is not None
    yield from _fetched(tag.name, attributes, foreign=foreign)
    if tag.name == "style":
        yield from _of_style(tag.get_text(), attributes)


# ---- ourselves


@dataclass(frozen=True)
class _AllowsAll(Decision):
    """Writes down what it is asked."""

    asked: list[str] = field(default_factory=list)

    def url(self, url: str, page: Page, *, passive: bool = False) -> Verdict:
        self.asked.append(url)
        return Verdict(allowed=True)


class _DeniesAll(Decision):
    def url(self, url: str, page: Page, *, passive: bool = False) -> Verdict:
        return Verdict(allowed=False)


class _Recording(Gating):
    """Writes down what the rewriter gives it to judge."""

    found: list[Fetched]
    asked: list[str]

    def start_tag(self, name: bytes, raw: bytes, *, foreign: bool, inside: Inside) -> bytes:
        for fetch in fetches(StartTag(name, raw), foreign=foreign):
            self._record(name, fetch.attribute, fetch.url)
        return super().start_tag(name, raw, foreign=foreign, inside=inside)

    def with_text(self, name: bytes, raw: bytes, text: bytes, *, foreign: bool) -> bytes:
        self.asked.clear()
        sent = super().with_text(name, raw, text, foreign=foreign)
        # The quick look asks about more than there is, so where what is read is not in doubt:
        urls = self.asked if foreign else _css_urls(text.decode("utf-8", "replace"))
        for url in dict.fromkeys(urls if name == b"style" else ()):
            self._record(name, b"", url)
        return sent

    def unknown_text(self, name: bytes, raw: bytes) -> bytes:
        self._record(name, b"", UNREAD)
        return super().unknown_text(name, raw)

    def in_noscript(self) -> Gating:
        inner = super().in_noscript()
        inner.__class__ = _Recording
        assert isinstance(inner, _Recording)
        inner.found, inner.asked = self.found, self.asked
        return inner

    def _record(self, tag: bytes, attribute: bytes, url: str) -> None:
        url = url.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        name = tag.decode("utf-8", "replace").replace("\0", "\ufffd")
        self.found += _fetched_there(name, attribute.decode("utf-8", "replace"), url)


_PAGE = Page("shop.example", (Base("https", "shop.example", "/"),))


def judged(html: bytes) -> tuple[list[Fetched], bytes]:
    """What the rewriter judges of a page, in its order; and the page when all of it is allowed."""
    decision = _AllowsAll(Policy({}))
    gating = _Recording(decision, _PAGE.inner(), placeholder, ignore)
    gating.found, gating.asked = [], decision.asked
    rewriter = Rewriter(gating)
    sent = rewriter.feed(html) + rewriter.close()
    return gating.found, sent


def missed(by_us: Iterable[Fetched], by_them: Iterable[Fetched]) -> set[Fetched]:
    """What they see and we don't; the text of a style sheet that we don't read is held back."""
    ours = set(by_us)
    unread = Fetched("style", "", UNREAD) in ours
    return {seen for seen in {*by_them} - ours if not (unread and seen[:2] == ("style", ""))}


def gated(html: bytes) -> bytes:
    """A page of which every address is held back."""
    rewriter = Rewriter(Gating(_DeniesAll(Policy({})), _PAGE.inner(), placeholder, ignore))
    return rewriter.feed(html) + rewriter.close()


def alive(oracle: Oracle, html: bytes, scripting: bool) -> list[Fetched]:
    """What still fetches, of the documents in it too."""
    found: list[Fetched] = []
    for fetched in oracle(html, scripting):
        if fetched.attribute == "srcdoc":
            found += alive(oracle, fetched.url.encode("utf-8", "replace"), scripting)
        elif not fetched.url.lower().startswith(("data:", "javascript:")):
            found.append(fetched)
    return found


def start_tags(html: bytes, stops: Gaps) -> dict[int, list[Fetched]]:
    """Where start tags are that fetch."""
    tokenizer = Tokenizer(fragment=True, stops=stops)
    found: dict[int, list[Fetched]] = {}
    at = 0
    for kind, raw, name, foreign in chain(*tokenizer.feed(html), *tokenizer.close()):
        if kind is Kind.START:
            values = StartTag(name, raw).values.items()
            attributes = {_text(key): decode(_text(value)) for key, value in values}
            found[at] = list(_fetched(_text(name), attributes, foreign=foreign))
        at += len(raw)
    return {at: fetched for at, fetched in found.items() if fetched}


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace")
