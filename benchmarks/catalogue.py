"""How well and how fast the catalogue tells what something is.

python benchmarks/catalogue.py            quality on tests/data, then speed next to a dictionary
python benchmarks/catalogue.py --gate     fails where a target of quality is missed
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from asgi_consent.catalog import builtin
from asgi_consent.catalog.matcher import Matcher
from asgi_consent.catalog.services import NECESSARY, Service
from asgi_consent.catalog.urls import Base, resolve
from asgi_consent.policy import Policy

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
PAGES = ROOT.parent / "shared" / "pages"
OPTIONAL = ("preferences", "statistics", "marketing")
BASE = Base("https", "shop.example", "/")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--gate", action="store_true", help="exit 1 where a target is missed")
    options = parser.parse_args()
    matcher = Policy(builtin.builtin_services(), builtin.builtin_tail()).matcher
    missed = quality(matcher)
    inline(matcher)
    speed()
    return 1 if options.gate and missed else 0


# ---- quality


def labelled(name: str) -> list[tuple[str, str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [
        (line.split("\t")[0], line.split("\t")[1]) for line in lines if not line.startswith("#")
    ]


def quality(matcher: Matcher) -> list[str]:
    urls = [(label, _category(matcher.url(_target(url)))) for label, url in labelled("urls.tsv")]
    tracking = [(label, found) for label, found in urls if label in OPTIONAL]
    known = [(label, found) for label, found in tracking if found in OPTIONAL]
    benign = [found for label, found in urls if label == "-"]
    cookies = [(label, _category(matcher.cookie(name))) for label, name in labelled("cookies.tsv")]
    needed = [found for label, found in cookies if label == NECESSARY]
    rows = [
        ("tracker URLs recognised", len(known), len(tracking), 0.90),
        ("  of these in the right category", _right(known), len(known), 0.93),
        ("benign URLs taken for trackers", sum(f in OPTIONAL for f in benign), len(benign), -0.005),
        ("cookies in the right category", _right(cookies), len(cookies), 0.90),
        (
            "necessary cookies taken for others",
            sum(f in OPTIONAL for f in needed),
            len(needed),
            -0.03,
        ),
    ]
    missed = []
    for what, count, of, target in rows:
        share = count / of
        good = share >= target if target > 0 else share <= -target
        bound = f"{'at least' if target > 0 else 'at most'} {abs(target):.3f}"
        print(f"{what:<36} {count:>4} of {of:<4} {share:.3f}  {bound}  {'' if good else 'MISSED'}")
        missed += [] if good else [what]
    return missed


def _category(services: tuple[Service, ...]) -> str:
    return services[0].category if services else "-"


def _right(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(label == found for label, found in pairs)


def _target(url: str) -> Any:
    return resolve(url, BASE)


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.codes: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        kind = (given.get("type") or "").lower()
        self._inside = (
            tag == "script" and "src" not in given and kind in ("", "text/javascript", "module")
        )

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.codes.append(data)


def inline(matcher: Matcher) -> None:
    """Lists what is recognised: whether it is right only a reader can say."""
    files = sorted(PAGES.glob("*.html.gz")) if PAGES.is_dir() else []
    if not files:
        print(f"inline scripts: no pages in {PAGES}")
        return
    codes = []
    for file in files:
        scripts = _Scripts()
        scripts.feed(gzip.decompress(file.read_bytes()).decode("utf-8", "replace"))
        codes += [(file.name, code) for code in scripts.codes if code.strip()]
    found = [(name, code, matcher.inline(code.encode())) for name, code in codes]
    hits = [entry for entry in found if entry[2]]
    print(f"inline scripts: {len(hits)} of {len(codes)} recognised; each begins:")
    for name, code, services in hits:
        shown = re.sub(r"\s+", " ", code).strip()[:70]
        print(f"  {name.partition('.')[0]:<20} {services[0].id:<20} {shown!a}")


# ---- speed


def speed() -> None:
    print("\nCPU time, the best of several runs; read the ratio to the dictionary, not the µs")
    load = min(_timed(_load) for _ in range(7)) * 1e3
    tracemalloc.start()
    kept = _load()
    memory = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    print(f"load and index all of the catalogue: {load:.1f} ms, {memory:.1f} MB")
    services, tail, _ = kept
    policy = Policy(services, tail)
    hosts = random.Random(7).sample(sorted(tail.hosts), 1500)
    urls = [f"https://cdn.{host}/a/b.js?x=1" for host in hosts]
    urls += [f"https://www.benign{number}.example/x/y.png" for number in range(1500)]
    table = dict.fromkeys((*tail.hosts, *(h for s in services.values() for h in s.hosts)))
    host_of = re.compile(r"(?:https?:)?//([^/?#]*)").match

    def dictionary(url: str) -> object:
        match = host_of(url)
        host = match[1] if match else ""
        while host:
            if host in table:
                return host
            host = host.partition(".")[2]
        return None

    def ours(url: str) -> object:
        target = resolve(url, BASE)
        return target and policy.look_up(target, BASE.host)

    def uncached(url: str) -> object:
        target = resolve(url, BASE)
        return target and policy.matcher.url(target)

    rival = _per_call(dictionary, urls)
    for what, call, given in (
        ("URL → service, nothing remembered", uncached, urls),
        ("URL → service, its host seen before", ours, urls[:1000]),
    ):
        micro = _per_call(call, given)
        print(f"{what}: {micro:.2f} µs, {micro / rival:.1f} × a suffix dictionary ({rival:.2f} µs)")


def _load() -> tuple[Any, Any, Matcher]:
    for cached in (builtin.builtin_services, builtin.builtin_tail, builtin.read_catalogue):
        cached.cache_clear()
    services, tail = builtin.builtin_services(), builtin.builtin_tail()
    return services, tail, Matcher(services.values(), tail)


def _timed(call: Callable[[], object]) -> float:
    started = time.process_time()
    kept = call()
    spent = time.process_time() - started
    del kept
    return spent


def _per_call(call: Callable[[str], object], given: list[str]) -> float:
    best = min(_timed(lambda: [call(url) for url in given]) for _ in range(9))
    return best / len(given) * 1e6


if __name__ == "__main__":
    sys.exit(main())
