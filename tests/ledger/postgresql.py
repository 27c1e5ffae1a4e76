"""A real PostgreSQL for the tests: Debian's binaries, a private data directory and socket.

python -m tests.ledger.postgresql --install   gets the binaries first, if there are none
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg

_INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "postgresql")


def find_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: -int(f.parent.name))
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def install() -> Path | None:
    if find_binaries() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (("apt-get", "update"), _INSTALL):
            print("trying:", *command, file=sys.stderr)
            subprocess.run(command, check=False, capture_output=True, timeout=300)
    return find_binaries()


class Server:
    """One server; every `fresh_url` is a schema of its own. Never runs as root, which PostgreSQL
    refuses."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._user: str | None = None
        self._count = 0
        if os.geteuid() == 0:
            self._user = "postgres" if _has_user("postgres") else "nobody"
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run(
            "initdb", "-D", self._data, "-A", "trust", "-U", "ledger", "--no-sync", "-E", "UTF8"
        )
        self.start()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def start(self) -> None:
        """Returns when it takes connections."""
        options = ["-D", self._data, "-k", str(self._folder), "-c", "listen_addresses="]
        self._process = subprocess.Popen(
            [self._binaries / "postgres", *options, "-c", "max_connections=60"],
            stderr=subprocess.PIPE,
            text=True,
            user=self._user,
            cwd=self._folder,
        )
        assert self._process.stderr is not None
        said: list[str] = []
        for line in self._process.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                break
        else:
            raise RuntimeError("PostgreSQL did not start:\n" + "".join(said))
        # Somebody must read what it says, or it would wait.
        self._reader = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._reader.start()

    def kill(self) -> None:
        """SIGKILL to the server and all its backends, as a machine that fails."""
        pid = self._process.pid
        backends = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, backends)):
            os.kill(each, signal.SIGKILL)
        self._ended()
        (self._folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": sessions are ended
            self._ended()

    def _ended(self) -> None:
        self._process.wait()
        self._reader.join()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def fresh_url(self) -> str:
        """The address of an empty schema."""
        self._count += 1
        schema = f"t{os.getpid()}_{self._count}"
        with psycopg.connect(self._base, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        return f"{self._base}&{urlencode({'options': f'-csearch_path={schema}'})}"

    @property
    def _base(self) -> str:
        return f"postgresql:///postgres?host={self._folder}&user=ledger"

    def dump(self, url: str) -> str:
        """The statements that build a schema again, wherever `restore` puts them."""
        schema = url.rpartition("search_path%3D")[2]
        said = self._run(
            "pg_dump", "-n", schema, "--inserts", "--no-owner", "--no-privileges", self._base
        )
        lines = said.replace(f"{schema}.", "").splitlines()
        skipped = ("--", "SET ", "SELECT pg_catalog.set_config", "CREATE SCHEMA", "\\")
        return "\n".join(line for line in lines if line and not line.startswith(skipped)) + "\n"

    def restore(self, statements: str) -> str:
        """The address of a schema that they have built."""
        url = self.fresh_url()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statements.encode())
        return url

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [self._binaries / command[0], *command[1:]],
            check=True,
            capture_output=True,
            user=self._user,
            cwd=self._folder,
        )
        return done.stdout.decode()


@contextmanager
def serving() -> Iterator[Server]:
    """A server for as long as the context lasts. Raises FileNotFoundError without binaries."""
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError("no PostgreSQL: make postgresql installs it")
    # A short path: that of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        server = Server(binaries, Path(name))
        try:
            yield server
        finally:
            server.stop()


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true")
    found = install() if parser.parse_args().install else find_binaries()
    print(found or "no PostgreSQL: apt-get install postgresql")
    return 0 if found or "CI" not in os.environ else 1


if __name__ == "__main__":
    raise SystemExit(main())
