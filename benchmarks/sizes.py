"""What a visitor's browser has to load before a choice, next to others: make bench-sizes

Bytes after `gzip -9`, as a server would send them; the others as their npm packages ship them
today, fetched with npm where there is one. Requests and layout are what e2e/ asserts on.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from asgi_consent.banner.guard import guard_script
from asgi_consent.banner.static_files import files_of
from asgi_consent.decision import Grants
from asgi_consent.demo.app import SETTINGS
from asgi_consent.settings import Settings, load_settings, read_settings
from asgi_consent.theme import Theme

#: package → its script and its styles
FILES = files_of(Theme())
OTHERS = {
    "vanilla-cookieconsent": ("dist/cookieconsent.umd.js", "dist/cookieconsent.css"),
    "orejime": ("dist/orejime-standard-en.js", "dist/orejime-standard.css"),
    "klaro": ("dist/klaro.js", "dist/klaro.min.css"),
}


def size(body: bytes) -> int:
    return len(gzip.compress(body, 9, mtime=0))


def ours(name: str, settings: Settings) -> tuple[str, int, int]:
    guard = guard_script(settings.policy, Grants(), "shop.example")
    scripts = size(guard) + size(FILES["banner.js"].body)
    return name, scripts, size(FILES["banner.css"].body)


def packed(package: str, folder: Path) -> dict[str, bytes]:
    """The files of an npm package, by their paths in it; none if it cannot be had."""
    subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, check=False, capture_output=True
    )
    files: dict[str, bytes] = {}
    for archive in folder.glob(f"{package}-*.tgz"):
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and (file := tar.extractfile(member)):
                    files[member.name.removeprefix("package/")] = file.read()
    return files


def others() -> list[tuple[str, int, int]]:
    if not shutil.which("npm"):
        return []
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for package, names in OTHERS.items():
            files = packed(package, Path(folder))
            if all(name in files for name in names):
                script, style = (size(files[name]) for name in names)
                found.append((package, script, style))
    return found


def main() -> None:
    parts = [(name, size(FILES[name].body)) for name in ("guard.js", "banner.js")]
    print("\n".join(f"{name:<12} {bytes_:>7,} bytes without rules" for name, bytes_ in parts))
    print(f"\n{'':<36}{'scripts':>9}{'styles':>9}")
    rows = [
        ours("asgi-consent, the demo's settings", load_settings(SETTINGS)),
        ours("asgi-consent, nothing declared", Settings()),
        ours("asgi-consent, without the catalogue", read_settings({"catalogue": {"use": False}})),
        *others(),
    ]
    for name, scripts, styles in rows:
        print(f"{name:<36}{scripts:>9,}{styles:>9,}")


if __name__ == "__main__":
    main()
