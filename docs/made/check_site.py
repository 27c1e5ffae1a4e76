"""Fails if the built site loads anything from others: make docs runs it on site/.

A page is put through our own rewriter, with nothing declared and nothing granted: what it holds
back would have been fetched. Style sheets are searched for addresses; what scripts could do is
bounded by the policy that each page must carry.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from asgi_consent.catalog.urls import Base
from asgi_consent.decision import Decision, Page
from asgi_consent.html.gating import Gating
from asgi_consent.html.rewriter import Rewriter
from asgi_consent.settings import read_settings

_HOST = "docs.example"
POLICY = b'<meta http-equiv="Content-Security-Policy" content="default-src \'self\';'
_foreign = re.compile(rb"""(?:url\(|@import)\s*["']?\s*(?:https?:|//)[^)"';]*""", re.IGNORECASE)


def mistakes(path: Path) -> Iterator[str]:
    content = path.read_bytes()
    if path.suffix == ".html":
        if rewritten(content) != content:
            held = re.findall(rb"<[^>]*data-consent[^>]*>", rewritten(content)) or [b"?"]
            yield from (f"loads from others: {tag.decode()[:200]}" for tag in held)
        if POLICY not in content:
            yield "has no Content-Security-Policy"
    elif path.suffix == ".css":
        yield from (f"loads from others: {url.decode()}" for url in _foreign.findall(content))


def rewritten(page: bytes) -> bytes:
    policy = read_settings({"catalogue": {"use": False}}).policy
    here = Page(_HOST, (Base("https", _HOST, "/"),))
    rewriter = Rewriter(Gating(Decision(policy), here, lambda *_: "", lambda *_: None))
    return rewriter.feed(page) + rewriter.close()


def main(folder: str) -> int:
    paths = [path for path in sorted(Path(folder).rglob("*.*")) if path.is_file()]
    found = [f"{path}: {mistake}" for path in paths for mistake in mistakes(path)]
    print(*found, sep="\n", end="\n" * bool(found), file=sys.stderr)
    pages = sum(path.suffix == ".html" for path in paths)
    print(f"{folder}: {pages} pages, {len(found)} things that would be loaded from others")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
