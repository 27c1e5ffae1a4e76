"""What one source says of one host: the common form that every list is brought into."""

from __future__ import annotations

import re
from typing import NamedTuple

_host = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
).fullmatch


class Fact(NamedTuple):
    """`host` stands for its subdomains as well. An empty `category` says that the source knows the
    host, and that it is nothing a visitor is asked about."""

    host: str
    category: str = ""
    kind: str = ""
    name: str = ""
    vendor: str = ""
    country: str = ""
    source: str = ""


def is_host(text: str) -> bool:
    return len(text) <= 253 and _host(text) is not None


def parents(host: str) -> list[str]:
    """`host` itself, then every domain above it."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
