"""What was held back, told to the operator: one log line a thing, not one a request."""

from __future__ import annotations

import logging

from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.decision import Verdict
from asgi_consent.policy import Mode

_MOST = 2000  # different things that are remembered; after that the log is quiet
_LONGEST = 200  # characters of a name or address that are shown

_log = logging.getLogger("asgi_consent")


class Findings:
    def __init__(self, mode: Mode) -> None:
        self._verb = "held back" if mode is Mode.ENFORCE else "would hold back"
        self._seen: set[tuple[str, str]] = set()

    def cookie(self, name: bytes, verdict: Verdict) -> None:
        shown = _quoted(name.decode("latin-1"))
        self._tell("cookie", shown, verdict, f"cookies = [{{ name = {shown} }}]")

    def gated(self, element: str, verdict: Verdict, url: str) -> None:
        if not url:
            self._tell(element, "with inline code", verdict, "inline = [ ... ]")
            return
        target = resolve(url, Base())
        host = _quoted(target.host if target else "")
        self._tell(element, _quoted(url.partition("?")[0]), verdict, f"hosts = [{host}]")

    def _tell(self, kind: str, what: str, verdict: Verdict, how: str) -> None:
        if len(self._seen) >= _MOST or (kind, what) in self._seen:
            return
        self._seen.add((kind, what))
        if verdict.category is None:
            _log.warning(
                "%s undeclared %s %s; to declare it, add %s to one of [[services]]",
                self._verb,
                kind,
                what,
                how,
            )
        else:
            service = verdict.service.id if verdict.service else "-"
            _log.info("%s %s %s of %s (%s)", self._verb, kind, what, service, verdict.category)


def _quoted(text: str) -> str:
    """As a TOML text in ASCII: what a page or a visitor sent must not write lines or colours."""
    inner = ascii(text[:_LONGEST])[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'
