"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable


def plain(text: str) -> str:
    """`text` on one line, with nothing in it that Markdown takes for its own but `code`."""
    parts = " ".join(text.split()).split("`")
    parts[::2] = [re.sub(r"([|*_<\[\]])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    return "`".join(parts)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = [*head]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
