"""Finding a Chromium to drive: Playwright's own, one of the system, or one we may install.

python -m asgi_consent.audit.browser            says which one is used
python -m asgi_consent.audit.browser --install  gets one first, if there is none
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

from asgi_consent.errors import ConsentError

#: in order: the first is two to three times faster and does all that most tests need
HEADLESS = ("chromium-headless-shell", "chromium", "google-chrome")
FULL = ("chromium", "google-chrome")

_PATIENCE = 300  # seconds for an installation


class NoBrowserError(ConsentError):
    """There is no Chromium and none could be installed."""


def find_browser(playwright: Playwright, *, full: bool = False) -> Path | None:
    """The executable to launch, or None. `full` leaves out the headless shell, which lacks some
    features of a browser (preconnect, profiles with settings)."""
    own = Path(playwright.chromium.executable_path)
    if own.exists():
        return own
    for name in FULL if full else HEADLESS:
        if found := shutil.which(name):
            return Path(found)
    return None


def install_browser(playwright: Playwright) -> Path:
    """Find a browser, or install one. Raises NoBrowserError."""
    if not Path(playwright.chromium.executable_path).exists():
        # Harmless where it is not possible; where it is, tests run the same everywhere.
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    if (
        (found := find_browser(playwright)) is None
        and os.geteuid() == 0
        and shutil.which("apt-get")
    ):
        _run("apt-get", "update")
        _run("apt-get", "install", "-y", "--no-install-recommends", "chromium")
        found = find_browser(playwright)
    if found is None:
        raise NoBrowserError(
            "no browser: install Chromium (Debian: apt-get install chromium; elsewhere: "
            "playwright install chromium) and run again"
        )
    return found


def _run(*command: str) -> None:
    print(f"trying: {' '.join(command[-4:])}", file=sys.stderr)
    try:
        subprocess.run(command, check=False, capture_output=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {error}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m asgi_consent.audit.browser", description=__doc__
    )
    parser.add_argument("--install", action="store_true", help="get a browser if there is none")
    arguments = parser.parse_args()
    try:
        with sync_playwright() as playwright:
            find = install_browser if arguments.install else find_browser
            found = find(playwright)
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 1
    print(found or "no browser")
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())
