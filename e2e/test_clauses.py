"""The clauses and the tests fit together."""

from __future__ import annotations

import pytest

from asgi_consent.audit.clauses import CLAUSES
from asgi_consent.audit.plugin import clauses_of


def test_every_clause_that_claims_a_check_has_a_test(request: pytest.FixtureRequest) -> None:
    tested = {id_ for item in request.session.items for id_ in clauses_of(item)}

    claimed = {clause.id for clause in CLAUSES.values() if clause.check}
    assert sorted(claimed - tested) == []


def test_no_test_names_an_unknown_clause(request: pytest.FixtureRequest) -> None:
    tested = {id_ for item in request.session.items for id_ in clauses_of(item)}

    assert sorted(tested - set(CLAUSES)) == []


def test_first_24_clauses_claim_a_check_or_say_why_not() -> None:
    unclaimed = [f"C{n}" for n in range(1, 25) if not CLAUSES[f"C{n}"].check]

    assert unclaimed == []
