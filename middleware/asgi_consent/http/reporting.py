"""Headers that make a browser send reports, without the addresses that are not allowed.

What cannot be read raises ValueError. Reporting-Endpoints is a plain dictionary: see structured.py.
https://w3c.github.io/reporting/ · https://w3c.github.io/network-error-logging/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable
from typing import Any

Allowed = Callable[[str], bool]

# With VT, which the standard does not count: the stricter reading.
_WHITE = b"\t\n\v\f\r "
_report_uri = re.compile(
    rb"([\t\n\v\f\r ]*+report-uri)(?:[\t\n\v\f\r ](.*))?+", re.IGNORECASE | re.DOTALL
).fullmatch
_between = re.compile(r"[ \t\n\r]*+(,?+)[ \t\n\r]*+").match


def filter_report_uri(value: bytes, allowed: Allowed) -> bytes | None:
    """A Content-Security-Policy, also the report-only one, with its `report-uri` directives
    filtered and all else byte for byte. What `report-to` names is in headers of its own.

    https://w3c.github.io/webappsec-csp/#parse-serialized-policy-list
    """
    if b"report-uri" not in value.lower():
        return value
    policies = value.split(b",")
    filtered = [_filter_policy(policy, allowed) for policy in policies]
    if filtered == policies:
        return value
    return b",".join(policy for policy in filtered if policy is not None).strip(b" \t") or None


def _filter_policy(policy: bytes, allowed: Allowed) -> bytes | None:
    directives = policy.split(b";")
    filtered = [_filter_directive(directive, allowed) for directive in directives]
    if filtered == directives:
        return policy
    rest = b";".join(directive for directive in filtered if directive is not None)
    return rest if rest.strip(_WHITE + b";") else None


def _filter_directive(directive: bytes, allowed: Allowed) -> bytes | None:
    match = _report_uri(directive)
    if match is None:
        return directive
    urls = (match[2] or b"").split()
    kept = [url for url in urls if allowed(url.decode("latin-1"))]
    if len(kept) == len(urls):
        return directive
    return b" ".join((match[1], *kept)) if kept else None


def filter_groups(value: bytes, allowed: Allowed) -> bytes | None:
    """Report-To, the older form: JSON objects, groups of endpoints. One denied denies its group."""
    groups = _objects(value)
    kept = [raw for raw, group in groups if _may_stay(group, allowed)]
    return value if len(kept) == len(groups) else b", ".join(kept) or None


def group_names(values: Iterable[bytes], allowed: Allowed) -> frozenset[str]:
    """The names of the groups that stay in these Report-To headers."""
    names: list[str] = []
    for value in values:
        try:
            groups = _objects(value)
            names += [_text(g, "group", "default") for _, g in groups if _may_stay(g, allowed)]
        except ValueError:
            continue
    return frozenset(names)


def may_log_errors(value: bytes, groups: Container[str]) -> bool:
    """Whether a NEL header may stay: it reports to one of `groups`."""
    found = _objects(value)
    if len(found) != 1:
        raise ValueError("not one object")
    policy = found[0][1]
    return _forgets(policy) or _text(policy, "report_to", "") in groups


def _may_stay(group: dict[str, Any], allowed: Allowed) -> bool:
    if _forgets(group):
        return True
    endpoints = group.get("endpoints", [])
    if not isinstance(endpoints, list):
        raise ValueError("no list of endpoints")
    denied = [url for url in map(_url, endpoints) if not allowed(url)]
    return not denied


def _forgets(thing: dict[str, Any]) -> bool:
    """Whether it makes browsers forget what an earlier response has told them."""
    age = thing.get("max_age")
    return isinstance(age, float) and age == 0


def _url(endpoint: object) -> str:
    if not isinstance(endpoint, dict):
        raise ValueError("no endpoint")
    return _text(endpoint, "url", "")


def _text(thing: dict[str, Any], key: str, default: str) -> str:
    text = thing.get(key, default)
    if not isinstance(text, str):
        raise ValueError(f"{key} is no text")
    return text


def _objects(value: bytes) -> list[tuple[bytes, dict[str, Any]]]:
    """The members of a comma-separated list of JSON objects: as written, and as read."""
    text = value.decode("utf-8").strip(" \t\n\r")
    found: list[tuple[bytes, dict[str, Any]]] = []
    at, comma = 0, bool(text)
    while comma:
        try:
            thing, end = _json.raw_decode(text, at)
        except RecursionError:
            raise ValueError("nested too deep") from None
        if not isinstance(thing, dict):
            raise ValueError("no object")
        found.append((text[at:end].encode(), thing))
        between = _between(text, end)
        assert between is not None  # matches the empty string
        at, comma = between.end(), bool(between[1])
    if at < len(text):
        raise ValueError("something between two objects")
    return found


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    thing = dict(pairs)
    if len(thing) < len(pairs):
        raise ValueError("a key is there twice")
    return thing


# Numbers as JavaScript has them: Python refuses very long integers.
_json = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_int=float)
