"""The engines that rewrite a page, each doing the job of `job.Job`.

What `asgi-consent` needs to know of its own constructors is in `gated`, and nowhere else.
"""

from __future__ import annotations

import html
import inspect
import re
import sys
import zlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from job import FETCHING, MARK, NAMES, PLACEHOLDER, READS_CSS, Held, Job, is_marked, settle

from asgi_consent.decision import Decision
from asgi_consent.html import gating
from asgi_consent.html.rewriter import Rewriter

SPIKE = Path(__file__).parents[2] / "shared" / "spikes" / "html"

Run = Callable[[bytes, Job], bytes]

_TAKES_MEMOS = "memos" in inspect.signature(gating.Gating).parameters


class Engine(NamedTuple):
    """`make` gives a function that rewrites one page; what it remembers belongs to one task."""

    label: str
    make: Callable[[], Run]
    needs: str = ""
    streams: bool = False
    slow: bool = False
    judges: bool = True
    same_as: str = ""
    """for what it has not seen before"""

    @property
    def lacks(self) -> str:
        """Why it cannot run here; empty if it can."""
        if self.needs == "memos":
            return "" if _TAKES_MEMOS else "Gating takes no memos"
        if self.needs == "htmlscan":
            return "" if SPIKE.is_dir() else f"there is no {SPIKE}"
        return "" if not self.needs or find_spec(self.needs) else f"{self.needs} is not installed"


def gated(job: Job, decision: Decision, memos: Any = None) -> Rewriter:
    """Our rewriter for a page; without memos it has seen no tag yet."""
    more: dict[str, Any] = {"memos": memos} if _TAKES_MEMOS else {}
    page = gating.Gating(decision, job.page, lambda *_: PLACEHOLDER, job.note, **more)
    return Rewriter(page, head=job.head.encode(), body=lambda _: job.body.encode())


def _new_memos() -> Any:
    from asgi_consent.html.memo import Memos

    return Memos()


def _ours(*, warm: bool = False, alone: bool = False) -> Run:
    # Every page is of another site, as no app serves them; so each has memos of its own.
    memos: dict[bytes, Any] = {}

    def run(body: bytes, job: Job) -> bytes:
        decision = job.decision
        if alone:
            decision = Decision(decision.policy, grants=decision.grants)
        if warm and body not in memos:
            memos[body] = _new_memos()
        rewriter = gated(job, decision, memos.get(body))
        return rewriter.feed(body) + rewriter.close()

    return run


def _spike(*, warm: bool = False) -> Run:
    sys.path.insert(0, str(SPIKE))
    import htmlscan  # type: ignore[import-not-found]

    names = frozenset(name.encode() for name in NAMES)
    # It knows nothing of <base>, so what it remembers must stay with the page.
    memos: dict[bytes, dict[bytes, bytes | None]] = {}

    def start(job: Job, tag: Any) -> None:
        def get(attribute: str) -> str | None:
            value = tag.get(attribute.encode())
            return None if value is None else str(htmlscan.decode_attr(value))

        name = tag.name.decode()
        if tag.ns == "html" and is_marked(name, get):
            tag.before(MARK.encode())
        elif held := job.element(name, get):
            added = dict(held.added)
            for attribute in held.renamed:
                if attribute not in added:  # `set` replaces it
                    tag.rename(attribute.encode(), b"data-consent-" + attribute.encode())
            for attribute, value in held.added:
                tag.set(attribute.encode(), value.encode())

    def run(body: bytes, job: Job) -> bytes:
        rewriter = htmlscan.Rewriter(
            partial(start, job),
            tags=names,
            end_tags=frozenset((b"body",)),
            head_insert=job.head.encode() or None,
            body_insert=job.body.encode() or None,
            memo=memos.setdefault(body, {}) if warm else {},
        )
        return settle(rewriter.feed(body) + rewriter.close(), job)

    return run


def _selectors(*, apart: bool = False) -> str:
    """The elements to look at; those of one attribute, such as table cells, only where they have
    it. `apart`: no element by two of the selectors."""
    found = []
    for name in NAMES:
        attributes = list(FETCHING.get(name, ()))
        found.append(f"{name}[{attributes[0]}]" if len(attributes) == 1 else name)
    if READS_CSS:
        others = "".join(f":not({selector})" for selector in found) if apart else ""
        found.append(f"[style]{others}")
    return ",".join(found)


class _OnElement:
    """The handler python-lolhtml calls for every element selected."""

    def __init__(self, job: Job, markup: Any, *, code: bool) -> None:
        self._job = job
        self._markup = markup
        self._code = code

    def element(self, element: Any) -> None:
        def get(attribute: str) -> str | None:
            value: str | None = element.get_attribute(attribute)
            return html.unescape(value) if value and "&" in value else value

        name = element.tag_name
        if is_marked(name, get):
            if self._code:
                element.before(MARK, self._markup)
        elif held := self._job.element(name, get):
            for attribute in held.renamed:
                if (value := element.get_attribute(attribute)) is not None:
                    element.remove_attribute(attribute)
                    element.set_attribute(f"data-consent-{attribute}", value)
            for attribute, value in held.added:
                element.set_attribute(attribute, value)


class _Insert(NamedTuple):
    snippet: str
    markup: Any

    def element(self, element: Any) -> None:
        element.prepend(self.snippet, self.markup)


