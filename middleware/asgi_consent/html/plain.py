"""What is left of a page when its rewriter has failed: text, structure and links, nothing else.

It knows no state, so it cannot be in a wrong one: no tag passes but those named here, and none with
an attribute that fetches or runs. What scripts and style sheets hold becomes a `template`, which
shows nothing and runs nothing.
"""

from __future__ import annotations

import re

_LONGEST_TAG = 64 * 1024  # bytes that are waited for
#: elements that fetch nothing by themselves and hold no raw text
_KEPT = frozenset(
    b"html head title body header footer main nav section article aside h1 h2 h3 h4 h5 h6 p div "
    b"span br hr pre blockquote ol ul li dl dt dd figure figcaption em strong b i u s small sub "
    b"sup code kbd samp var cite q abbr time mark table caption thead tbody tfoot tr th td "
    b"details summary address".split()
)
_HIDDEN = frozenset((b"script", b"style", b"template"))

_tag = re.compile(
    rb"(/?+)([A-Za-z][A-Za-z0-9]*+)(?=[\s/>]|\Z)([^>]*+)>?+(.*+)", re.DOTALL
).fullmatch
_doctype = re.compile(rb"!doctype\b[^>]*+>?+(.*+)", re.DOTALL | re.IGNORECASE).fullmatch
_href = re.compile(rb"""(?i)\shref\s*+=\s*+["']?+((?:https?://|[/?#])[^\s"'<>`]*+)""").search
_charset = re.compile(
    rb"""(?i)\s*+charset\s*+=\s*+["']?+([A-Za-z0-9_:.-]++)["']?+\s*+/?+"""
).fullmatch


class PlainRewriter:
    """Stands where a `Rewriter` stood, from the middle of a page on."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> bytes:
        data = self._pending + data
        open_at = data.rfind(b"<")
        complete = open_at < 0 or b">" in data[open_at:] or len(data) - open_at > _LONGEST_TAG
        cut = len(data) if complete else open_at
        self._pending = data[cut:]
        return _plain(data[:cut])

    def close(self) -> bytes:
        data, self._pending = self._pending, b""
        return _plain(data)


def _plain(data: bytes) -> bytes:
    text, *tags = data.split(b"<")
    return text + b"".join(map(_without_fetches, tags))


def _without_fetches(after: bytes) -> bytes:
    """What stays of a piece that began with `<`, which is cut off, and holds no other."""
    if after.startswith(b"!--"):
        return b"<" + after
    if found := _doctype(after):
        return b"<!doctype html>" + found[1]
    found = _tag(after)
    if not found:
        return b"&lt;" + after
    slash, name, attributes, rest = found[1], found[2].lower(), found[3], found[4]
    if name in _HIDDEN:
        # The end also ends what was open when the rewriter failed.
        return (b"</%s></template>" % name if slash else b"<template>") + rest
    if name == b"a" and not slash and (href := _href(attributes)):
        return b'<a href="%s">' % href[1] + rest
    if name == b"meta" and (charset := _charset(attributes)):
        return b'<meta charset="%s">' % charset[1] + rest
    if slash:
        return b"</%s>" % name + rest
    return (b"<%s>" % name if name in _KEPT else b"") + rest
