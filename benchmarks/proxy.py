"""How fast pages go through: embedded and as a proxy, next to the servers that could have done it.

python benchmarks/proxy.py [--pages FOLDER] [--seconds 4] [--rounds 3] [--markdown]

The server runs on one core, load and upstream on the other. What counts is the server's CPU time
for a request, the best of the rounds; requests a second are what one core gave. Read the ratios:
they are of one run. Needs wrk and nginx; mitmdump and workerd take part where they are installed.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from contestants import LOAD_CORE, Contestant, Site, behind, contestants, started
from pages import load

_COOKIES = "session=8f3a; basket=2; _ga=GA1.1.123456789.1700000000; " + "; ".join(
    f"other{number}={'x' * 24}" for number in range(14)
)
_requests = re.compile(r"(\d+) requests in ([\d.]+)s").search
_failed = re.compile(r"Non-2xx or 3xx responses: (\d+)").search
#: (row, row it is compared with, the most it may cost as a share of that)
GOALS = [
    ("app with asgi-consent, JSON", "bare app, JSON", 1 / 0.97),
    ("asgi-consent proxy, passing through", "nginx proxy_pass", 4.0),
    ("asgi-consent proxy, rewriting", "mitmproxy, regex script", 0.55),
    ("asgi-consent proxy, rewriting", "nginx subs_filter, regex", 2.1),
    ("app with asgi-consent", "workerd HTMLRewriter", 0.40),
]


class Result(NamedTuple):
    name: str
    per_second: float
    cpu: float  # µs of the server for a request
    banners: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=Path, default=Path("../shared/pages"))
    parser.add_argument("--seconds", type=float, default=4.0, help="a contestant a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        print("wrk is needed: apt-get install wrk", file=sys.stderr)
        return 2
    corpus = load(options.pages)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx changes its user
        (folder / "www").mkdir()
        for kind in ("html", "txt"):
            (folder / "www" / f"page.{kind}").write_bytes(corpus.median.body)
        results = _run(Site(corpus.median.body, folder), options.rounds, options.seconds)
    _print(results, f"{corpus.median.name}, {len(corpus.median.body):,} bytes", options)
    return 0


def _run(site: Site, rounds: int, seconds: float) -> list[Result]:
    found: dict[str, list[Result]] = {}
    upstream = _free_port()
    with started(behind(), site.folder, upstream, 0, LOAD_CORE):
        _wait(upstream)
        for number in range(rounds):
            for contestant in contestants(site):
                print(f"\rround {number + 1}: {contestant.name:<40}", end="", file=sys.stderr)
                port = _free_port()
                with started(contestant, site.folder, port, upstream) as process:
                    _wait(port)
                    result = _measure(contestant, process.pid, port, seconds)
                found.setdefault(contestant.name, []).append(result)
    print(file=sys.stderr)
    return [min(results, key=lambda result: result.cpu) for results in found.values()]


def _measure(contestant: Contestant, pid: int, port: int, seconds: float) -> Result:
    url = f"http://127.0.0.1:{port}{contestant.path}"
    load = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", "-c32", "-H", f"Cookie: {_COOKIES}"]
    load += ["-H", "Accept: text/html", "-H", "Sec-Fetch-Dest: document"]
    for _ in range(3):  # what is worked out once is no part of it
        urllib.request.urlopen(url).read()
    subprocess.run([*load, "-d1s", url], capture_output=True, check=True)
    before = _cpu(pid)
    command = [*load, f"-d{seconds:g}s", url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = _cpu(pid) - before
    match = _requests(out)
    count = int(match[1]) if match else 0
    if not match or not count or _failed(out):
        raise SystemExit(f"{contestant.name}: no good answers: {out}")
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
    banners = str(body.count(contestant.marker)) if contestant.path.startswith("/page") else "–"
    return Result(contestant.name, count / float(match[2]), cpu / count / 1000, banners)


def _cpu(root: int) -> int:
    """Nanoseconds on the processor of a process and all below it."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(text.rpartition(")")[2].split()[1])
    family, size = {root}, 0
    while len(family) > size:
        size = len(family)
        family |= {child for child, parent in parents.items() if parent in family}
    return sum(
        int(task.read_text().split()[0])
        for member in family
        for task in Path(f"/proc/{member}/task").glob("*/schedstat")
    )


def _print(results: list[Result], page: str, options: argparse.Namespace) -> None:
    cpu = {result.name: result.cpu for result in results}
    today = datetime.datetime.now(tz=datetime.UTC).date()
    command = f"python benchmarks/proxy.py --rounds {options.rounds} --seconds {options.seconds:g}"
    print(f"{today}, {_processor()}, Python {platform.python_version()}; {page}; `{command}`")
    print()
    row = "| {} | {} | {} | {} |" if options.markdown else "{:<40} {:>10} {:>10} {:>8}"
    print(row.format("", "req/s", "CPU µs", "banners"))
    if options.markdown:
        print("| --- | ---: | ---: | ---: |")
    for name, per_second, used, banners in results:
        print(row.format(name, f"{per_second:,.0f}", f"{used:,.0f}", banners))
    print()
    for ours, rival, most in GOALS:
        if ours in cpu and rival in cpu:
            ratio = cpu[ours] / cpu[rival]
            verdict = "reached" if ratio <= most else "missed"
            print(f"{ours} / {rival}: {ratio:.2f} of its CPU, goal {most:.2f}: {verdict}")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(port: int) -> None:
    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


if __name__ == "__main__":
    raise SystemExit(main())