def _lolhtml(*, code: bool = True) -> Run:
    import lolhtml

    selector = _selectors()
    markup = lolhtml.ContentType.HTML

    def run(body: bytes, job: Job) -> bytes:
        out: list[Any] = []
        rewriter = lolhtml.HTMLRewriter(out.append)
        rewriter.on(selector, _OnElement(job, markup, code=code))
        if job.head:
            rewriter.on("head", _Insert(job.head, markup))
            rewriter.on("body", _Insert(job.body, markup))
        rewriter.write(body)
        rewriter.end()
        return settle(b"".join(out), job) if code else b"".join(out)

    return run


def _selectolax() -> Run:
    from selectolax.lexbor import LexborHTMLParser

    selector = _selectors(apart=True)

    def insert(parent: Any, markup: str) -> None:
        snippet = LexborHTMLParser(markup, is_fragment=True).root
        if first := parent.child:
            first.insert_before(snippet)
        else:
            parent.insert_child(snippet)

    def run(body: bytes, job: Job) -> bytes:
        tree = LexborHTMLParser(body)
        for node in tree.css(selector):
            get = node.attributes.get
            if held := job.node((node.tag or "").lower(), get, node.text):
                _hold(held, node.attrs)
        if job.head:
            insert(tree.head, job.head)
            insert(tree.body, job.body)
        return (tree.html or "").encode()

    return run


def _hold(held: Held, attributes: Any) -> None:
    """The same for every tree whose elements have a mapping of attributes."""
    for name in held.renamed:
        if name in attributes:
            value = attributes[name] or ""
            del attributes[name]
            attributes["data-consent-" + name.replace(":", "-")] = value
    for name, value in held.added:
        attributes[name] = value


def _lxml() -> Run:
    from lxml import etree  # type: ignore[import-untyped]
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(encoding="utf-8")
    styled = etree.XPath("//*[@style]")

    def nodes(document: Any) -> list[Any]:
        found = list(document.iter(*NAMES))
        if READS_CSS:
            found += (node for node in styled(document) if node.tag not in NAMES)
        return found

    def run(body: bytes, job: Job) -> bytes:
        document = lxml_html.document_fromstring(body, parser=parser)
        for node in nodes(document):
            if held := job.node(node.tag, node.get, partial(getattr, node, "text")):
                _hold(held, node.attrib)
        for name, markup in (("head", job.head), ("body", job.body)):
            parent = document.find(name)
            if markup and parent is not None:
                parent.insert(0, lxml_html.fragment_fromstring(markup))
        out: bytes = lxml_html.tostring(document.getroottree(), encoding="utf-8")
        return out

    return run


def _soup(builder: str) -> Run:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import PreformattedString

    names = frozenset(NAMES)

    def is_looked_at(tag: Tag) -> bool:
        return tag.name in names or (READS_CSS and "style" in tag.attrs)

    def run(body: bytes, job: Job) -> bytes:
        # Its own guess at the encoding would cost more.
        page = body.decode("utf-8", "replace")
        soup: Any = BeautifulSoup(page, builder, multi_valued_attributes=None)
        for tag in soup.find_all(is_looked_at):
            if held := job.node(tag.name, tag.attrs.get, partial(getattr, tag, "string")):
                _hold(held, tag.attrs)
        for parent, markup in ((soup.head, job.head), (soup.body, job.body)):
            if markup and parent is not None:
                parent.insert(0, PreformattedString(markup))
        return str(soup).encode()

    return run


_naive_tag = re.compile(
    rb"<(script|iframe|frame|embed|object|img|image|source|video|audio|track|input|link)\b"
    rb'([^>]*?)\b(src|href|data|poster)="([^"]*)"',
    re.IGNORECASE,
)


def _naive() -> Run:
    def run(body: bytes, job: Job) -> bytes:
        def replaced(match: re.Match[bytes]) -> bytes:
            url = html.unescape(match[4].decode("utf-8", "replace"))
            verdict = job.decision.url(url, job.page)
            if verdict.allowed:
                return match[0]
            job.note(match[1].decode().lower(), verdict, url)
            return b'<%s%sdata-consent-%s="%s" type="text/plain"' % match.groups()

        body = body.replace(b"<head>", b"<head>" + job.head.encode(), 1)
        body = body.replace(b"<body>", b"<body>" + job.body.encode(), 1)
        return _naive_tag.sub(replaced, body)

    return run


def _zlib() -> Run:
    return lambda body, job: zlib.compress(body, 6)


ENGINES = {
    "ours-cold": Engine("asgi-consent, cold", _ours, streams=True),
    "ours-warm": Engine(
        "asgi-consent, warm", partial(_ours, warm=True), "memos", streams=True, same_as="ours-cold"
    ),
    "ours-first": Engine(
        "asgi-consent, nothing remembered", partial(_ours, alone=True), streams=True
    ),
    "spike-cold": Engine("spike, cold", _spike, "htmlscan", streams=True),
    "spike-warm": Engine(
        "spike, warm", partial(_spike, warm=True), "htmlscan", streams=True, same_as="spike-cold"
    ),
    "lolhtml": Engine("python-lolhtml", _lolhtml, "lolhtml", streams=True),
    "lolhtml-tags": Engine(
        "python-lolhtml, tags only", partial(_lolhtml, code=False), "lolhtml", streams=True
    ),
    "selectolax": Engine("selectolax (lexbor)", _selectolax, "selectolax"),
    "lxml": Engine("lxml", _lxml, "lxml"),
    "bs4": Engine("BeautifulSoup (html.parser)", partial(_soup, "html.parser"), "bs4", slow=True),
    "html5lib": Engine(
        "BeautifulSoup (html5lib)", partial(_soup, "html5lib"), "html5lib", slow=True
    ),
    "naive": Engine("re.sub, wrong", _naive),
    "zlib": Engine("zlib.compress(body, 6)", _zlib, streams=True, judges=False),
}
