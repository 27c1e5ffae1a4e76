"""The threats and the tests fit together."""

from __future__ import annotations

from tests.threats import THREATS, named_in_tests


def test_threats_are_all_there_and_in_order() -> None:
    assert list(THREATS) == [f"T{number}" for number in range(1, 35)]


def test_every_threat_has_a_test() -> None:
    tested = {id_ for _, id_ in named_in_tests()}

    assert sorted(THREATS.keys() - tested) == []


def test_no_test_names_an_unknown_threat() -> None:
    assert [(file, id_) for file, id_ in named_in_tests() if id_ not in THREATS] == []
