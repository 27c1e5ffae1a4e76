"""The ledger as JSON Lines or CSV: one record a line, the oldest first."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator

from asgi_consent.ledger.chain import Row

_COLUMNS = (
    "number",
    "time",
    "record",
    "subject",
    "event",
    "status",
    "before",
    "after",
    "revision",
    "shown",
    "language",
    "method",
    "signals",
    "rule",
    "software",
    "extras",
    "numbers",
    "hash",
)


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """With what a reader needs to verify the chain without us: `salt`, `commitment`, `hash`."""
    for row in rows:
        line = {
            "number": row.number,
            "record": json.loads(row.body) if row.body else None,
            "salt": row.salt.hex() if row.salt else None,
            "commitment": row.commitment.hex(),
            "hash": row.hash.hex(),
        }
        yield json.dumps(line, ensure_ascii=False) + "\n"


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Lists are joined by spaces; an erased record has only its number and hash."""
    yield _csv_line(_COLUMNS)
    for row in rows:
        fields = {**(json.loads(row.body) if row.body else {}), "number": row.number}
        fields["hash"] = row.hash.hex()
        yield _csv_line([_cell(fields.get(name, "")) for name in _COLUMNS])


def _cell(value: object) -> str:
    if isinstance(value, list):
        text = " ".join(map(str, value))
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    # Spreadsheets would run these; https://owasp.org/www-community/attacks/CSV_Injection
    return "'" + text if text.startswith(("=", "+", "@", "\t", "\r")) else text


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


FORMATS: dict[str, Callable[[Iterable[Row]], Iterator[str]]] = {
    "jsonl": json_lines,
    "csv": csv_lines,
}
