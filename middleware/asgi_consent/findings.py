"""What was held back, told to the operator: one log line a thing, not one a request."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from asgi_consent.catalog.services import Service
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.decision import Verdict
from asgi_consent.policy import Mode, Policy
from asgi_consent.privacy.detector import Finding
from asgi_consent.tally import Tally

# Different things that are remembered; after that the log is quiet. What visitors send has a budget
# of its own, so that nobody can silence the rest.
_MOST = 2000
_MOST_SENT = 500
_LONGEST = 100  # characters of a name that are shown

_log = logging.getLogger("asgi_consent")


class Findings:
    def __init__(self, policy: Policy, mode: Mode) -> None:
        enforces = mode is Mode.ENFORCE
        self._verb = "held back" if enforces else "would hold back"
        # Who observes wants to see everything; who enforces, what is left to do.
        self._level = logging.INFO if enforces else logging.WARNING
        self._matcher = policy.matcher
        self._names = {*(category.id for category in policy.categories), *policy.services}
        self._close_name = lru_cache(128)(self._find_close_name)
        self.tally = Tally(mode)
        self._told: set[str] = set()
        self._sent: set[str] = set()

    def sent_cookie(self, name: bytes, verdict: Verdict) -> None:
        """A cookie that came with a request."""
        if len(self._sent) < _MOST_SENT:
            self._sent.add(quoted(name.decode("latin-1")))
            self._cookie(name, verdict)

    def cookie(self, name: bytes, verdict: Verdict) -> None:
        """A cookie that the app sets."""
        self.tally.held("cookies")
        self._cookie(name, verdict)

    def _cookie(self, name: bytes, verdict: Verdict) -> None:
        shown = quoted(name.decode("latin-1"))
        known = self._matcher.cookie(name.decode("latin-1")) if verdict.category is None else ()
        self._held(f"cookie {shown}", verdict, f"cookies = [{{ name = {shown} }}]", known)

    def element(self, name: str, verdict: Verdict, url: str) -> None:
        """An element that is held back, or that passes as a service nobody has declared."""
        if verdict.service and not verdict.service.declared:
            self._untold(verdict.service)
        if verdict.allowed:
            return
        if verdict.category and not verdict.service:
            self._marked(name, verdict.category)
        elif not url:
            self._held(f"{name} with inline code", verdict, "inline = [ ... ]")
        else:
            # The host is enough, and all that can't hold anything about a visitor.
            target = resolve(url, Base())
            host = quoted(target.host if target else "")
            known = self._matcher.url(target) if target and verdict.category is None else ()
            self._held(f"{name} of host {host}", verdict, f"hosts = [{host}]", known)

    def personal_data(self, name: bytes, finding: Finding) -> None:
        """What the app puts into a cookie. The value is never shown."""
        self._once(
            logging.WARNING,
            f"cookie {_unless_telling(name, finding)} holds personal data: {finding}",
        )

    def sent_personal_data(self, name: bytes, finding: Finding) -> None:
        """What a cookie holds that came with a request, and that the app has not set."""
        if len(self._sent) < _MOST_SENT:
            shown = _unless_telling(name, finding)
            self._sent.add(f"data in {shown}")
            self._once(
                logging.WARNING,
                f"cookie {shown}, set by a script, holds personal data: {finding}",
            )

    def header(self, name: str, verdict: Verdict, url: str) -> None:
        """A header of a response that leads to a URL, and is held back or leads to a service nobody
        has declared."""
        if not verdict.allowed:
            self.tally.held("headers")
        self.element(f"header {name}", verdict, url)

    def withheld(self, name: str, why: str) -> None:
        """A header of a response that is held back for another reason than a host."""
        self.tally.held("headers")
        self._once(self._level, f"{self._verb} header {name}: {why}")

    def unread(self, what: str, extras: Iterable[str] = ()) -> None:
        """Something that may be a page and cannot be read, but with these extras of ours."""
        names = ",".join(extras)
        fix = f"; to have it read, install asgi-consent[{names}]" if names else ""
        self._once(logging.WARNING, f"{ascii(what)[1:-1]} cannot be read and passes ungated{fix}")

    def reported(self, host: str, directive: str) -> None:
        """A host that a browser says a page tried to reach, and nobody declared."""
        shown = quoted(host)
        if len(self._sent) < _MOST_SENT:
            self._sent.add(shown)
            self._once(
                logging.WARNING,
                f"browsers report {directive} to undeclared host {shown}; to declare it, add "
                f"hosts = [{shown}] to one of [[services]]",
            )

    def told(self) -> list[str]:
        """Everything so far, in one order."""
        return sorted(self._told)

    def _held(self, what: str, verdict: Verdict, how: str, known: Iterable[Service] = ()) -> None:
        """`known`: the services of the long tail that it may belong to."""
        if verdict.category is None:
            where = "one of [[services]]"
            if found := next(iter(known), None):
                what = f"{what}, known as {found.name} ({found.category})"
                how, where = f'id = "{found.id}"', "[[services]]"
            self._once(
                logging.WARNING,
                f"{self._verb} undeclared {what}; to declare it, add {how} to {where}",
            )
        else:
            service = verdict.service.id if verdict.service else "-"
            self._once(self._level, f"{self._verb} {what} of {service} ({verdict.category})")

    def _marked(self, element: str, name: str) -> None:
        what = f"{self._verb} {element} marked data-consent={quoted(name)}"
        if name in self._names:
            self._once(self._level, what)
            return
        close = self._close_name(name[:_LONGEST])
        hint = f'; did you mean "{close}"?' if close else ""
        self._once(logging.WARNING, f"{what}, which is no category and no service{hint}")

    def _find_close_name(self, name: str) -> str:
        return "".join(get_close_matches(name, self._names, n=1))

    def _untold(self, service: Service) -> None:
        self._once(
            logging.WARNING,
            f"the page uses {service.id} ({service.category}), and visitors are not told; to list "
            f'it for them, add id = "{service.id}" to [[services]]',
        )

    def _once(self, level: int, message: str) -> None:
        if len(self._told) < _MOST and message not in self._told:
            self._told.add(message)
            _log.log(level, "asgi-consent: %s", message)


def _unless_telling(name: bytes, finding: Finding) -> str:
    """The name of a cookie, unless that is what holds the data."""
    return quoted(name.decode("latin-1")) if finding.where == "value" else "with a long name"


def quoted(text: str) -> str:
    """As a TOML text in ASCII: what a page or a visitor sent must not write lines or colours."""
    return f'"{"".join(map(_escaped, text[:_LONGEST]))}"'


def _escaped(char: str) -> str:
    if " " <= char <= "~":
        return f"\\{char}" if char in '\\"' else char
    point = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char)  # TOML has no surrogates
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
