"""What an element fetches: every address in its start tag, as a browser would read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from asgi_consent.html import css
from asgi_consent.html.elements import ANYWHERE, FETCHING, PRESENTATION, Value
from asgi_consent.html.references import Decoded, decode
from asgi_consent.html.srcset import srcset_urls
from asgi_consent.html.tags import Tag
from asgi_consent.http.links import FETCHING as FETCHING_RELS
from asgi_consent.http.refresh import refresh_url

_IN_SVG = {**ANYWHERE, **PRESENTATION}
_OF_HTML = {name: {**ANYWHERE, **values} for name, values in FETCHING.items()}
_OF_SVG = {name: {**_IN_SVG, **values} for name, values in FETCHING.items()}


class Fetch(NamedTuple):
    """`at`: where in the tag the address is written, if it can be held back there."""

    attribute: bytes
    value: Value
    url: str
    at: int | None = None


def fetches(tag: Tag, *, foreign: bool) -> list[Fetch]:
    """In the order of the attributes."""
    kinds = _OF_SVG.get(tag.name, _IN_SVG) if foreign else _OF_HTML.get(tag.name, ANYWHERE)
    values = tag.values
    found: list[Fetch] = []
    if kinds.keys().isdisjoint(values):
        return found
    if tag.name == b"link" and not rels(tag) & FETCHING_RELS:
        kinds = ANYWHERE
    for name, written in values.items():
        kind = kinds.get(name)
        if kind is None:
            continue
        if kind in _SINGLE:
            found.append(Fetch(name, kind, decode(written.decode("utf-8", "replace"))))
        elif kind is Value.CSS:
            found += _in_css(tag, name, written)
        elif kind is Value.REFRESH:
            found += _of_meta(tag)
        else:
            text = decode(written.decode("utf-8", "replace"))
            found += [Fetch(name, kind, url) for url in _LISTS[kind](tag, text)]
    return found


def _in_css(tag: Tag, name: bytes, written: bytes) -> Iterator[Fetch]:
    if b"(" not in written and b"&" not in written:
        return
    # A character for a byte, so that places in the text are places in the tag.
    decoded = Decoded(written.decode("latin-1"))
    value_at = -1
    for url, at in css.references(decoded.text):
        if url.startswith("#"):  # always this document, whatever its base
            continue
        if value_at < 0:
            value_at = tag.value_at(name)
        in_utf8 = url.encode("latin-1", "replace").decode("utf-8", "replace")
        yield Fetch(name, Value.CSS, in_utf8, value_at + decoded.offset(at))


def _of_meta(tag: Tag) -> Iterator[Fetch]:
    """What is held back is the name of the instruction."""
    instruction = tag.text(b"http-equiv").strip(_SPACE).lower()
    content = tag.text(b"content")
    if instruction == "refresh":
        url = refresh_url(content)
        if url:
            yield Fetch(b"http-equiv", Value.URL, url)
    elif instruction == "delegate-ch":
        for word in content.replace(";", " ").split():
            yield Fetch(b"http-equiv", Value.URL, word)
    elif instruction == "accept-ch":
        yield Fetch(b"http-equiv", Value.HINTS, content)


def _animated(tag: Tag, text: str) -> Iterable[str]:
    """An animation can set an address; other values are no addresses, but CSS may hold some."""
    pieces = text.split(";")
    if tag.text(b"attributename").strip(_SPACE).lower() in ("href", "xlink:href"):
        return pieces
    return (reference.url for piece in pieces for reference in css.references(piece))


_SPACE = "\t\n\f\r "
_SINGLE = (Value.URL, Value.DOCUMENT, Value.MARKUP, Value.ADVERTISING)
_LISTS: dict[Value, Callable[[Tag, str], Iterable[str]]] = {
    Value.SRCSET: lambda _, text: srcset_urls(text),
    Value.URLS: lambda _, text: text.split(),
    Value.ANIMATED: _animated,
}


def rels(tag: Tag) -> frozenset[bytes]:
    return frozenset(tag.text(b"rel").lower().encode("utf-8", "replace").split())
