"""The Open Cookie Database → cookie names in our categories.

Its category "Functional" holds what a site cannot do without and what is only comfortable. Which of
the two is judged here: by the purpose (words in the description decide, no word of it is kept),
else by what else the same platform sets: a cookie that only makes an analytics tool work is of its
kind.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from asgi_consent.catalog.rebuild.checkouts import Checkout


class CookieFact(NamedTuple):
    name: str  # with * at its end where any ending may follow
    lifetime: str  # as in consent.toml; "" where it is unknown
    category: str
    kind: str
    platform: str
    vendor: str
    source: str


_CATEGORIES = {"Marketing": "marketing", "Analytics": "statistics", "Personalization": "marketing"}
_KINDS = {"marketing": "ads", "statistics": "analytics", "preferences": "utility"}
_PREFERENCE = re.compile(
    r"language|locale|currency|remember|preferen|layout|theme|font|volume|video|player|chat|widget"
    r"|pop.?up|dismiss|hide|hidden|closed|viewed|recently|wishlist|compare|survey|time.?zone|region"
    r"|country|translat|display",
    re.I,
).search
_OPTIONAL_SHARE = 0.5  # of a platform's other cookies


def open_cookie_database(checkout: Checkout) -> Iterator[CookieFact]:
    rows = list(csv.DictReader(io.StringIO(checkout.text("open-cookie-database.csv"))))
    platforms: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        platforms[row["Platform"]][row["Category"]] += 1
    for row in rows:
        name = row["Cookie / Data Key name"].strip()
        if not re.fullmatch(r"[!#$%&'+\-.^_`|~0-9A-Za-z]{2,100}", name):
            continue
        category = _category(row, platforms[row["Platform"]])
        yield CookieFact(
            name + "*" * (row["Wildcard match"].strip() == "1"),
            lifetime(row["Retention period"]),
            category,
            _KINDS.get(category, "session"),
            row["Platform"].strip(),
            row["Data Controller"].strip(),
            checkout.mark,
        )


def _category(row: dict[str, str], platform: Counter[str]) -> str:
    said = row["Category"]
    if said in _CATEGORIES:
        return _CATEGORIES[said]
    if said in ("Security", "Necessary"):
        return "necessary"
    about = f"{row['Cookie / Data Key name']} {row['Description']}"
    optional = platform["Marketing"] + platform["Analytics"]
    if re.search(r"consent|opt.?out|csrf|xsrf", about, re.I):
        return "necessary"
    if optional > _OPTIONAL_SHARE * sum(platform.values()):
        return "marketing" if platform["Marketing"] >= platform["Analytics"] else "statistics"
    if _PREFERENCE(about) and not re.search(r"log ?in|secur|authenti|cart|checkout", about, re.I):
        return "preferences"
    return "necessary"


_UNITS = {"second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "day": "d",
          "week": "w", "month": "mo", "year": "y"}  # fmt: skip


def lifetime(text: str) -> str:
    """`13 months` → `13mo`; "" where it is no length of time."""
    text = text.strip().lower()
    if "session" in text:
        return "session"
    match = re.fullmatch(
        r"([1-9]\d{0,4}) ?(second|sec|minute|min|hour|day|week|month|year)s?", text
    )
    return match[1] + _UNITS[match[2]] if match else ""
