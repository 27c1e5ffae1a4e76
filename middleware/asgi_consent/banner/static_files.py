"""The scripts and styles we serve: read once, named by their content, cacheable for ever. Style
sheets begin with the tokens of the operator's theme.

The scripts are written in `static/` and made smaller by `make static` (`static/build.mjs`); what it
makes is kept in the repository, so that nobody who uses them needs a tool.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cached_property

from asgi_consent.assets import STATIC
from asgi_consent.theme import Theme

_MEDIA_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
FOREVER = "public, max-age=31536000, immutable"


class StaticFile:
    """A file made of an opening, and one or several in `static/`."""

    def __init__(self, *parts: str, opening: str = "") -> None:
        self._parts = parts
        self._opening = opening.encode()
        self.media_type = _MEDIA_TYPES[parts[-1].rpartition(".")[2]]

    @cached_property
    def body(self) -> bytes:
        return self._opening + b"".join((STATIC / part).read_bytes() for part in self._parts)

    @cached_property
    def version(self) -> str:
        """Changes whenever the file does."""
        return hashlib.sha256(self.body).hexdigest()[:10]

    @cached_property
    def digest(self) -> bytes:
        return sha256_digest(self.body)


def sha256_digest(body: bytes) -> bytes:
    """As Subresource Integrity and Content-Security-Policy write it."""
    return b"sha256-" + base64.b64encode(hashlib.sha256(body).digest())


SCRIPTS = {
    "guard.js": StaticFile("guard.min.js"),
    "banner.js": StaticFile("banner.min.js"),
    "activate.js": StaticFile("activate.min.js"),
    "rights.js": StaticFile("rights.js"),
}


def files_of(theme: Theme) -> Mapping[str, StaticFile]:
    """All by their names."""
    sheets = ("banner.css", "page.css", "placeholder.css")
    styles = {name: StaticFile("consent.css", name, opening=theme.css()) for name in sheets}
    return {**SCRIPTS, **styles}
