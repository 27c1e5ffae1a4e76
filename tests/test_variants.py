"""`delivery = "shared"`: which pages stay shareable, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, combinations

import pytest

from asgi_consent import ConsentMiddleware
from asgi_consent.consent import Consent, Status
from asgi_consent.decision import Decision, decide
from asgi_consent.http.caching import is_shareable, shared
from asgi_consent.policy import Policy
from asgi_consent.signals import Signals
from asgi_consent.types import Header
from asgi_consent.variants import HEADER, MOST, variant_of
from tests.asgi import Answer, SimpleApp, get, post

Protect = Callable[..., ConsentMiddleware]

HTML: Header = (b"content-type", b"text/html")
PUBLIC: Header = (b"cache-control", b"public, max-age=600, stale-while-revalidate=60")
NEW: Header = (HEADER, b"new")
NAVIGATES: Header = (b"sec-fetch-dest", b"document")


def page(protect: Protect, asked: Iterable[Header], *headers: Header) -> Answer:
    app = SimpleApp(b"<p>page", headers=[HTML, *(headers or [PUBLIC])])
    return get(protect(app, delivery="shared"), headers=[NAVIGATES, *asked])


def is_shared(answer: Answer) -> bool:
    (control,) = answer.all("cache-control")
    assert (b"private" in control or b"no-store" in control) is (b"s-maxage" not in control)
    return b"s-maxage" in control


def test_page_stays_shareable_by_its_state_and_browsers_ask_again(protect: Protect) -> None:
    answer = page(protect, [NEW], PUBLIC, (b"etag", b'"1"'), (b"vary", b"Accept-Language"))

    assert answer.all("cache-control") == [b"public, max-age=0, must-revalidate, s-maxage=600"]
    (vary,) = answer.all("vary")
    assert vary.startswith(b"accept-language, x-consent-variant, ")
    assert b"sec-fetch-dest" in vary
    assert b"cookie" not in vary
    assert (answer.first("etag") or b"").startswith(b'W/"1-ac')
    assert answer.all("set-cookie") == []


@pytest.mark.threat("T31")
@pytest.mark.parametrize(
    "asked",
    [
        [],
        [(HEADER, b"none")],
        [NEW, NEW],
        [(HEADER, b"new-gpc")],
        [NEW, (b"sec-gpc", b"1")],
        [NEW, (b"authorization", b"Basic x")],
        [NEW, (b"hx-request", b"true")],
        [NEW, (b"sec-fetch-dest", b"iframe")],
        [NEW, (b"cookie", b"asgi_consent=forged")],
    ],
)
def test_page_is_private_where_the_claim_is_not_the_state(
    protect: Protect, asked: list[Header]
) -> None:
    app = SimpleApp(b"<p>page", headers=[HTML, PUBLIC])
    document = [] if any(name == b"sec-fetch-dest" for name, _ in asked) else [NAVIGATES]
    unreadable = any(name == b"cookie" for name, _ in asked)
    answer = get(protect(app, delivery="shared"), headers=[*document, *asked])

    # A consent that cannot be read is none: its page is that of a new visitor.
    assert is_shared(answer) is unreadable


@pytest.mark.threat("T31")
@pytest.mark.parametrize(
    "headers",
    [
        [(b"cache-control", b"private, max-age=600")],
        [(b"cache-control", b"no-store")],
        [(b"cache-control", b"public, no-cache")],
        [(b"cache-control", b"public")],
        [(b"cache-control", b"max-age=0")],
        [PUBLIC, (b"vary", b"Cookie")],
        [PUBLIC, (b"vary", b"*")],
        [PUBLIC, (b"set-cookie", b"basket=1")],
        [PUBLIC, (b"content-security-policy", b"script-src 'nonce-abc'")],
    ],
)
def test_page_that_is_not_for_everybody_stays_private(
    protect: Protect, headers: list[Header]
) -> None:
    assert not is_shared(page(protect, [NEW], *headers))


@pytest.mark.threat("T31")
def test_signal_that_the_cache_does_not_know_makes_the_page_private(protect: Protect) -> None:
    app = protect(
        SimpleApp(b"<p>page", headers=[HTML, PUBLIC]),
        delivery="shared",
        signals={"do_not_track": True},
    )

    assert not is_shared(get(app, headers=[NAVIGATES, NEW, (b"dnt", b"1")]))
    assert is_shared(get(app, headers=[NAVIGATES, NEW]))


def test_page_is_never_shareable_unless_asked_for(protect: Protect) -> None:
    app = SimpleApp(b"<p>page", headers=[HTML, PUBLIC])

    assert not is_shared(get(protect(app), headers=[NAVIGATES, NEW]))


def test_state_is_named_with_the_choice_and_put_right_where_it_is_wrong(protect: Protect) -> None:
    app = protect(SimpleApp(b"<p>page", headers=[HTML, PUBLIC]), delivery="shared")
    chosen = post(app, "/_consent/choice", b"choice=accept")
    cookies = dict(value.partition(b";")[0].split(b"=", 1) for value in chosen.all("set-cookie"))
    state = cookies[b"asgi_consent_variant"]

    assert state.startswith(b"all-")
    wrong = [NAVIGATES, (HEADER, state), (b"cookie", b"asgi_consent_variant=" + state)]
    assert b"asgi_consent_variant=;" in get(app, headers=wrong).all("set-cookie")[0]


def test_there_are_never_more_states_than_eight(policy: Policy) -> None:
    optional = sorted(policy.optional)
    choices = chain.from_iterable(combinations(optional, n) for n in range(len(optional) + 1))
    answered = [
        Consent(Status.GIVEN if chosen else Status.REFUSED, frozenset(chosen), answered=True)
        for chosen in choices
    ]
    names = {
        (variant_of(decision), gpc)
        for consent in [Consent(), *answered]
        for gpc in (False, True)
        for decision in [_decided(policy, consent, gpc)]
        if not variant_of(decision).startswith("own")
    }
    assert len(names) == MOST


def _decided(policy: Policy, consent: Consent, gpc: bool) -> Decision:
    return decide(policy, consent, Signals(gpc=gpc))


def test_seconds_are_those_of_shared_caches() -> None:
    headers = [(b"cache-control", b"public, max-age=5, S-MAXAGE=30")]

    assert is_shareable(headers)
    assert b"s-maxage=30" in dict(shared(headers, HEADER))[b"cache-control"]
