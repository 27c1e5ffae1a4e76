"""The reference of consent.toml, from the code that reads it and the words of the starter file."""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar
from unittest.mock import patch

from asgi_consent.assets import TEMPLATES
from asgi_consent.catalog.services import Lifetime
from asgi_consent.errors import SettingsError
from asgi_consent.settings import read_settings
from asgi_consent.tables import Table
from docs.made.markdown import plain, table

T = TypeVar("T", bound=str)

STARTER_FILE = (TEMPLATES / "consent.toml").read_text(encoding="utf-8")


class Key(NamedTuple):
    """What the code asks of one key: `kind` and `default` as Markdown."""

    kind: str
    default: str


Tables = dict[str, dict[str, Key]]  # by the dotted names of tables, "" for the root

_LONG = 12  # options; a longer list is told by its number first
#: two documents that have one of everything, so that every key is asked for
_EVERYTHING: Sequence[Mapping[str, Any]] = (
    {
        "categories": {"NAME": {"label": "-", "description": "-"}},
        "services": [
            {
                "id": "shop",
                "name": "Shop",
                "category": "necessary",
                "purpose": "-",
                "cookies": [{"name": "basket"}],
            }
        ],
        "catalogue": {"lists": [{"path": "/nowhere"}]},
        "region": {"header": "x", "rules": {"REGION": "opt-in"}},
    },
    {"site": {"language": "en"}},
)


class _Listening(Table):
    """Tells what it is asked for."""

    heard: ClassVar[Tables] = defaultdict(dict)

    def note(self, key: str, kind: str, default: object = "") -> None:
        path = re.sub(r"\[\d+\]", "[]", self.name(key)).removesuffix(key).rstrip(".")
        shown = "" if default in ("", None) else json.dumps(default, ensure_ascii=False)
        self.heard[path].setdefault(key, Key(kind, shown))

    def text(self, key: str, default: str = "", *more: Any, **named: Any) -> str:
        self.note(key, "text", default)
        return super().text(key, default, *more, **named)

    def said(self, key: str, default: str = "", *more: Any, **named: Any) -> str:
        self.note(key, "text, or one for each language", default)
        return super().said(key, default, *more, **named)

    def required_text(self, key: str, expected: str) -> str:
        self.note(key, "text; required")
        return super().required_text(key, expected)

    def choice(self, key: str, options: Iterable[T], default: T) -> T:
        listed = [*options]
        shown = [f'`"{option}"`' for option in listed if option]
        many = f"one of {len(shown)}: {', '.join(shown)}"
        self.note(key, many if len(shown) > _LONG else " or ".join(shown), default)
        return super().choice(key, listed, default)

    def flag(self, key: str, default: bool) -> bool:
        self.note(key, "true or false", default)
        return super().flag(key, default)

    def whole(self, key: str, default: int, least: int = 1) -> int:
        self.note(key, f"whole number from {least}", default)
        return super().whole(key, default, least)

    def day(self, key: str) -> date | None:
        self.note(key, "date without quotes")
        return super().day(key)

    def lifetime(self, key: str, default: Lifetime | None) -> Lifetime | None:
        self.note(key, "lifetime", default.text if default else "")
        return super().lifetime(key, default)

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        self.note(key, "list of texts", "all" if len(default) > _LONG else [*default])
        return super().texts(key, default)

    def tables(self, key: str, by: str = "") -> Iterator[Table]:
        if by:  # the others have a heading of their own
            self.note(key, f"list of tables, or of texts that are each a `{by}`")
        return super().tables(key, by)


def keys_of_settings() -> Tables:
    """Every key that reading a consent.toml asks for, by reading one with tables that listen."""
    _Listening.heard.clear()
    with (
        patch("asgi_consent.settings.Table", _Listening),
        patch("asgi_consent.tables.Table", _Listening),
    ):
        for document in _EVERYTHING:
            with suppress(SettingsError):  # there is no such list, and no such region
                read_settings(document)
    return {table: {**keys} for table, keys in _Listening.heard.items()}


class Words(NamedTuple):
    """What is said of tables, by their names, and of keys, by table and key."""

    tables: dict[str, str]
    keys: dict[tuple[str, str], str]


_heading = re.compile(r"(?:# )?\[+([a-z._]+)\]+(?:\s+# (.*))?").fullmatch
_setting = re.compile(r"(?:# )?([a-z_]+) = (?:.*?)(?:\s+# (.*))?").fullmatch
_goes_on = re.compile(r"(?:#\s)?\s{15,}# (.*)").fullmatch


def words_of_the_starter_file() -> Words:
    """The comments of the file that `asgi-consent init` writes: those above a table or a key, up to
    the next blank line, and those beside it."""
    words = Words(defaultdict(str), defaultdict(str))
    path, key, above = "", "", ""
    for line in STARTER_FILE.splitlines():
        if found := _goes_on(line):
            words.keys[path, key] += f" {found[1]}"
        elif found := _heading(line):
            path = {"categories.statistics": "categories.NAME", "services": "services[]"}.get(
                found[1], found[1]
            )
            words.tables[path] = _joined(words.tables[path], above, found[2])
            above = ""
        elif found := _setting(line):
            key = found[1]
            words.keys[path, key] = _joined(words.keys[path, key], above, found[2])
            above = ""
        else:
            above = f"{above} {line[2:]}" if line.startswith("# ") else ""
    return words


def _joined(*parts: str | None) -> str:
    told = (re.sub(r"^example[:;]? ?|: see .*$", "", (part or "").strip()) for part in parts)
    return " ".join(part for part in told if part)


def words() -> Words:
    """Those of the starter file, and ours in the place of some."""
    found = words_of_the_starter_file()
    for name, entries in tomllib.loads(
        Path(__file__).with_name("words.toml").read_text("utf-8")
    ).items():
        for key, said in entries.items():
            if key:
                found.keys[name, key] = said
            else:
                found.tables[name] = said
    return found


def settings() -> str:
    """Every key of consent.toml with what it takes, its default, and what it is."""
    said = words()
    text = (
        "# consent.toml\n\nAll keys are optional unless they say so. `asgi-consent init` writes "
        "the [file below](#the-starter-file), `asgi-consent check` names every mistake in one. A "
        'lifetime is a number and a unit, such as `"30m"`, `"24h"`, `"180d"`, `"13mo"` or `"2y"`, '
        'or `"session"`. Where a text may be one for each language it is either a text, or a '
        'table such as `{ de = "Zahlen", en = "Numbers" }`. The secret key is never read from '
        "this file.\n"
    )
    for name, keys in keys_of_settings().items():
        rows = [
            (f"`{key}`", one.kind, _code(one.default), _sentence(said.keys[name, key]))
            for key, one in keys.items()
        ]
        text += f"\n## {_heading_of(name)}\n\n{_sentence(said.tables[name])}\n\n"
        text += table(("key", "takes", "default", "what it is"), rows)
    text += "\n## The starter file\n\nWhat `asgi-consent init` writes:\n\n"
    return f'{text}```toml title="consent.toml"\n{STARTER_FILE}```\n'


def _heading_of(name: str) -> str:
    if name == "services[].cookies[]":
        return "`cookies` of a service"
    if name.endswith("[]"):
        return f"`[[{name[:-2]}]]`"
    return f"`[{name}]`" if name else "Before the first table"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _sentence(text: str) -> str:
    """A comment as a sentence; one that begins with a value stays."""
    if text and not text.startswith("true: "):
        text = text[0].upper() + text[1:]
    return plain(text if not text or text.endswith(".") else f"{text}.")
