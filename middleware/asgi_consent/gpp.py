"""Strings of the Global Privacy Platform for US sections, written under CMP id 1, as those may who
are no registered CMP (US National and the states). A section of the TCF needs a registered id, and
is not written here.

https://github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform/blob/main/Core/Consent%20String%20Specification.md
"""

from __future__ import annotations

import tomllib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CMP_ID = 1

_FILE = Path(__file__).with_name("gpp_sections.toml")
_PROVIDED, _OPTED_OUT, _NOT_OPTED_OUT, _NOT_COVERED = 1, 1, 2, 2


@dataclass(frozen=True, slots=True)
class Section:
    """`fields` are names with how many numbers each holds, 0 standing for one that is no list."""

    id: int
    name: str
    version: int
    gpc: bool
    fields: tuple[tuple[str, int], ...]

    def values(self, *, opted_out: bool, gpc: bool) -> dict[str, Any]:
        """What the section says: notice is given, selling and sharing are opted out of or not, and
        nothing else is processed that it asks about."""
        found: dict[str, Any] = {"Version": self.version}
        for name, size in self.fields:
            if name.endswith("Notice"):
                found[name] = _PROVIDED
            elif name.endswith("OptOut"):
                found[name] = _OPTED_OUT if opted_out else _NOT_OPTED_OUT
            elif name == "MspaCoveredTransaction":
                found[name] = _NOT_COVERED
            else:
                found[name] = [0] * size if size else 0
        return {**found, "GpcSegmentType": 1, "Gpc": gpc} if self.gpc else found

    def string(self, *, opted_out: bool, gpc: bool) -> str:
        """The whole GPP string, with this one section."""
        values = self.values(opted_out=opted_out, gpc=gpc)
        bits = f"{self.version:06b}"
        for name, size in self.fields:
            numbers = values[name] if size else [values[name]]
            bits += "".join(f"{number:02b}" for number in numbers)
        text = f"{_header(self.id)}~{_base64(bits)}"
        return f"{text}.{_base64(f'01{int(gpc)}')}" if self.gpc else text


@cache
def gpp_sections() -> dict[str, Section]:
    """Every section that can be written, by its name."""
    entries = tomllib.loads(_FILE.read_text(encoding="utf-8"))["sections"]
    return {
        entry["name"]: Section(
            entry["id"],
            entry["name"],
            entry["version"],
            entry["gpc"],
            tuple(_field(text) for text in entry["fields"].split()),
        )
        for entry in entries
    }


def _field(text: str) -> tuple[str, int]:
    name, _, size = text.partition("*")
    return name, int(size or 0)


def _header(section: int) -> str:
    """Type 3, version 1, and a range of one section id."""
    return _base64(f"{3:06b}{1:06b}{1:012b}0{_fibonacci(section)}")


def _fibonacci(number: int) -> str:
    """Fibonacci coding: the sum of Fibonacci numbers, the smallest first, closed by a 1."""
    sizes = [1, 2]
    while sizes[-1] <= number:
        sizes.append(sizes[-1] + sizes[-2])
    bits = ""
    for size in reversed(sizes):
        taken = size <= number
        number -= size * taken
        bits = f"{int(taken)}{bits}"
    return bits.rstrip("0") + "1"


def _base64(bits: str) -> str:
    """Filled up with zeros to whole bytes, then to whole characters."""
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2)
    return urlsafe_b64encode(data.to_bytes(-(-len(bits) // 8))).decode("ascii").rstrip("=")
