"""Clauses and threats, each with the tests that carry its mark."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from asgi_consent.audit.clauses import CLAUSES
from docs.made.markdown import plain, table

ROOT = Path(__file__).parents[2]


def marked_tests(mark: str, *folders: str) -> dict[str, list[str]]:
    """For each argument of `@pytest.mark.<mark>` the tests that carry it, read and not run."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for test in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
                for id_ in _marked(test, mark):
                    found[id_].append(f"{path.relative_to(ROOT)}::{test.name}")
    return found


def _marked(test: ast.FunctionDef | ast.AsyncFunctionDef, mark: str) -> Iterator[str]:
    """Of a decorator, or of one case of a parametrised test."""
    for node in (node for decorator in test.decorator_list for node in ast.walk(decorator)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == mark:
            yield from (str(id_.value) for id_ in node.args if isinstance(id_, ast.Constant))


def clause_table() -> str:
    tests = marked_tests("clause", "e2e")
    rows = [
        (
            f"<span id={clause.id.lower()}>{clause.id}</span>",
            plain(clause.claim),
            plain(clause.check) or "not checked yet",
            _list_of_tests(tests[clause.id]),
        )
        for clause in CLAUSES.values()
    ]
    return table(("", "what a policy says", "how it is checked", "tests"), rows)


def threat_table() -> str:
    threats = tomllib.loads((ROOT / "tests/threats.toml").read_text("utf-8"))["threat"]
    tests = marked_tests("threat", "tests", "e2e")
    rows = [
        (
            f"<span id={row['id'].lower()}>{row['id']}</span>",
            plain(row["threat"]),
            plain(row["answer"]),
            plain(row.get("limit", "")),
            str(len(tests[row["id"]])),
        )
        for row in threats
    ]
    return table(("", "what could happen", "what stands against it", "not stopped", "tests"), rows)


def _list_of_tests(names: list[str]) -> str:
    """Tests are named by what they show."""
    found = (name.removeprefix("e2e/").split("::test_") for name in names)
    return "<br>".join(f"{plain(test.replace('_', ' '))} (`{file}`)" for file, test in found)
