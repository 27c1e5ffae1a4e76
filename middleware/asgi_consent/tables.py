"""Reading a TOML table key by key, collecting every mistake instead of stopping at the first.

Each reader returns a usable value even when the file's value is wrong, so that one run finds all
mistakes. Generic validators report either one mistake at a time, or no mistakes across tables while
single values are wrong; saying everything in one go is what this file is for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, TypeVar

from asgi_consent.catalog.services import Lifetime
from asgi_consent.errors import Problem
from asgi_consent.languages import LANGUAGES, Texts

T = TypeVar("T", bound=str)

_MOST = 2**53 - 1  # what JSON and databases hold exactly

_bare_key = re.compile(r"[A-Za-z0-9_-]{1,60}").fullmatch


class Table:
    """One table. `path` is its dotted name in the file; `problems` is shared by all tables."""

    def __init__(self, data: Mapping[str, Any], path: str, problems: list[Problem]) -> None:
        self._data = data
        self._path = path
        self._problems = problems
        self._read: set[str] = set()
        self._refused: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def name(self, key: str) -> str:
        shown = key if _bare_key(key) else _shown(key)
        return f"{self._path}.{shown}" if self._path else shown

    def problem(self, key: str, expected: str) -> None:
        found = _shown(self._data[key]) if key in self._data else ""
        self._problems.append(Problem(self.name(key), found, f"expected {expected}"))

    def missing(self, key: str, expected: str) -> None:
        self._read.add(key)
        self._problems.append(Problem(self.name(key), "", f"missing; expected {expected}"))

    def refuse(self, key: str, why: str) -> None:
        """A key that must not be here; its value is not shown."""
        self._refused.add(key)
        self._problems.append(Problem(self.name(key), "", why))

    def text(self, key: str, default: str = "", expected: str = "a text, not empty") -> str:
        value = self._take(key, default)
        if isinstance(value, str) and (value.strip() or key not in self._data):
            return value
        self.problem(key, expected)
        return default

    def said(self, key: str, default: str = "", expected: str = "a text, not empty") -> str:
        """A text for visitors: one for all, or a table of one for each language."""
        if not isinstance(self._data.get(key), dict):
            return self.text(key, default, expected)
        entry = self.table(key)
        for tag in entry:
            if tag not in LANGUAGES:
                entry.refuse(tag, f"unknown language; expected one of {', '.join(LANGUAGES)}")
        texts = {tag: entry.text(tag) for tag in entry if tag in LANGUAGES}
        if not self._data[key]:
            self.problem(key, expected)
        entry.done()
        return Texts(texts) if texts else default

    def required_text(self, key: str, expected: str) -> str:
        if key not in self._data:
            self.missing(key, expected)
            return ""
        return self.text(key, expected=expected)

    def choice(self, key: str, options: Iterable[T], default: T) -> T:
        value = self._take(key, default)
        options = list(options)
        for option in options:
            if value == option:
                return option
        listed = ", ".join(f'"{option}"' for option in options)
        self.problem(key, f"one of {listed}" if len(options) > 1 else listed)
        return default

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key, default)
        if isinstance(value, bool):
            return value
        self.problem(key, "true or false")
        return default

    def is_false(self, key: str) -> bool:
        return self._data.get(key) is False and self._take(key, None) is False

    def whole(self, key: str, default: int, least: int = 1) -> int:
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= _MOST:
            return value
        below = f" to {_MOST}" if isinstance(value, int) and value > _MOST else ""
        self.problem(key, f"a whole number from {least}{below}")
        return default

    def day(self, key: str) -> date | None:
        value = self._take(key, None)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        self.problem(key, "a date without quotes, such as 2026-11-01")
        return None

    def lifetime(self, key: str, default: Lifetime | None) -> Lifetime | None:
        if key not in self._data:
            return default
        try:
            return Lifetime(str(self._take(key, "")))
        except ValueError as error:
            self.problem(key, str(error))
            return default

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._take(key, list(default))
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self.problem(key, 'a list of texts such as ["a", "b"]')
        return default

    def table(self, key: str) -> Table:
        value = self._take(key, {})
        if not isinstance(value, dict):
            self.problem(key, f"a table: [{self.name(key)}]")
            value = {}
        return Table(value, self.name(key), self._problems)

    def tables(self, key: str, by: str = "") -> Iterator[Table]:
        """Each table of a list of tables, named `key[1]`, `key[2]`, … With `by`, a plain text
        stands for a table with only that key."""
        value = self._take(key, [])
        items = value if isinstance(value, list) else [value]
        if by:
            items = [{by: item} if isinstance(item, str) else item for item in items]
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in items):
            form = f'{key} = [{{ {by} = "…" }}]' if by else f"[[{self.name(key)}]]"
            self.problem(key, f"a list of tables: {form}")
        for number, item in enumerate(items, 1):
            if isinstance(item, dict):
                yield Table(item, f"{self.name(key)}[{number}]", self._problems)

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def done(self) -> None:
        """Call last: every key nobody asked for is a mistake."""
        for key in self._data:
            if key not in self._read | self._refused:
                close = get_close_matches(key, self._read, n=1)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                known = ", ".join(sorted(self._read))
                self._problems.append(
                    Problem(self.name(key), "", f"unknown key{hint or f'; known here: {known}'}")
                )

    def _take(self, key: str, default: Any) -> Any:
        self._read.add(key)
        return self._data.get(key, default)


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except (RecursionError, ValueError):  # nested too deep; a number of thousands of digits
        return "…"
    return text if len(text) <= 60 else text[:57] + "…"
