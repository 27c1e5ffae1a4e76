"""The elements that matter: those that switch the tokenizer, and those that fetch.

Tokenizer: https://html.spec.whatwg.org/multipage/parsing.html#parsing-html-fragments step 4
"""

from __future__ import annotations

from enum import Enum

#: the text of these is not markup (HTML namespace only)
RAW_TEXT = frozenset(b"style xmp iframe noembed noframes title textarea script noscript".split())
PLAINTEXT = b"plaintext"
#: begin foreign content
ROOTS = frozenset((b"svg", b"math"))


class Value(Enum):
    """How an attribute names what is fetched."""

    URL = "url"
    DOCUMENT = "document"  # a URL that may hold the document itself: `data:`, `javascript:`
    SRCSET = "srcset"
    URLS = "urls"  # separated by white space
    CSS = "css"
    ANIMATED = "animated"  # URLs or CSS separated by semicolons, as attributeName says
    MARKUP = "markup"  # the document itself
    REFRESH = "refresh"  # an instruction that `content` belongs to
    HINTS = "hints"  # no address: asks for client hints
    ADVERTISING = "advertising"  # no address: switches an advertising feature on


#: attributes by which every element may fetch
ANYWHERE = {b"style": Value.CSS}
_FOLLOWED = {b"ping": Value.URLS, b"attributionsrc": Value.URLS}
_REFERRING = {b"href": Value.URL, b"xlink:href": Value.URL}
_PICTURED = {b"src": Value.URL, b"srcset": Value.SRCSET}
_ADVERTISED = {
    b"browsingtopics": Value.ADVERTISING,
    b"sharedstoragewritable": Value.ADVERTISING,
    b"adauctionheaders": Value.ADVERTISING,
}
_SENT = {b"attributionsrc": Value.URLS}
_ANIMATION = dict.fromkeys(b"to from by values".split(), Value.ANIMATED)
_WITH_BACKGROUND = b"body table thead tbody tfoot tr td th".split()

#: element → the attributes by which it fetches, besides those of every element
FETCHING: dict[bytes, dict[bytes, Value]] = {
    b"script": {**dict.fromkeys((b"src", *_REFERRING), Value.DOCUMENT), **_SENT},
    b"iframe": {b"src": Value.DOCUMENT, b"srcdoc": Value.MARKUP, **_ADVERTISED},
    b"frame": {b"src": Value.DOCUMENT},
    b"fencedframe": {b"src": Value.DOCUMENT},
    b"embed": {b"src": Value.DOCUMENT},
    b"object": {b"data": Value.DOCUMENT},
    b"img": {**_PICTURED, **_SENT, **_ADVERTISED},
    b"image": {**_PICTURED, **_REFERRING, **_SENT, **_ADVERTISED},
    b"source": _PICTURED,
    b"video": {b"src": Value.URL, b"poster": Value.URL},
    b"audio": {b"src": Value.URL},
    b"track": {b"src": Value.URL},
    b"input": {b"src": Value.URL},
    **{name: {b"background": Value.URL} for name in _WITH_BACKGROUND},
    b"link": {b"href": Value.DOCUMENT, b"imagesrcset": Value.SRCSET},
    b"a": _FOLLOWED,
    b"area": _FOLLOWED,
    b"meta": {b"http-equiv": Value.REFRESH},
    # in SVG
    b"feimage": _REFERRING,
    b"use": _REFERRING,
    b"set": _ANIMATION,
    b"animate": _ANIMATION,
}
#: attributes of any element in SVG that take CSS (https://svgwg.org/svg2-draft/styling.html)
PRESENTATION = dict.fromkeys(
    b"clip-path cursor fill filter marker marker-end marker-mid marker-start mask stroke".split(),
    Value.CSS,
)

#: can only be shown, not run
PASSIVE = frozenset(
    (
        *b"img image feimage use set animate source video audio track input".split(),
        *_WITH_BACKGROUND,
    )
)

#: these start tags are looked at for their names, all others only for a stopping attribute
HTML_STOPS = (
    RAW_TEXT
    | ROOTS
    | {PLAINTEXT, b"head", b"body", b"base", b"select", b"frameset"}
    | {b"link", b"img", b"image", b"source"}
    | {b"embed", b"object", b"frame", b"fencedframe", b"video", b"audio", b"track"}
    | {b"mglyph", b"malignmark"}
)
#: attributes that may make any other element fetch; its tag is looked at for them
STOPPING_ATTRIBUTES = (
    b"style",
    b"src",
    b"background",
    b"ping",
    b"attributionsrc",
    b"http-equiv",
)

#: the types of a script element whose text is looked at though it is no code
IMPORT_MAP = b"importmap"
SPECULATION_RULES = b"speculationrules"
JAVASCRIPT_TYPES = frozenset(
    b"application/ecmascript application/javascript application/x-ecmascript "
    b"application/x-javascript text/ecmascript text/javascript text/javascript1.0 "
    b"text/javascript1.1 text/javascript1.2 text/javascript1.3 text/javascript1.4 "
    b"text/javascript1.5 text/jscript text/livescript text/x-ecmascript text/x-javascript".split()
)
