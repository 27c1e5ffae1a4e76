"""The clauses of a cookie policy, read from clauses.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clause:
    """One claim; `check` says how a browser decides it, and is empty where none does yet."""

    id: str
    topic: str
    claim: str
    permits: str
    check: str = ""


def _read() -> dict[str, Clause]:
    text = Path(__file__).with_name("clauses.toml").read_text(encoding="utf-8")
    return {entry["id"]: Clause(**entry) for entry in tomllib.loads(text)["clause"]}


CLAUSES: Mapping[str, Clause] = _read()
