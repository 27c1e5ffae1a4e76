"""Where a ledger lives: `sqlite:///PATH`, `postgresql://…`, or `off`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

#: no ledger: choices count and nobody can prove them
OFF = "off"
EXPECTED = f'"sqlite:///PATH", "postgresql://…" or "{OFF}"'

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class LedgerAddress:
    """`target` is a path for SQLite, and what libpq takes for PostgreSQL."""

    kind: str
    target: str

    @classmethod
    def parse(cls, url: str) -> LedgerAddress:
        """Raises ValueError. `sqlite:///ledger.db` is below the working directory, and
        `sqlite:////var/lib/ledger.db` an absolute path."""
        if url == OFF:
            return cls(OFF, "")
        if url.startswith(_SQLITE) and len(url) > len(_SQLITE) and "?" not in url:
            path = unquote(url.removeprefix(_SQLITE))
            if "\0" not in path and not path.startswith(":"):
                return cls("sqlite", path)
        if url.startswith(_POSTGRESQL) and urlsplit(url).path.strip("/"):
            return cls("postgresql", url)
        raise ValueError(f"expected {EXPECTED}")

    def __str__(self) -> str:
        """As it may be shown: without a password."""
        if self.kind != "postgresql":
            return _SQLITE + self.target if self.target else OFF
        shown = re.sub(r"(?<=://)([^/@:]*+)(:[^/@]*+)?@", r"\1@", self.target)
        return re.sub(r"(?i)password=[^&]*+", "password=…", shown)


DEFAULT_ADDRESS = LedgerAddress("sqlite", "asgi-consent.db")
