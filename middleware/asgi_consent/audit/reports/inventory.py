"""An inventory in every form: lines for a terminal, JSON after inventory.schema.json, CSV, HTML."""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asgi_consent import __version__
from asgi_consent.audit.drafting import lifetime
from asgi_consent.audit.inventory import STATES, Find, Inventory
from asgi_consent.audit.reports.data import without_query
from asgi_consent.audit.reports.page import environment
from asgi_consent.audit.reports.terminal import plain
from asgi_consent.audit.stores import COOKIE

FORMAT = "asgi-consent/inventory/1"
SCHEMA = Path(__file__).with_name("inventory.schema.json")

_COLUMNS = (
    "kind",
    "name",
    "host",
    "category",
    "service",
    "states",
    "lifetime",
    "by",
    "how",
    "pages",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_data(inventory: Inventory) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "tool": {"name": "asgi-consent", "version": __version__},
        "site": inventory.site,
        "began": datetime.fromtimestamp(inventory.began, UTC).isoformat(timespec="seconds"),
        "seconds": round(inventory.seconds, 1),
        "complete": not inventory.interrupted,
        "pages": [without_query(page) for page in inventory.pages],
        "states": list(inventory.states),
        "skipped": {without_query(key): why for key, why in inventory.skipped.items()},
        "finds": [_find(find) for find in inventory.finds],
    }


def _find(find: Find) -> dict[str, Any]:
    ruling = find.ruling
    return {
        "kind": find.kind,
        "name": find.name,
        "host": find.host,
        "service": ruling.service,
        "vendor": ruling.vendor,
        "category": ruling.category,
        "own": ruling.own,
        "declared": ruling.declared,
        "undeclared": find.undeclared,
        "cname": find.cname,
        "states": [state for state in STATES if state in find.states],
        "lifetime": lifetime(find.seconds) if find.kind == COOKIE else None,
        "http_only": find.http_only,
        "partitioned": find.partitioned,
        "by": [without_query(by) for by in find.by],
        "how": list(find.how),
        "pages": [without_query(page) for page in find.pages],
    }


def as_csv(inventory: Inventory) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for find in map(_find, inventory.finds):
        cells = (find[column] for column in _COLUMNS)
        writer.writerow(
            [_cell(" ".join(cell) if isinstance(cell, list) else cell or "") for cell in cells]
        )
    return out.getvalue()


def _cell(text: str) -> str:
    """Names are anybody's: none may become a formula where the file is opened."""
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_page(inventory: Inventory) -> str:
    template = environment().get_template("inventory.html")
    return template.render(
        inventory=inventory,
        finds=[(find, _find(find)) for find in inventory.finds],
        counts=counts(inventory),
        began=datetime.fromtimestamp(inventory.began, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=__version__,
    )


def counts(inventory: Inventory) -> dict[str, int]:
    return dict(Counter(find.ruling.category for find in inventory.finds).most_common())


def lines(inventory: Inventory) -> Iterator[str]:
    """A table as wide as the terminal: the states are the first letters of their names."""
    width = max(60, shutil.get_terminal_size((110, 24)).columns)
    name, whose = max(20, width // 3), max(16, width // 4)
    yield f"{'kind':<15} {'name':<{name}} {'service':<{whose}} {'seen':<5} by"
    category = None
    for find in inventory.finds:
        if find.ruling.category != category:
            category = find.ruling.category
            yield f"{category}:"
        shown = (
            find.name if not find.host or find.host == find.name else f"{find.name} @{find.host}"
        )
        shown += f" = {find.cname}" if find.cname else ""
        seen = "".join(state[0] if state in find.states else "·" for state in STATES)
        by = find.by[0] if find.by else ", ".join(find.how)
        row = (
            f"{find.kind:<15} {_cut(shown, name):<{name}} "
            f"{_cut(_whose(find), whose):<{whose}} {seen:<5} {without_query(by)}"
        )
        yield plain(row)[:width]
    yield ""
    told = ", ".join(f"{count} {category}" for category, count in counts(inventory).items())
    state = "INTERRUPTED, partial: " if inventory.interrupted else ""
    yield (
        f"{state}{len(inventory.pages)} pages in {', '.join(inventory.states)}; "
        f"{told or 'nothing found'}; {inventory.seconds:.0f} s"
    )
    for key, why in list(inventory.skipped.items())[:10]:
        yield plain(f"not visited: {without_query(key)}: {why}")


def _whose(find: Find) -> str:
    return find.ruling.service or ("this site" if find.ruling.necessary else "?")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
