"""The consent of the request that is being answered, wherever in the app the question comes up.

A context variable: it holds in the app, in the tasks it starts, in the threads that frameworks run
synchronous code in, and so in WSGI apps behind an adapter. Also the hook for calls that the server
itself makes: what may not be told in the browser may not be told behind the visitor's back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.decision import Decision
from asgi_consent.errors import ConsentError, NotGrantedError

CURRENT: ContextVar[Decision] = ContextVar("asgi_consent.current")


def current_consent() -> Decision:
    """What `scope["consent"]` is. Raises ConsentError outside of a request."""
    try:
        return CURRENT.get()
    except LookupError:
        raise ConsentError("no consent here: no request, or no ConsentMiddleware") from None


@contextmanager
def consent_applies(consent: Decision) -> Iterator[None]:
    """For work that goes on after its request, in a queue for instance: `consent` is what was kept
    of the request then."""
    token = CURRENT.set(consent)
    try:
        yield
    finally:
        CURRENT.reset(token)


def may_send_to(url: str, consent: Decision | None = None) -> bool:
    """Whether the server may tell this address about the visitor, such as that of Google's
    Measurement Protocol or of a conversions API. An address that belongs to a service follows that
    service; one that nobody has declared is the operator's own business. Raises ConsentError
    outside of a request: whose consent would it be?"""
    consent = consent or CURRENT.get(None)
    target = resolve(url, Base())
    if target is None:
        return True
    if consent is None:
        raise ConsentError("no consent here: say whose, with consent_applies(…) or consent=…")
    _, services = consent.policy.look_up(target, "")
    return not services or any(consent.grants.allow(service) for service in services)


def gate_request(request: Any) -> None:
    """For clients that call a hook before each request, with a request that has a `url`:
    `httpx.Client(event_hooks={"request": [gate_request]})`. Raises NotGrantedError."""
    if not may_send_to(str(request.url)):
        raise NotGrantedError(f"the visitor has not agreed to what {request.url.host} is for")


async def gate_async_request(request: Any) -> None:
    """The same for `httpx.AsyncClient`."""
    gate_request(request)
