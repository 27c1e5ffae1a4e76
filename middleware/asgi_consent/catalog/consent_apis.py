"""Vendors' own consent APIs, as data: `consent_apis.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("consent_apis.toml")

#: the API that Google's tags share
CONSENT_MODE = "google-consent-mode"


@cache
def consent_apis() -> dict[str, dict[str, Any]]:
    """What each API is told, by its id; the file says what the keys mean."""
    entries = tomllib.loads(_FILE.read_text(encoding="utf-8"))["apis"]
    return {entry["id"]: entry for entry in entries}
