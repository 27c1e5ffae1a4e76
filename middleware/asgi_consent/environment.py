"""What the environment says: the secret keys, which no file may hold, and where the ledger is."""

from __future__ import annotations

import os
from collections.abc import Iterable

from asgi_consent.errors import Problem, SettingsError
from asgi_consent.ledger.address import LedgerAddress
from asgi_consent.settings import Settings

SECRET_KEY_VARIABLE = "ASGI_CONSENT_SECRET_KEY"
LEDGER_VARIABLE = "ASGI_CONSENT_LEDGER"


def secret_keys(given: str | Iterable[str] | None = None) -> list[str]:
    """The keys, oldest first: those that are `given`, else the environment's. Unchecked."""
    if given is None:
        given = os.environ.get(SECRET_KEY_VARIABLE, "").split(",")
    return [given] if isinstance(given, str) else list(given)


def ledger_address(settings: Settings) -> LedgerAddress:
    """The environment comes before the file: it knows the machine. Raises SettingsError."""
    url = os.environ.get(LEDGER_VARIABLE)
    if not url:
        return settings.ledger.address
    try:
        return LedgerAddress.parse(url)
    except ValueError as error:  # the value may hold a password
        raise SettingsError("environment", [Problem(LEDGER_VARIABLE, "", str(error))]) from None
