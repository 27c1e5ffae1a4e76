"""The sources on this machine: git repositories, read at the commit that `sources.toml` names."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    id: str
    mark: str
    name: str
    licence: str
    facts: str
    address: str = ""
    commit: str = ""


def known_sources() -> dict[str, Source]:
    entries = tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))["sources"]
    return {entry["id"]: Source(**entry) for entry in entries}


class Checkout:
    """One source's repository below the folder given as --sources."""

    def __init__(self, folder: Path, source: Source) -> None:
        self.mark = source.mark
        self._folder = folder / source.id
        self._commit = source.commit

    def text(self, path: str) -> str:
        return self._git("show", f"{self._commit}:{path}").decode("utf-8", "replace")

    def texts(self, folder: str, name: str) -> Iterator[tuple[str, str]]:
        """Path and text of every file in `folder` whose name matches the pattern `name`."""
        listed = self._git("ls-tree", "-r", "--name-only", self._commit, folder + "/").decode()
        paths = [path for path in listed.splitlines() if re.search(name, path)]
        wanted = "".join(f"{self._commit}:{path}\n" for path in paths)
        out = self._git("cat-file", "--batch", given=wanted.encode())
        at = 0
        for path in paths:
            line_end = out.index(b"\n", at)
            size = int(out[at:line_end].split()[2])
            begin, at = line_end + 1, line_end + 2 + size
            yield path, out[begin : begin + size].decode("utf-8", "replace")

    def _git(self, *words: str, given: bytes = b"") -> bytes:
        command = ["git", "-C", str(self._folder), *words]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout
