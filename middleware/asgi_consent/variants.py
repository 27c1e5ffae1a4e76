"""Pages that a shared cache may keep: one for each of at most eight states of consent.

The cache tells the states apart by a request header that it makes itself of one unsigned cookie
(`deploy/` has it for nginx and Varnish). What it says is only ever checked: a page is left
shareable where the claim is exactly the state that the signed consent gives, and is private
everywhere else. So who forges the cookie sees the page of another state, which is no secret, and
spoils nobody's.
"""

from __future__ import annotations

from asgi_consent.decision import Decision
from asgi_consent.http.request import Request
from asgi_consent.policy import Policy, Rule

HEADER = b"x-consent-variant"
MOST = 8
#: of visitors who have no variant cookie
NEW = "new"
#: what the cache adds for a browser that sends Sec-GPC
_GPC = "-gpc"
_OWN = "own"  # a state of few visitors: their pages are made for them


def variant_of(decision: Decision) -> str:
    """The name of the state, as it is in the cookie: `all-1a2b3c4d`; `new` before a choice. The
    digits change with the policy, so that no old choice meets a new page."""
    if decision.asks:
        return NEW
    return f"{_name(decision)}-{decision.fingerprint('page')}"


def is_claimed(request: Request, decision: Decision) -> bool:
    """Whether the cache in front of us has told this visitor's state apart from all others."""
    name = _name(decision)
    if name == _OWN or decision.rule is not Rule.OPT_IN or decision.signals.others:
        return False  # the cache knows nothing of regions, nor of signals besides Sec-GPC
    gpc = _GPC if decision.signals.gpc else ""
    claims = request.all(HEADER)
    return claims == [(variant_of(decision) + gpc).encode()]


def _name(decision: Decision) -> str:
    grants, optional = decision.grants, decision.policy.optional
    if grants.services:
        return _OWN
    if not grants.categories:
        return NEW if decision.asks else "none"
    if decision.signals.objects or decision.asks:
        return _OWN
    if grants.categories == optional:
        return "all"
    (first, *more) = grants.categories
    return _OWN if more or first not in _single(decision.policy) else first


def _single(policy: Policy) -> list[str]:
    """The categories that have a state of their own: as many as leave room for `new` and `none`,
    each also with Global Privacy Control, and `all`."""
    return sorted(policy.optional)[: MOST - 5]
