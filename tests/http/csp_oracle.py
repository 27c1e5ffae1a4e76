"""What a browser lets through, written down from the standard once more and apart from our code.

https://w3c.github.io/webappsec-csp/#framework-policy
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

FALLBACKS = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "style": ("style-src-elem", "style-src", "default-src"),
    "img": ("img-src", "default-src"),
    "font": ("font-src", "default-src"),
    "connect": ("connect-src", "default-src"),
    "frame": ("frame-src", "child-src", "default-src"),
    "worker": ("worker-src", "child-src", "script-src", "default-src"),
    "inline-script": ("script-src-elem", "script-src", "default-src"),
    "inline-handler": ("script-src-attr", "script-src", "default-src"),
    "eval": ("script-src", "default-src"),
    "form": ("form-action",),
}
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True)
class Ask:
    """One thing a page wants to do. `by_script`: a trusted script made the element."""

    kind: str
    url: str = ""
    nonce: str = ""
    digest: str = ""
    by_script: bool = False


def allowed(header: bytes, ask: Ask, page: str) -> bool:
    """Whether all policies of a header let it through on the page with that address."""
    return all(_by_policy(text, ask, page) for text in header.decode("latin-1").split(","))


def _by_policy(text: str, ask: Ask, page: str) -> bool:
    policy: dict[str, list[str]] = {}
    for part in text.split(";"):
        words = [word for word in re.split("[\t\n\f\r ]", part) if word]
        if words and part.isascii() and words[0].lower() not in policy:
            policy[words[0].lower()] = words[1:]
    for name in FALLBACKS[ask.kind]:
        if name in policy:
            return _by_sources(policy[name], ask, page)
    return True


def _by_sources(sources: list[str], ask: Ask, page: str) -> bool:
    lower = [source.lower() for source in sources]
    dynamic = "'strict-dynamic'" in lower
    exact = any(s.startswith(("'nonce-", "'sha256-")) for s in lower)
    if ask.kind == "eval":
        return "'unsafe-eval'" in lower
    if ask.kind in ("script", "style", "inline-script"):
        if ask.nonce and f"'nonce-{ask.nonce}'" in sources:
            return True
        if ask.digest and f"'{ask.digest}'" in sources and ask.kind != "style":
            return True
    if ask.kind.startswith("inline"):
        return "'unsafe-inline'" in lower and not exact and not dynamic
    if dynamic and ask.kind in ("script", "worker"):
        return ask.by_script
    return any(_matches(source, ask.url, page) for source in sources)


def _matches(source: str, url: str, page: str) -> bool:
    to, at = urlsplit(url), urlsplit(page)
    low = source.lower()
    if low == "'self'":
        same_host = to.hostname == at.hostname
        return same_host and _port(to) == _port(at) and _scheme(at.scheme, to.scheme)
    if low.startswith("'"):
        return False
    if low == "*":
        return to.scheme in ("http", "https", "ws", "wss")
    if scheme_only := re.fullmatch(r"([a-z]+):", low):
        return _scheme(scheme_only[1], to.scheme)
    match = re.fullmatch(r"(?:([a-z]+)://)?([^/:]+)(?::(\*|[0-9]+))?(/.*)?", source)
    if match is None or not _scheme(match[1] or at.scheme, to.scheme):
        return False
    return (
        _host(match[2].lower(), to.hostname or "")
        and (match[3] == "*" or int(match[3] or _PORTS[to.scheme]) == _port(to))
        and _path(match[4] or "/", to.path)
    )


def _host(written: str, found: str) -> bool:
    return found.endswith(written[1:]) if written.startswith("*.") else found == written


def _path(written: str, found: str) -> bool:
    return found.startswith(written) if written.endswith("/") else found == written


def _port(url: SplitResult) -> int:
    return url.port or _PORTS.get(url.scheme, 0)


def _scheme(written: str, found: str) -> bool:
    """The written scheme or a safer one."""
    return written == found or (written, found) in {("http", "https"), ("ws", "wss")}
