"""The consent token: signed, versioned, bound to the policy revision."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from asgi_consent.consent import UNKNOWN, Choice, Consent, Status, make_choice
from asgi_consent.errors import SecretKeyError, TokenTooLongError
from asgi_consent.signing import LONGEST_TOKEN, ConsentSigner, check_keys

OLD, NEW = "old-key-8d1f7a3b5c9e2046f7b1d3a5", "new-key-2b4d6f8a0c1e3579b2d4f6a8"
NOW = 1_800_000_000
OURS = Signer(NEW, salt="asgi-consent.consent", digest_method=hashlib.sha256, key_derivation="hmac")


def signer(*keys: str, revision: int = 3, now: float = NOW, lifetime: int = 180) -> ConsentSigner:
    return ConsentSigner(
        keys or (NEW,),
        revisions=[revision],
        lifetime=timedelta(days=lifetime),
        clock=lambda: now,
    )


def consent(revision: int = 3, time: int = NOW) -> Consent:
    choice = Choice.of(["statistics"], ["films"])
    return make_choice(UNKNOWN, choice, revision=revision, time=time, gpc=True)


@given(
    categories=st.sets(st.text(max_size=12), max_size=4),
    services=st.sets(st.text(max_size=12), max_size=4),
    answered=st.booleans(),
    gpc=st.booleans(),
)
def test_reading_gives_what_was_written(
    categories: set[str], services: set[str], answered: bool, gpc: bool
) -> None:
    choice = Choice(frozenset(categories), frozenset(services), answered)
    written = make_choice(UNKNOWN, choice, revision=3, time=NOW, gpc=gpc)

    assert signer().read(signer().write(written)) == written


@pytest.mark.threat("T2")
def test_every_changed_byte_makes_it_no_consent() -> None:
    token = signer().write(consent())

    for at in range(len(token)):
        for bit in (1, 32, 128):
            forged = token[:at] + bytes((token[at] ^ bit,)) + token[at + 1 :]
            assert signer().read(forged) == UNKNOWN, at


@pytest.mark.threat("T5")
@pytest.mark.parametrize("ending", [b"=", b"==", b"\n", b" ", b"A", b"."])
def test_other_spelling_of_the_same_signature_is_refused(ending: bytes) -> None:
    assert signer().read(signer().write(consent()) + ending) == UNKNOWN


@pytest.mark.threat("T5")
def test_last_character_of_the_signature_has_one_spelling() -> None:
    token = signer().write(consent())
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    accepted = [c for c in alphabet if signer().read(token[:-1] + bytes((c,))) != UNKNOWN]

    assert accepted == [token[-1]]


@pytest.mark.threat("T2")
@given(st.binary(max_size=400))
def test_any_bytes_are_no_consent(token: bytes) -> None:
    assert signer().read(token) == UNKNOWN


@pytest.mark.threat("T2")
def test_foreign_signature_salt_or_version_is_refused() -> None:
    payload = base64.urlsafe_b64encode(b"{}").rstrip(b"=")

    assert signer().read(Signer(NEW).sign(b"v1." + payload)) == UNKNOWN
    assert signer().read(OURS.sign(b"v2." + payload)) == UNKNOWN
    assert signer().read(OURS.sign(b"v1." + payload)) == UNKNOWN  # right signature, no fields
    assert signer().read(signer().write_once("films")) == UNKNOWN


@pytest.mark.threat("T9")
def test_compressed_bomb_is_never_inflated() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"0" * 10_000_000)).rstrip(b"=")

    assert signer().read(OURS.sign(b"." + bomb)) == UNKNOWN
    assert signer().read(OURS.sign(b"v1.." + bomb[:1000])) == UNKNOWN


@pytest.mark.threat("T9")
def test_token_too_long_for_a_cookie_is_never_written() -> None:
    choice = Choice.of(services=[f"service-number-{n}" for n in range(400)])
    written = make_choice(UNKNOWN, choice, revision=3, time=NOW, gpc=False)

    with pytest.raises(TokenTooLongError):
        signer().write(written)


@pytest.mark.threat("T4")
def test_old_revision_is_no_decision_yet() -> None:
    before = consent()

    read = signer(revision=4).read(signer(revision=3).write(before))

    assert read == Consent(subject_id=before.subject_id)


@pytest.mark.threat("T4")
def test_choice_ends_with_its_lifetime() -> None:
    token = signer().write(consent())

    assert signer(now=NOW + 180 * 86400 - 1).read(token).status is Status.GIVEN
    expired = signer(now=NOW + 180 * 86400 + 1).read(token)
    assert expired.status is Status.EXPIRED
    assert not expired.categories


@pytest.mark.threat("T8")
def test_clocks_may_differ_by_minutes_only() -> None:
    token = signer().write(consent())

    assert signer(now=NOW - 290).read(token).status is Status.GIVEN
    assert signer(now=NOW - 310).read(token).status is Status.UNKNOWN


@pytest.mark.threat("T7")
def test_keys_rotate_without_losing_a_choice() -> None:
    old = signer(OLD).write(consent())

    assert signer(OLD, NEW).read(old) == signer(OLD).read(old) != UNKNOWN
    assert signer(NEW).read(old) == UNKNOWN
    assert signer(NEW).read(signer(OLD, NEW).write(consent())).status is Status.GIVEN


@pytest.mark.threat("T7")
@pytest.mark.parametrize(
    "keys",
    [[], [""], ["short"], ["a" * 64], ["change-me-change-me-change-me-please"],
     ["my-secret-key-for-the-cookie-banner-1"], [NEW, "short"]],
)  # fmt: skip
def test_weak_key_is_refused_with_the_way_to_make_a_good_one(keys: list[str]) -> None:
    with pytest.raises(SecretKeyError, match=r"secrets\.token_urlsafe"):
        check_keys(keys)


@pytest.mark.threat("T7", "T23")
def test_error_never_shows_the_key() -> None:
    with pytest.raises(SecretKeyError) as caught:
        check_keys(["hunter2hunter2"])

    assert "hunter2" not in str(caught.value)


def test_once_token_lasts_minutes() -> None:
    token = signer().write_once("films")

    assert signer().read_once(token) == "films"
    assert signer(now=NOW + 301).read_once(token) is None
    assert signer().read_once(signer().write(consent())) is None


def test_token_with_many_services_fits_a_cookie() -> None:
    services = [f"service-number-{n}" for n in range(40)]
    choice = Choice.of(["preferences", "statistics", "marketing"], services)
    written = make_choice(UNKNOWN, choice, revision=3, time=NOW, gpc=False)

    token = signer().write(written)

    assert len(token) < LONGEST_TOKEN
    assert signer().read(token) == written


@pytest.mark.threat("T24")
def test_payload_is_readable_and_names_nobody() -> None:
    payload = signer().write(consent()).split(b".")[1]

    fields = json.loads(base64.urlsafe_b64decode(payload + b"=="))
    assert set(fields) == {
        "subject", "record", "time", "revision", "status", "categories", "services", "answered",
        "gpc",
    }  # fmt: skip
