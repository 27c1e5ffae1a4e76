"""The app's Content-Security-Policy: read it, and let our own files pass it, nothing else.

What the app allows is never narrowed or widened here but by those files, each by its exact address
or its digest. What consent takes away is a policy of its own (`boundary.py`): browsers enforce
several side by side, so that the strictest wins whatever nonce, hash or 'strict-dynamic' is in one.
https://w3c.github.io/webappsec-csp/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from asgi_consent.http.headers import get_all
from asgi_consent.types import Header, Headers

CSP = b"content-security-policy"
CSP_REPORT_ONLY = b"content-security-policy-report-only"

#: where a browser looks for the sources of an element, the first that is there counts
SCRIPTS = (b"script-src-elem", b"script-src", b"default-src")
STYLES = (b"style-src-elem", b"style-src", b"default-src")

_ONE_SPACE = bytes.maketrans(b"\t\n\f\r", b"    ")
_BOTH = (CSP, CSP_REPORT_ONLY)
_SPACE = b"\t\n\f\r "
_nonce = re.compile(rb"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE).fullmatch

#: one policy: name of a directive → its value
Directives = dict[bytes, bytes]


class OwnFiles(NamedTuple):
    """Our own files on this page: exact addresses; and the digests of the scripts, worked out only
    where a policy asks for them."""

    scripts: tuple[bytes, ...]
    styles: tuple[bytes, ...]
    digests: Callable[[], tuple[bytes, ...]]


class Admission(NamedTuple):
    """The headers with which our files pass, and what their tags need for it: a nonce, or an
    `integrity` to compare a digest with."""

    headers: Headers
    nonce: bytes = b""
    with_integrity: bool = False


def parse_policies(value: bytes) -> list[Directives]:
    """The policies of one header (CSP level 3, section 2.2.1): a directive given twice counts once,
    its first value, and one that is not ASCII not at all."""
    policies = []
    for text in value.split(b","):
        policy: Directives = {}
        for directive in text.split(b";"):
            name, _, sources = directive.strip(_SPACE).translate(_ONE_SPACE).partition(b" ")
            if name and directive.isascii():
                policy.setdefault(name.lower(), sources.strip(b" "))
        policies.append(policy)
    return policies


def sources_for(policy: Directives, names: tuple[bytes, ...]) -> bytes | None:
    """The source list that counts, None where everything is allowed."""
    return next((policy[name] for name in names if name in policy), None)


def admit(headers: Headers, files: OwnFiles) -> Admission:
    """The headers of a page, with our files let through by every policy in them."""
    if not any(name.lower() in _BOTH for name, _ in headers):
        return Admission(headers)
    nonce = nonce_of(headers)
    wanted = b"'nonce-%s'" % nonce if nonce else b""
    with_integrity = False
    admitted: Headers = []
    for name, value in headers:
        if name.lower() in _BOTH:
            texts = value.split(b",")
            policies = parse_policies(value)
            added = [_additions(policy, files, wanted) for policy in policies]
            with_integrity |= any(b"'sha256-" in more for more in added)
            value = b",".join(more + text for more, text in zip(added, texts, strict=True))
        admitted.append((name, value))
    return Admission(admitted, nonce, with_integrity)


def nonce_of(headers: Iterable[Header]) -> bytes:
    """The nonce that the app's policies ask of scripts, or nothing."""
    for value in get_all(headers, CSP):
        for policy in parse_policies(value):
            for source in (sources_for(policy, SCRIPTS) or b"").split(b" "):
                if match := _nonce(source):
                    return match[1]
    return b""


def _additions(policy: Directives, files: OwnFiles, nonce: bytes) -> bytes:
    """Directives to put in front of a policy, where they count before its own. `nonce` is the
    source that our tags meet, if any.

    They are always the most special ones (`script-src-elem`), with all that counted before: so
    workers, attributes and whatever else falls back to the general ones keep exactly what they had.
    """
    added = b""
    scripts = sources_for(policy, SCRIPTS)
    if scripts is not None and not (nonce and nonce in scripts.split(b" ")):
        names = scripts.lower().split(b" ")
        if b"'strict-dynamic'" in names:
            added += _widened(SCRIPTS[0], scripts, files.digests())
        elif not _takes_own(names):
            added += _widened(SCRIPTS[0], scripts, files.scripts)
    styles = sources_for(policy, STYLES)
    if styles is not None and not _takes_own(styles.lower().split(b" ")):
        added += _widened(STYLES[0], styles, files.styles)
    return added


def _takes_own(sources: list[bytes]) -> bool:
    return b"'self'" in sources or b"*" in sources


def _widened(name: bytes, sources: bytes, ours: tuple[bytes, ...]) -> bytes:
    """A directive with our sources besides those that counted. At a vertical tab nothing is split:
    to browsers it is no white space, and what it is in is one source that lets nothing pass."""
    kept = [source for source in sources.split(b" ") if source.lower() not in (b"", b"'none'")]
    return b" ".join((name, *kept, *ours)) + b"; "
