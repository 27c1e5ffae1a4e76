"""The one job that all engines do.

Every engine gets its verdicts from the same remembered answers (`Remembered`), and the rivals
decide in the same lines of Python what to change (`Job`), so that only the engines differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import NamedTuple

from asgi_consent.catalog.builtin import builtin_services
from asgi_consent.catalog.urls import Base, base_of
from asgi_consent.decision import Decision, Grants, Page, Verdict
from asgi_consent.html import elements
from asgi_consent.html.srcset import srcset_urls
from asgi_consent.http.links import FETCHING as FETCHING_RELS
from asgi_consent.policy import Policy, UnknownHosts

HOST = "shop.example"
HEAD = '<script src="/-/consent/guard.js" data-revision="1" data-asks="statistics"></script>'
BODY = '<consent-banner lang="en"><p>May we count visits?</p><button>No</button></consent-banner>'
PLACEHOLDER = "<p>This comes from somebody else.</p>"

_READERS: dict[str, Callable[[str], Iterable[str]]] = {
    "url": lambda value: (value,),
    "document": lambda value: (value,),
    "srcset": srcset_urls,
}
#: element → its attributes that hold URLs, with what reads them out of the value
FETCHING = {
    name.decode(): readers
    for name, attributes in elements.FETCHING.items()
    if (
        readers := {
            attribute.decode(): _READERS[kind.value]
            for attribute, kind in attributes.items()
            if kind.value in _READERS
        }
    )
}
_RELS = frozenset(rel.decode() for rel in FETCHING_RELS)
_JAVASCRIPT = frozenset(kind.decode() for kind in elements.JAVASCRIPT_TYPES)
#: whether the product gates what CSS fetches; if so the rivals do as well
READS_CSS = hasattr(elements, "ANYWHERE")
#: the elements to look at
NAMES = (*FETCHING, "base", *(("style",) if READS_CSS else ()))

# A literal first character lets `re` search at the speed of memchr.
_css_url = re.compile(r"\((?<=[uU][rR][lL]\()[\s\"']*([^\"')\s]+)").findall
_css_import = re.compile(r"@(?i:import)\s+[\"']([^\"']+)").findall

Get = Callable[[str], str | None]
_Denied = tuple[Verdict, str]


class Held(NamedTuple):
    """What makes an element neutral."""

    renamed: list[str]
    added: list[tuple[str, str]]


class Remembered(Decision):
    """A decision that works out every URL and every piece of code once."""

    @cached_property
    def _urls(self) -> Callable[[str, tuple[Base, ...], bool], Verdict]:
        ask = super().url
        return lru_cache(None)(
            lambda url, bases, passive: ask(url, Page(HOST, bases), passive=passive)
        )

    @cached_property
    def _code(self) -> Callable[[bytes], Verdict]:
        return lru_cache(None)(super().inline)

    def url(self, url: str, page: Page, *, passive: bool = False) -> Verdict:
        return self._urls(url, page.bases, passive)

    def inline(self, code: bytes) -> Verdict:
        return self._code(code)


class Task(NamedTuple):
    """What is granted, and what is inserted."""

    decision: Decision
    head: str = HEAD
    body: str = BODY


def gate_all(kind: type[Decision] = Remembered) -> Task:
    """The whole catalogue, a visitor who has granted nothing."""
    return Task(kind(Policy(builtin_services())))


def gate_nothing() -> Task:
    """Everything granted and nothing inserted: what comes out should be what went in."""
    policy = Policy(builtin_services(), unknown_hosts=UnknownHosts.ALLOW)
    return Task(Remembered(policy, grants=Grants(policy.optional)), head="", body="")


#: an element that was held back, with each URL it is about, or the service of its code
Finding = frozenset[tuple[str, str]]


class Job:
    """One page of a task: what to hold back, and what was."""

    def __init__(self, task: Task) -> None:
        self.decision, self.head, self.body = task
        self.page = Page(HOST, (Base("https", HOST, "/dir/page"),))
        self.found: set[Finding] = set()

    def note(self, element: str, verdict: Verdict, url: str) -> None:
        if not verdict.allowed:
            self._note(element, [(verdict, url)])

    def _note(self, element: str, denied: list[_Denied]) -> None:
        self.found.add(
            frozenset(
                (element, url or (verdict.service.id if verdict.service else ""))
                for verdict, url in denied
            )
        )

    def element(self, name: str, get: Get) -> Held | None:
        """The verdict on the URLs of an element, inline code apart."""
        if name == "base":
            if (href := get("href")) is not None:
                self.page.add_base(base_of(href, self.page.bases[0]), sure=True)
            return None
        if name == "link" and _RELS.isdisjoint((get("rel") or "").lower().split()):
            return None
        names, denied = [], []
        for attribute, urls in FETCHING.get(name, {}).items():
            value = get(attribute)
            if value is not None and (found := self._denied(urls(value))):
                names.append(attribute)
                denied.append(found)
        if READS_CSS and (style := get("style")) and (found := self._denied(css_urls(style))):
            names.append("style")
            denied.append(found)
        return self._held(name, denied, names) if denied else None

    def node(self, name: str, get: Get, text: Callable[[], str | None]) -> Held | None:
        """The verdict on an element of a tree, with what is in it."""
        if name == "script" and get("src") is None:
            return self.code((text() or "").encode()) if runs(get) else None
        if name == "style":
            return self.style(text() or "")
        return self.element(name, get)

    def code(self, code: bytes) -> Held | None:
        """The verdict on the code of an inline script that would run."""
        verdict = self.decision.inline(code)
        return None if verdict.allowed else self._held("script", [(verdict, "")], [])

    def style(self, text: str) -> Held | None:
        """The verdict on the text of a style element."""
        found = self._denied(css_urls(text))
        return self._held("style", [found], []) if found else None

    def _denied(self, urls: Iterable[str]) -> _Denied | None:
        for url in urls:
            verdict = self.decision.url(url, self.page)
            if not verdict.allowed:
                return verdict, url
        return None

    def _held(self, name: str, denied: list[_Denied], renamed: list[str]) -> Held:
        self._note(name, denied)
        verdict = denied[0][0]
        added = [("data-consent-gated", verdict.category or "undeclared")]
        if verdict.service:
            added.append(("data-consent-service", verdict.service.id))
        if name == "iframe":
            added.append(("srcdoc", PLACEHOLDER))
        elif name == "link":
            renamed.append("rel")
        elif name in ("script", "style"):
            renamed.append("type")
            added.append(("type", "text/plain"))
        return Held(renamed, added)


def css_urls(text: str) -> list[str]:
    return [*_css_url(text), *_css_import(text)]


def runs(get: Get) -> bool:
    """Whether a browser would run this inline script."""
    kind = get("type")
    if kind is None:
        language = get("language")
        return not language or f"text/{language.lower()}" in _JAVASCRIPT
    essence = kind.strip().lower()
    return not kind or essence == "module" or essence in _JAVASCRIPT


#: Two engines see code and styles only when their tag has left: they put this before the tag, and
#: find it again in the output. (lol-html's text handlers come too late as well, and cost more.)
MARK = "\x1amark\x1a"
_marked = re.compile(rb"<(script|style)(?:[^\"'>]|\"[^\"]*\"|'[^']*')*+>", re.IGNORECASE).match
_end = re.compile(rb"</(?i:script|style)").search


def settle(out: bytes, job: Job) -> bytes:
    first, *parts = out.split(MARK.encode())
    return b"".join((first, *(_settled(part, job) for part in parts)))


def _settled(part: bytes, job: Job) -> bytes:
    tag = _marked(part)
    end = tag and _end(part, tag.end())
    if not tag or not end:
        return part
    name, text = tag[1], part[tag.end() : end.start()]
    is_code = name.lower() == b"script"
    held = job.code(text) if is_code else job.style(text.decode("utf-8", "replace"))
    if not held:
        return part
    at = len(name) + 1
    added = "".join(f' {name}="{value}"' for name, value in held.added).encode()
    rest = tag[0][at:].replace(b" type=", b" data-consent-type=")
    return b"".join((tag[0][:at], added, rest, part[tag.end() :]))


def is_marked(name: str, get: Get) -> bool:
    return name == "style" or (name == "script" and get("src") is None and runs(get))
