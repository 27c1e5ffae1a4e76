"""No regular expression of ours can try for ever, and no page gives a secret away by its size."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _parser as sre  # type: ignore[attr-defined]  # there is no public one
from typing import Any, NamedTuple

import pytest

import asgi_consent
from asgi_consent.middleware import ConsentMiddleware
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings

#: what is searched there is cut to a hundred characters before
BOUNDED = ("audit/drafting.py",)
PACKAGE = Path(asgi_consent.__file__).parent
_FUNCTIONS = [
    f"re.{name}" for name in ["compile", "match", "fullmatch", "search", "findall", "split", "sub"]
]
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


class Pattern(NamedTuple):
    file: str
    text: str
    flags: int
    use: str  # match, search, …; nothing where it is not said on the spot


def patterns() -> Iterator[Pattern]:
    """Every literal that is given to a function of `re`."""
    for path in sorted(PACKAGE.rglob("*.py")):
        file = str(path.relative_to(PACKAGE))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        uses = {id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}  # fmt: skip
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func) in _FUNCTIONS):
                continue
            if isinstance(node.args[0], ast.Constant) and not file.startswith("catalog/rebuild"):
                text: Any = node.args[0].value
                use = uses.get(id(node), ast.unparse(node.func).removeprefix("re."))
                text = text.decode("latin-1") if isinstance(text, bytes) else text
                yield Pattern(file, text, re.X * ("re.VERBOSE" in ast.unparse(node)), use)


def repeats_a_repetition(parsed: Any, *, within: bool = False) -> bool:
    """Whether there is an endless repetition in another, and both can give back what they took:
    the shape of which time grows exponentially."""
    for kind, found in parsed:
        endless = kind in _REPEATS and found[1] is sre.MAXREPEAT
        if endless and within:
            return True
        # What an atomic group or a possessive repetition took stays as it matched.
        inside = kind in (*_REPEATS, sre.SUBPATTERN, sre.BRANCH) and (within or endless)
        if any(repeats_a_repetition(one, within=inside) for one in _parts(kind, found)):
            return True
    return False


def _parts(kind: Any, found: Any) -> list[Any]:
    if kind is sre.BRANCH:
        return list(found[1])
    if kind in (*_REPEATS, sre.POSSESSIVE_REPEAT):
        return [found[2]]
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return [found[1]]
    if kind is sre.SUBPATTERN:
        return [found[-1]]
    return [found] if kind is sre.ATOMIC_GROUP else []


@pytest.mark.threat("T21")
def test_no_pattern_repeats_a_repetition_that_gives_back() -> None:
    found = [*patterns()]
    assert len(found) > 60
    assert repeats_a_repetition(sre.parse("(a+)+b"))
    assert not repeats_a_repetition(sre.parse("(?:a++)+b"))

    assert [one for one in found if repeats_a_repetition(sre.parse(one.text, one.flags))] == []


UNITS = ["a", "=", '"', "'", "<", " ", "(", "\\", "a ", "a=", "url(", "&#", "%", "//", ";", ",",
         "\t;", "*/", "@import ", "a:", "0", "\\\"", "a@", "a.", "+1", "-a", "<!--", "1 ", ";a"]  # fmt: skip


@pytest.mark.threat("T21")
@pytest.mark.parametrize("unit", UNITS)
def test_twice_as_long_a_text_takes_twice_the_time(unit: str) -> None:
    quadratic = []
    for pattern in patterns():
        if pattern.file in BOUNDED:
            continue
        tried = re.compile(pattern.text, pattern.flags)
        use = getattr(tried, pattern.use, tried.match)
        if pattern.use in ("compile", "sub", "split"):
            use = tried.findall if pattern.use != "compile" else tried.match
        took = [min(seconds(use, unit * (size // len(unit)) + "\n") for _ in range(2))
                for size in (8_000, 16_000, 32_000)]  # fmt: skip
        if took[2] > 0.02 and took[2] > 3 * took[1] > 9 * took[0]:
            quadratic.append((pattern.file, pattern.text, took))

    assert quadratic == []


def seconds(use: Callable[[str], Any], text: str) -> float:
    begun = time.perf_counter()
    use(text)
    return time.perf_counter() - begun


@pytest.mark.threat("T22")
def test_page_of_the_site_holds_nothing_that_only_its_visitor_knows() -> None:
    """What stands beside an address that anybody can choose is read off by the length of what is
    sent compressed (BREACH): so there is no token in it, and no number of a visitor."""
    app = ConsentMiddleware(SimpleApp(b"<body><p>hi"), shop_settings(), SECRET)
    yes = post(app, "/_consent/choice", b"choice=accept").first("set-cookie") or b""
    cookie = yes.partition(b";")[0]
    get(app, "/", [(b"cookie", cookie)])
    consent = app.app.scope["consent"].consent  # type: ignore[attr-defined]
    secrets = (consent.subject_id, consent.record_id, cookie.partition(b"=")[2].decode())

    for path in ("/?reflected", "/_consent/preferences?return=/reflected", "/_consent/nothing",
                 "/_consent/guard.js?grants=marketing"):  # fmt: skip
        body = get(app, path, [(b"cookie", cookie)]).body.decode("ascii")
        assert not any(secret in body for secret in secrets)
    # Where they do stand, nothing of the request is repeated.
    rights = get(app, "/_consent/rights?done=reflected&return=/reflected", [(b"cookie", cookie)])
    assert b"reflected" not in rights.body
