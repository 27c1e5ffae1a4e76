"""What of the documentation is made from the code, so that it cannot fall behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docs.made.command_line import command_line
from docs.made.proofs import clause_table, threat_table
from docs.made.settings import settings

#: pages that are made as a whole, by their path in the site
PAGES: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": command_line,
    "reference/settings.md": settings,
}
#: what is put where a page has `<!-- the name -->`
TABLES: Mapping[str, Callable[[], str]] = {"clauses": clause_table, "threats": threat_table}


def with_tables(page: str) -> str:
    """The Markdown of a page with the tables that it names."""
    for name, make in TABLES.items():
        mark = f"<!-- {name} -->"
        if mark in page:
            page = page.replace(mark, make())
    return page
