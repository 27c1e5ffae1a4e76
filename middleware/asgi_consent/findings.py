"""What was held back, told to the operator: one log line a thing, not one a request."""

from __future__ import annotations

import logging

from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.decision import Verdict
from asgi_consent.policy import Mode

# Different things that are remembered; after that the log is quiet. What visitors send has a budget
# of its own, so that nobody can silence the rest.
_MOST = 2000
_MOST_SENT = 500
_LONGEST = 100  # characters of a name that are shown

_log = logging.getLogger("asgi_consent")


class Findings:
    def __init__(self, mode: Mode) -> None:
        self._verb = "held back" if mode is Mode.ENFORCE else "would hold back"
        self._told: set[str] = set()
        self._sent: set[str] = set()

    def sent_cookie(self, name: bytes, verdict: Verdict) -> None:
        """A cookie that came with a request."""
        if len(self._sent) < _MOST_SENT:
            shown = _quoted(name.decode("latin-1"))
            self._sent.add(shown)
            self.cookie(name, verdict)

    def cookie(self, name: bytes, verdict: Verdict) -> None:
        shown = _quoted(name.decode("latin-1"))
        self._tell("cookie", shown, verdict, f"cookies = [{{ name = {shown} }}]")

    def gated(self, element: str, verdict: Verdict, url: str) -> None:
        if not url:
            self._tell(element, "with inline code", verdict, "inline = [ ... ]")
            return
        # The host is enough, and all that can't hold anything about a visitor.
        target = resolve(url, Base())
        host = _quoted(target.host if target else "")
        self._tell(f"{element} of host", host, verdict, f"hosts = [{host}]")

    def unread(self, what: str) -> None:
        """Something that may be a page and cannot be read."""
        self._once(logging.WARNING, f"{ascii(what)[1:-1]} cannot be read and passes ungated")

    def kept_out(self, directive: bytes) -> None:
        """The app's own policy stops a file of ours."""
        self._once(
            logging.WARNING,
            f"the app's Content-Security-Policy keeps our files out: add 'self' or a nonce to "
            f"{directive.decode('ascii')}",
        )

    def _tell(self, kind: str, what: str, verdict: Verdict, how: str) -> None:
        if verdict.category is None:
            self._once(
                logging.WARNING,
                f"{self._verb} undeclared {kind} {what}; to declare it, add {how} to one of "
                "[[services]]",
            )
        else:
            service = verdict.service.id if verdict.service else "-"
            owner = f"{service} ({verdict.category})"
            self._once(logging.INFO, f"{self._verb} {kind} {what} of {owner}")

    def _once(self, level: int, message: str) -> None:
        if len(self._told) < _MOST and message not in self._told:
            self._told.add(message)
            _log.log(level, "%s", message)


def _quoted(text: str) -> str:
    """As a TOML text in ASCII: what a page or a visitor sent must not write lines or colours."""
    inner = ascii(text[:_LONGEST])[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'
