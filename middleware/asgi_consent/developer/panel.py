"""The developer panel: what was done to the last pages, and why.

It is there only where ASGI_CONSENT_DEVELOPER=1 is in the environment, and only for a browser on the
same machine that uses one of its names: whatever else is wrong, no visitor ever sees it.
"""

from __future__ import annotations

import ipaddress
import logging
import os
from collections import deque
from itertools import count
from typing import Any

from asgi_consent import reasons
from asgi_consent.decision import Decision
from asgi_consent.developer.trace import Judged, Trace
from asgi_consent.errors import Problem, SettingsError
from asgi_consent.exchange import NOTHING_HERE, Exchange
from asgi_consent.http.request import Request
from asgi_consent.pages import Pages
from asgi_consent.response_headers import Tools

VARIABLE = "ASGI_CONSENT_DEVELOPER"
_REMEMBERED = 50  # requests
#: what a proxy in front adds: behind one, everybody seems to be on this machine
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")

# At the edge, where it covers little; where a policy forbids its style, a link at the end of all.
_LINK = (
    '<a href="%s" target="_blank" rel="noopener" style="position:fixed;top:4em;'
    "right:0;z-index:2147483647;padding:.75em .4em;writing-mode:vertical-rl;"
    "font:600 13px/1 system-ui,sans-serif;color:#fff;background:#1f2933;text-decoration:none;"
    'border-radius:6px 0 0 6px">Consent: why?</a>'
)

_log = logging.getLogger("asgi_consent")


class Panel:
    """Raises SettingsError where the environment says neither 1 nor 0."""

    def __init__(self) -> None:
        self.is_on = _is_on()
        self._traces: deque[Trace] = deque(maxlen=_REMEMBERED)
        self._numbers = count(1)
        if self.is_on:
            _log.warning("asgi-consent: the developer panel is on, for browsers on this machine")

    def watches(self, request: Request) -> bool:
        """Whether there is somebody to look at a trace of it, and something to see."""
        return self.is_on and request.may_get_html and is_local(request)

    def trace(self, request: Request, decision: Decision, region: str, *, observe: bool) -> Trace:
        trace = Trace(next(self._numbers), request, decision, region, observe)
        self._traces.append(trace)
        return trace

    async def show(self, exchange: Exchange, pages: Pages, told: list[str]) -> None:
        """`?page=` is the number of a trace; without it the last page. Raises Refusal."""
        if not (self.is_on and is_local(exchange.request)):
            raise NOTHING_HERE
        shown = [trace for trace in reversed(self._traces) if trace.is_page]
        wanted = exchange.query("page")
        found = next((trace for trace in shown if wanted in ("", str(trace.number))), None)
        if exchange.wants_json:
            await exchange.answer_json(200, _as_json(found) if found else {})
            return
        why = list(reasons.inputs(found.decision, found.region, found.observe)) if found else []
        await pages.send(
            exchange,
            200,
            "developer",
            exchange.request.root + "/",
            traces=shown,
            trace=found,
            inputs=why,
            reason_of=reasons.of_category,
            told=told,
        )


def traced(trace: Trace, tools: Tools, prefix: str) -> Tools:
    address = f"{trace.request.root}{prefix}/developer?page={trace.number}"
    return trace.tools(tools, (_LINK % address).encode("ascii"))


def is_local(request: Request) -> bool:
    """Whether a browser on this machine asks, by one of the names of this machine (RFC 6761)."""
    client = request.scope.get("client")
    if not client or any(request.header(name) is not None for name in _FORWARDED):
        return False
    host = request.host
    named = host.rpartition(".")[2] == "localhost" or _is_loopback(host.strip("[]"))
    return named and _is_loopback(str(client[0]))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _is_on() -> bool:
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "0", "1"):
        raise SettingsError("environment", [Problem(VARIABLE, value, "must be 1 or 0")])
    return value == "1"


def _as_json(trace: Trace) -> dict[str, Any]:
    decision = trace.decision
    return {
        "page": trace.address,
        "status": trace.status,
        "inputs": [
            reason._asdict() for reason in reasons.inputs(decision, trace.region, trace.observe)
        ],
        "categories": [
            {
                "id": category.id,
                "granted": decision.allows(category.id),
                "why": reasons.of_category(decision, category),
            }
            for category in decision.policy.categories
            if not category.necessary
        ],
        "held": [_told(held) for held in trace.held if not held.allowed],
        "not_told": [_told(held) for held in trace.held if held.allowed],
        "cookies_sent": [_told(cookie) for cookie in trace.sent],
        "cookies_set": [_told(cookie) for cookie in trace.set],
        "notes": trace.notes,
    }


def _told(judged: Judged) -> dict[str, Any]:
    return {
        "what": judged.what,
        "of": judged.of,
        "allowed": judged.allowed,
        "ours": judged.ours,
        "taken_for": judged.taken_for,
        "declare": judged.declare,
    }
