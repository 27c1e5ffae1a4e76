"""The elements that matter: those that switch the tokenizer, and those that fetch.

Tokenizer: https://html.spec.whatwg.org/multipage/parsing.html#parsing-html-fragments step 4
"""

from __future__ import annotations

from enum import Enum

#: the text of these is not markup (HTML namespace only)
RAW_TEXT = frozenset(b"style xmp iframe noembed noframes title textarea script noscript".split())
PLAINTEXT = b"plaintext"


class Value(Enum):
    """How an attribute names what is fetched."""

    URL = "url"
    SRCSET = "srcset"


_WITH_BACKGROUND = b"body table thead tbody tfoot tr td th".split()

#: element → the attributes by which it fetches
FETCHING: dict[bytes, dict[bytes, Value]] = {
    b"script": {b"src": Value.URL, b"href": Value.URL, b"xlink:href": Value.URL},
    b"iframe": {b"src": Value.URL},
    b"frame": {b"src": Value.URL},
    b"embed": {b"src": Value.URL},
    b"object": {b"data": Value.URL},
    b"img": {b"src": Value.URL, b"srcset": Value.SRCSET},
    b"image": {
        b"src": Value.URL,
        b"srcset": Value.SRCSET,
        b"href": Value.URL,
        b"xlink:href": Value.URL,
    },
    b"source": {b"src": Value.URL, b"srcset": Value.SRCSET},
    b"video": {b"src": Value.URL, b"poster": Value.URL},
    b"audio": {b"src": Value.URL},
    b"track": {b"src": Value.URL},
    b"feimage": {b"href": Value.URL, b"xlink:href": Value.URL},
    b"input": {b"src": Value.URL},
    **{name: {b"background": Value.URL} for name in _WITH_BACKGROUND},
    b"link": {b"href": Value.URL, b"imagesrcset": Value.SRCSET},
}

#: can only be shown, not run
PASSIVE = frozenset(
    (*b"img image feimage source video audio track input".split(), *_WITH_BACKGROUND)
)

PASSIVE_RELS = frozenset(
    b"stylesheet icon apple-touch-icon apple-touch-icon-precomposed mask-icon".split()
)
PASSIVE_PRELOADS = frozenset(b"image style font video audio track".split())

#: the rewriter looks at these start tags; all others are copied
REPORTED = frozenset(FETCHING) | {b"head", b"base", b"frameset"}

JAVASCRIPT_TYPES = frozenset(
    b"application/ecmascript application/javascript application/x-ecmascript "
    b"application/x-javascript text/ecmascript text/javascript text/javascript1.0 "
    b"text/javascript1.1 text/javascript1.2 text/javascript1.3 text/javascript1.4 "
    b"text/javascript1.5 text/jscript text/livescript text/x-ecmascript text/x-javascript".split()
)
