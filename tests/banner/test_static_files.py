"""What is sent is small, and is what its sources give."""

from __future__ import annotations

import gzip
import hashlib
import json
import re

import pytest

from asgi_consent.assets import STATIC
from asgi_consent.banner.static_files import files_of
from asgi_consent.theme import Theme

STATIC_FILES = files_of(Theme())
GUARD_PARTS = ("rules", "stores", "elements", "requests", "api")
BUILT = json.loads((STATIC / "built.json").read_text())


def size(name: str) -> int:
    """Bytes as gzip sends them."""
    return len(gzip.compress(STATIC_FILES[name].body, 9, mtime=0))


def test_guard_and_banner_stay_small() -> None:
    assert size("guard.js") <= 4.0 * 1024
    assert size("guard.js") + size("banner.js") <= 7.5 * 1024
    assert size("banner.css") <= 3.0 * 1024


def sources(name: str) -> str:
    if name != "guard.min.js":
        return (STATIC / name.replace(".min", "")).read_text()
    parts = "".join((STATIC / f"guard/{part}.js").read_text() for part in GUARD_PARTS)
    return f'"use strict";((RULES)=>{{{parts}}})(__CONSENT_RULES__);\n'


@pytest.mark.threat("T32")
@pytest.mark.parametrize("name", BUILT)
def test_script_was_made_of_these_sources(name: str) -> None:
    """`make static` makes it again; where there is Node, `make lint` compares it byte for byte."""
    assert BUILT[name] == hashlib.sha256(sources(name).encode()).hexdigest()


def test_rules_have_one_place_in_the_guard() -> None:
    assert STATIC_FILES["guard.js"].body.count(b"__CONSENT_RULES__") == 1


def test_no_script_stops_for_addresses_that_are_not_ours() -> None:
    for name in ("guard.js", "banner.js", "activate.js"):
        assert not re.search(rb"https?://", STATIC_FILES[name].body), name
