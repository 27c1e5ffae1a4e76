"""Every error this package raises on purpose. A leaf: imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class ConsentError(Exception):
    """Base of all errors raised by asgi-consent."""


class SecretKeyError(ConsentError):
    """The secret key is missing, too short or a well-known example."""


class TokenTooLongError(ConsentError):
    """A choice names more single services than fit into a cookie."""


class NotGrantedError(ConsentError):
    """Something waits for a category or a service that the visitor has not agreed to."""


class RecordError(ConsentError):
    """A consent record holds what it must not, or is none."""


class LedgerError(ConsentError):
    """The ledger cannot be read or written, or what it says about itself is not true."""


class CodingError(ConsentError):
    """A body is not what its Content-Encoding says."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a settings file: where it is, what is there, what was expected."""

    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        found = f" is {self.value}," if self.value else ""
        text = f"{self.key}:{found} {self.expected}" if found else f"{self.key}: {self.expected}"
        # One line, which no terminal takes for anything else, whatever is in the file.
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class SettingsError(ConsentError):
    """One or more mistakes in the settings; `problems` holds all of them. `unreadable`: there was
    no file to find mistakes in."""

    def __init__(
        self, source: str, problems: Iterable[Problem], *, unreadable: bool = False
    ) -> None:
        self.source = source
        self.unreadable = unreadable
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{source}: {problem}" for problem in self.problems))
