"""Personal data in the names and values of cookies, however it is written; and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_consent.privacy.check import PersonalData, PersonalDataCheck
from asgi_consent.privacy.decodings import readings
from asgi_consent.privacy.detector import Detector, Finding
from asgi_consent.privacy.kinds import KINDS

CORPUS = Path(__file__).parents[1] / "data" / "personal_data.jsonl"


def kinds(name: str, value: str) -> set[str]:
    return {finding.kind for finding in Detector().find(name, value)}


def test_precision_and_recall_on_the_corpus() -> None:
    """For each kind, so that a common one cannot hide a rare one."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        found, expected = kinds(case["name"], case["value"]), set(case["kinds"])
        right.update(found & expected)
        wrong.update(found - expected)
        missed.update(expected - found)

    assert right.total() / (right + wrong).total() >= 0.98
    for kind in KINDS:
        assert right[kind] >= 40
        assert right[kind] / (right[kind] + missed[kind]) >= 0.95, kind


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("u", "jan.ö@exämple.net", "e-mail address"),
        ("jan@example.com", "1", "e-mail address"),
        ("u", "amFuQGV4YW1wbGUuY29t", "e-mail address"),
        ("u", "6a616e406578616d706c652e636f6d", "e-mail address"),
        ("u", "%7B%22e%22%3A%22jan%40example.com%22%7D", "e-mail address"),
        ("x", "+47 22 12 34 56", "phone number"),
        ("tel", "030 901820", "phone number"),
        ("x", "GB82 WEST 1234 5698 7654 32", "bank account"),
        ("x", "4111-1111-1111-1111", "card number"),
        ("x", '{"lat": 59.9139, "lng": 10.7522}', "coordinates"),
        ("x", "192.0.2.7", "IP address"),
        ("x", "2001:db8::1:2:3", "IP address"),
        ("x", "00:1b:44:11:3a:b7", "MAC address"),
    ],
)
def test_each_kind_is_found(name: str, value: str, kind: str) -> None:
    assert kinds(name, value) == {kind}


@pytest.mark.parametrize(
    "value",
    [
        "GB82 WEST 1234 5698 7654 33",  # wrong check digits
        "4111-1111-1111-1112",
        "+1 000 000 0000",
        "1.2.3.4",
        "999.1.2.3",
        "12:30:45",
        "jan@localhost",
        "@mention",
        "95.1234,10.7522",
    ],
)
def test_what_only_looks_like_it_is_not(value: str) -> None:
    assert kinds("x", value) == set()


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
@pytest.mark.parametrize("spelling", ["Ines@Halden.example", "ines@halden.example"])
def test_the_hash_of_an_address_that_the_app_knows_is_found(algorithm: str, spelling: str) -> None:
    detector = Detector()
    detector.watch(" Ines@Halden.example ")
    digest = hashlib.new(algorithm, spelling.encode())

    for value in (
        digest.hexdigest(),
        digest.hexdigest().upper(),
        base64.b64encode(digest.digest()).decode(),
        f"v1.{digest.hexdigest()}.5",
        json.dumps({"em": digest.hexdigest()}),
    ):
        assert f"e-mail address ({algorithm.upper()})" in {
            f.kind for f in detector.find("u", value)
        }
    assert "ines" not in repr(vars(detector)).lower()
    assert detector.find("u", hashlib.sha256(b"other@example.com").hexdigest()) == []


@pytest.mark.threat("T24")
def test_a_finding_says_where_and_how_and_never_what() -> None:
    (found,) = Detector().find("u", "%7B%22e%22%3A%22jan%40example.com%22%7D")

    assert str(found) == "e-mail address in its value, written as JSON in percent"
    assert "jan" not in repr(found)


@given(st.text(max_size=200), st.text(max_size=2000))
def test_any_text_can_be_looked_at(name: str, value: str) -> None:
    assert len(Detector().find(name, value)) <= 2 * len(KINDS)


def check(mode: PersonalData) -> tuple[PersonalDataCheck, list[tuple[bytes, Finding]]]:
    told: list[tuple[bytes, Finding]] = []

    def tell(name: bytes, finding: Finding) -> None:
        told.append((name, finding))

    return PersonalDataCheck(mode, tell, tell), told


@pytest.mark.parametrize(
    ("mode", "passes", "tells"),
    [
        (PersonalData.OFF, True, 0),
        (PersonalData.REPORT, True, 1),
        (PersonalData.BLOCK, False, 1),
    ],
)
def test_a_cookie_with_an_address_is_reported_or_blocked(
    mode: PersonalData, passes: bool, tells: int
) -> None:
    checking, told = check(mode)

    assert checking.passes(b"u", b"jan%40example.com") is passes
    assert checking.passes(b"u", b"a-random-number-8812") is True
    assert len(told) == tells


def test_reporting_looks_at_the_first_values_of_a_cookie_only() -> None:
    checking, told = check(PersonalData.REPORT)

    for _ in range(500):
        checking.passes(b"u", b"jan@example.com")

    assert len(told) == 200


@pytest.mark.parametrize("value", ["eyJ\x80.ey.x", "eyJhbGciOiI.\xe9"])
def test_what_only_looks_like_a_token_is_read_as_it_is(value: str) -> None:
    assert readings(value)[0].text == value
