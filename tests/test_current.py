"""The consent wherever in the app the question comes up, and calls that the server itself makes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio
import anyio.to_thread
import httpx2
import pytest

from asgi_consent import ConsentMiddleware, current_consent, may_send_to
from asgi_consent.current import consent_applies, gate_async_request, gate_request
from asgi_consent.decision import Decision, Grants
from asgi_consent.errors import ConsentError, NotGrantedError
from asgi_consent.policy import Policy
from asgi_consent.types import Receive, Scope, Send
from tests.asgi import get

Protect = Callable[..., ConsentMiddleware]

MEASUREMENT = "https://www.google-analytics.com/mp/collect?measurement_id=G-1"
CONVERSIONS = "https://graph.facebook.com/v19.0/1/events"
BACKEND = "https://stock.backend.example/"


def test_consent_is_known_in_tasks_and_threads_of_the_request_and_not_after(
    protect: Protect,
) -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(current_consent() is scope["consent"])
        seen.append(await asyncio.create_task(_ask()) is scope["consent"])
        seen.append(await anyio.to_thread.run_sync(current_consent) is scope["consent"])

    get(protect(app))

    assert seen == [True, True, True]
    with pytest.raises(ConsentError, match="no request"):
        current_consent()


async def _ask() -> Decision:
    return current_consent()


@pytest.mark.parametrize(
    ("granted", "measurement", "conversions"),
    [([], False, False), (["statistics"], True, False), (["marketing"], False, True)],
)
def test_server_tells_a_service_only_what_its_page_might(
    policy: Policy, granted: list[str], measurement: bool, conversions: bool
) -> None:
    consent = Decision(policy, grants=Grants(frozenset(granted)))

    assert may_send_to(MEASUREMENT, consent) is measurement
    assert may_send_to(CONVERSIONS, consent) is conversions
    assert may_send_to(BACKEND, consent)


def test_hook_of_a_client_stops_what_is_not_granted(policy: Policy) -> None:
    arrived: list[str] = []

    def arrive(request: httpx2.Request) -> httpx2.Response:
        arrived.append(request.url.host)
        return httpx2.Response(204)

    hooks = {"request": [gate_request]}
    transport = httpx2.MockTransport(arrive)
    with httpx2.Client(transport=transport, event_hooks=hooks) as client:
        with consent_applies(Decision(policy)):
            client.post(BACKEND)
            with pytest.raises(NotGrantedError, match="google-analytics"):
                client.post(MEASUREMENT)
        with consent_applies(Decision(policy, grants=Grants(frozenset({"statistics"})))):
            client.post(MEASUREMENT)

    assert arrived == ["stock.backend.example", "www.google-analytics.com"]


def test_hook_of_an_asynchronous_client_does_the_same(policy: Policy) -> None:
    async def run() -> None:
        hooks = {"request": [gate_async_request]}
        transport = httpx2.MockTransport(lambda request: httpx2.Response(204))
        async with httpx2.AsyncClient(transport=transport, event_hooks=hooks) as client:
            with consent_applies(Decision(policy)), pytest.raises(NotGrantedError):
                await client.post(MEASUREMENT)

    anyio.run(run)


def test_without_a_request_somebody_must_say_whose_consent(policy: Policy) -> None:
    with pytest.raises(ConsentError, match="say whose"):
        may_send_to(MEASUREMENT)
