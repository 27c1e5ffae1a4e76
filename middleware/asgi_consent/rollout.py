"""From observe to enforce, a share of the visitors at a time.

Who belongs to the share is decided in front of us, by a load balancer or a tester's browser: it
says so in a header or a cookie that the operator names. In observe mode nothing is changed on the
wire, so nothing of ours could tell a visitor from another.
"""

from __future__ import annotations

from asgi_consent.decision import Decision
from asgi_consent.http.cookies import only_value
from asgi_consent.http.request import Request
from asgi_consent.policy import Mode
from asgi_consent.settings import Settings

_MODES = {b"1": Mode.ENFORCE, b"0": Mode.OBSERVE}


def mode_of(settings: Settings, request: Request, decision: Decision) -> Mode:
    """The mode for this request. Where the settings observe, `1` enforces and `0` does not; the
    header counts before the cookie. Where neither says, a visitor who has made a choice is held to
    it."""
    if settings.mode is Mode.ENFORCE:
        return Mode.ENFORCE
    rollout = settings.rollout
    said = request.all(rollout.header.encode()) if rollout.header else []
    cookie = only_value(request.cookies, rollout.cookie.encode()) if rollout.cookie else None
    for value in (said[0] if len(said) == 1 else None, cookie):
        if value in _MODES:
            return _MODES[value]
    enforced = decision.consent.answered and (rollout.header or rollout.cookie)
    return Mode.ENFORCE if enforced else Mode.OBSERVE
