"""What the text of a script element fetches by itself: import maps, speculation rules, imports.

https://html.spec.whatwg.org/multipage/webappapis.html#import-maps
https://html.spec.whatwg.org/multipage/speculative-loading.html#speculation-rules
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from asgi_consent.catalog.urls import NOWHERE
from asgi_consent.html.css import Reference

_LONGEST_JSON = 1024 * 1024  # characters of JSON that are read
#: stands for all that a rule may match
ANYWHERE = f"https://{NOWHERE}/"

#: assigning to these does something
_ACTING_NAMES = frozenset(b"location href src srcdoc cookie innerHTML outerHTML onload".split())
_PATTERN_SIGNS = frozenset(":*+?(){}\\")

_string = re.compile(r'"((?:[^"\\]++|\\(?s:.))*+)"([\t\n\r ]*+:)?+').finditer
_assignment = re.compile(
    rb"[\t\n\r ]*+(?:(?:var|let|const)[\t\n\r ]++)?+(?:([a-zA-Z_$][a-zA-Z0-9_$.]*+)[\t\n\r ]*+=)?+"
    rb"[\t\n\r ]*+([\[{].*[\]}])[\t\n\r ]*+;?+[\t\n\r ]*+",
    re.DOTALL,
).fullmatch
_BETWEEN = rb"(?:[\t\n\f\r\v ]++|/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/)*+"
_LITERAL = rb"[\"'`]([^\"'`\\]*+)"
_import = re.compile(rb"import" + _BETWEEN + rb"(?:\(" + _BETWEEN + rb")?+" + _LITERAL).finditer
_from = re.compile(rb"from" + _BETWEEN + _LITERAL).finditer


def import_map_references(text: str) -> Iterator[Reference]:
    """Every string in an import map that is no key."""
    for match in _string(text):
        if not match[2]:
            yield Reference(_unquoted(match[1]), match.start(1))


def _unquoted(written: str) -> str:
    try:
        return str(json.loads(f'"{written}"', strict=False))
    except ValueError:
        return written


def speculated(text: str) -> list[str]:
    """The URLs that speculation rules may fetch, patterns among them. What cannot be read may lead
    anywhere."""
    try:
        rules = json.loads(text) if len(text) <= _LONGEST_JSON else None
    except (ValueError, RecursionError):
        rules = None
    if not isinstance(rules, dict):
        return [ANYWHERE]
    return [
        url
        for action in rules.values()
        if isinstance(action, list)
        for rule in action
        for url in _of_rule(rule)
    ]


def _of_rule(rule: Any) -> list[str]:
    if not isinstance(rule, dict):
        return [ANYWHERE]
    urls = rule.get("urls")
    if isinstance(urls, list):
        return [url if isinstance(url, str) else ANYWHERE for url in urls]
    return _matched(rule.get("where"))


def _matched(condition: Any) -> list[str]:
    """Where a link that meets a document rule's condition may lead."""
    if not isinstance(condition, dict):
        return [ANYWHERE]
    if isinstance(condition.get("or"), list):
        return [url for part in condition["or"] for url in _matched(part)]
    if isinstance(condition.get("and"), list):
        parts = [_matched(part) for part in condition["and"]]
        return next((part for part in parts if ANYWHERE not in part), [ANYWHERE])
    patterns = condition.get("href_matches")
    if not isinstance(patterns, list):
        patterns = [patterns]
    return [_as_url(pattern) for pattern in patterns]


def _as_url(pattern: Any) -> str:
    """A URL pattern, where it can be read as a URL: not if its scheme or host may be any."""
    if not isinstance(pattern, str):
        return ANYWHERE
    beginning = pattern.partition("/")[0]
    plain = beginning in ("http:", "https:") or not _PATTERN_SIGNS.intersection(beginning)
    return pattern if plain else ANYWHERE


def is_only_data(code: bytes) -> bool:
    """Whether a script does nothing but name some data: `window.page = {"help": "…"};`"""
    match = _assignment(code)
    if match is None or len(code) > _LONGEST_JSON:
        return False
    if (match[1] or b"").rpartition(b".")[2] in _ACTING_NAMES:
        return False
    try:
        json.loads(match[2])
    except (ValueError, RecursionError):
        return False
    return True


def imported(code: bytes, *, module: bool) -> Iterator[str]:
    """The addresses in `import "…"`, `import("…")` and, in a module, `from "…"`."""
    if b"import" in code:
        yield from _literals(_import(code))
    if module and b"from" in code:
        yield from _literals(_from(code))


def _literals(matches: Iterator[re.Match[bytes]]) -> Iterator[str]:
    return (match[1].decode("utf-8", "replace") for match in matches)
