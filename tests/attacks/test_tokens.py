"""Tokens that are forged, cut, swapped, put back or spelt otherwise; keys and comparisons."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from asgi_consent.limits import Limiter
from asgi_consent.middleware import ConsentMiddleware
from asgi_consent.types import Header
from tests.asgi import SECRET, SimpleApp, get, post
from tests.conftest import shop_settings

OTHER_SECRET = "other-key-5d7e9f1a3c4b6082d7e9f1a3"


@pytest.fixture(autouse=True)
def _no_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """One ledger takes no two keys."""
    monkeypatch.setenv("ASGI_CONSENT_LEDGER", "off")


@pytest.fixture
def app() -> ConsentMiddleware:
    return ConsentMiddleware(SimpleApp(b"<p>hi"), shop_settings(), SECRET)


def cookie_of(app: ConsentMiddleware, body: bytes, *, cookie: bytes = b"") -> tuple[bytes, bytes]:
    """Name and value of the first cookie that a choice sets."""
    headers: list[Header] = [(b"sec-fetch-site", b"same-origin")]
    headers += [(b"cookie", cookie)] if cookie else []
    answer = post(app, "/_consent/choice", body, headers)
    name, _, rest = (answer.first("set-cookie") or b"").partition(b"=")
    return name, rest.partition(b";")[0]


def granted(app: ConsentMiddleware, cookie: bytes) -> list[str]:
    get(app, "/", [(b"cookie", cookie), (b"sec-fetch-dest", b"document")])
    scope = app.app.scope  # type: ignore[attr-defined]
    return sorted((*scope["consent"].grants.categories, *scope["consent"].grants.services))


@pytest.mark.threat("T2")
def test_token_cut_or_lengthened_anywhere_grants_nothing(app: ConsentMiddleware) -> None:
    name, token = cookie_of(app, b"choice=accept")
    assert granted(app, name + b"=" + token) == ["marketing", "preferences", "statistics"]

    for at in range(len(token)):
        assert granted(app, name + b"=" + token[:at]) == []
    for more in (b".", b"=", b"A", b" A", b"%00", b"\x00", token):
        assert granted(app, name + b"=" + token + more) == []


@pytest.mark.threat("T2")
def test_token_of_one_use_is_none_of_another(app: ConsentMiddleware) -> None:
    consent, accepted = cookie_of(app, b"choice=accept")
    once, film = cookie_of(app, b"choice=once&service=films")

    assert granted(app, once + b"=" + film) == ["films"]
    assert granted(app, consent + b"=" + film) == []
    assert granted(app, once + b"=" + accepted) == []
    assert granted(app, b"asgi_consent_operator=" + accepted) == []
    assert get(app, "/_consent/operator", [(b"cookie", b"asgi_consent_operator=" + accepted)]).status == 404  # fmt: skip


@pytest.mark.threat("T2", "T7")
def test_token_of_another_site_or_policy_asks_again(app: ConsentMiddleware) -> None:
    other_key = ConsentMiddleware(SimpleApp(), shop_settings(), OTHER_SECRET)
    other_policy = ConsentMiddleware(
        SimpleApp(), shop_settings(policy={"revision": 4, "url": "/privacy"}), SECRET
    )
    for other in (other_key, other_policy):
        name, token = cookie_of(other, b"choice=accept")

        answer = get(app, "/", [(b"cookie", name + b"=" + token)])

        assert answer.status == 200
        assert b"May we use cookies?" in answer.body
        assert granted(app, name + b"=" + token) == []


@pytest.mark.threat("T4")
def test_consent_put_back_after_a_withdrawal_ends_where_it_always_did(
    app: ConsentMiddleware,
) -> None:
    name, yes = cookie_of(app, b"choice=accept")
    _, no = cookie_of(app, b"choice=withdraw", cookie=name + b"=" + yes)

    assert granted(app, name + b"=" + no) == []
    # Beside the newer one it counts as neither of them.
    assert granted(app, name + b"=" + no + b"; " + name + b"=" + yes) == []
    # Alone it is believed, which no cookie without a database can avoid: but no longer than this.
    assert granted(app, name + b"=" + yes) != []
    later = ConsentMiddleware(
        SimpleApp(), shop_settings(policy={"revision": 4, "url": "/privacy"}), SECRET
    )
    assert granted(later, name + b"=" + yes) == []


@pytest.mark.threat("T5", "T25")
def test_other_spellings_of_a_token_get_no_limit_of_their_own(app: ConsentMiddleware) -> None:
    name, token = cookie_of(app, b"choice=accept")
    spellings = {token[:-1] + bytes((last,)) for last in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef-_="}
    spellings |= {token, token + b"=", token + b"=="}

    visitors = set()
    for spelling in spellings:
        get(app, "/", [(b"cookie", name + b"=" + spelling)])
        visitors.add(app.app.scope["consent"].consent.subject_id)  # type: ignore[attr-defined]

    assert len(visitors - {""}) == 1  # all others are nobody yet


@pytest.mark.threat("T6")
def test_secrets_are_compared_in_constant_time(
    app: ConsentMiddleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASGI_CONSENT_OPERATOR_TOKEN", OTHER_SECRET)
    app = ConsentMiddleware(SimpleApp(), shop_settings(), SECRET)
    name, token = cookie_of(app, b"choice=accept")
    with noted(monkeypatch, hmac, "compare_digest") as compared:
        granted(app, name + b"=" + token)
        assert len(compared) == 1
        get(app, "/_consent/operator?token=" + "x" * 40)
        assert len(compared) == 2
    assert compared[1][1] == OTHER_SECRET.encode()


@contextmanager
def noted(patch: pytest.MonkeyPatch, where: Any, name: str) -> Iterator[list[tuple[Any, ...]]]:
    """The arguments of every call."""
    calls: list[tuple[Any, ...]] = []
    real: Callable[..., Any] = getattr(where, name)

    def called(*given: Any) -> Any:
        calls.append(given)
        return real(*given)

    with patch.context() as within:
        within.setattr(where, name, called)
        yield calls


@pytest.mark.threat("T25")
def test_made_up_visitors_share_the_limit_of_their_address(app: ConsentMiddleware) -> None:
    """Without a signed cookie everybody is new, and counts for the address; of IPv6 a customer has
    a whole network, which counts as one."""
    clients = [f"2001:db8:1:2:{n:x}::{n:x}" for n in range(1, 1401)]
    body, headers = b"choice=reject", [(b"sec-fetch-site", b"same-origin")]
    forged = (b"cookie", b"asgi_consent=v1.made-up")
    begun = time.monotonic()
    limited = [
        post(app, "/_consent/choice", body, [*headers, forged], client=(client, 1)).status
        for client in clients
    ]

    filled_up = (time.monotonic() - begun) * 100 + 1
    assert 1000 <= limited.count(303) <= 1000 + filled_up
    assert limited.count(429) == len(clients) - limited.count(303)
    assert post(app, "/_consent/choice", body, headers, client=("2001:db8:9::1", 1)).status == 303


@pytest.mark.threat("T25")
def test_a_hundred_thousand_names_take_bounded_memory() -> None:
    limiter = Limiter(60, 60)
    for number in range(100_000):
        limiter.check(str(number))

    assert len(limiter._buckets) <= 20_000
