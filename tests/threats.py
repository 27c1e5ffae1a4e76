"""The table of threats, and which tests carry which row. Hooks of both conftest files."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from asgi_consent.audit.plugin import marked, results_of, verdict_of

ROOT = Path(__file__).parents[1]
_MARKS = ("threat", "pytest.mark.threat")


class Threat(NamedTuple):
    id: str
    threat: str
    answer: str
    limit: str = ""


def _read() -> dict[str, Threat]:
    table = tomllib.loads((Path(__file__).parent / "threats.toml").read_text(encoding="utf-8"))
    return {row["id"]: Threat(**row) for row in table["threat"]}


THREATS = _read()


def named_in_tests() -> Iterator[tuple[str, str]]:
    """(file, id) of every mark, whether or not its test is collected."""
    for folder in ("tests", "e2e"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in _MARKS:
                    for id_ in node.args:
                        yield str(path.relative_to(ROOT)), str(ast.literal_eval(id_))


def pytest_addoption(parser: pytest.Parser) -> None:
    with suppress(ValueError):  # the other conftest has added it
        parser.addoption(
            "--threats", action="store_true", help="tests of threats only; print threat → result"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        told = [("threat", id_) for id_ in marked(item, "threat")]
        item.user_properties += [one for one in told if one not in item.user_properties]
    if config.getoption("--threats"):
        config.hook.pytest_deselected(items=[one for one in items if not marked(one, "threat")])
        items[:] = [item for item in items if marked(item, "threat")]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not config.getoption("--threats") or getattr(config, "_threats_told", False):
        return
    config._threats_told = True  # type: ignore[attr-defined]
    results = results_of(terminalreporter, "threat")
    terminalreporter.section("threats")
    for threat in THREATS.values():
        tests = results.get(threat.id, {})
        terminalreporter.write_line(
            f"{threat.id:<4} {verdict_of(tests) or 'not run':<8} {threat.threat}"
        )
        terminalreporter.write_line(f"{'':14}{threat.answer}")
        if threat.limit:
            terminalreporter.write_line(f"{'':14}Not stopped: {threat.limit}")
        for test, outcome in sorted(tests.items()):
            terminalreporter.write_line(f"{'':5}{outcome:<8}   {test}")
