"""How fast pages are rewritten, next to the engines that could have done it.

Every engine does the same job on the same pages in the same run: find all that fetches, ask the
whole catalogue about it, make neutral what is denied, insert a head and a body snippet, give the
page back. README.md beside this file says what each engine does less. Ratios count, milliseconds
do not: they are this machine's, at this moment.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import measuring
from engines import ENGINES
from pages import has_pages, load

PAGES = Path(__file__).parents[2] / "shared" / "pages"
COUNTED = ("ours-cold", "ours-warm", "lolhtml", "bs4", "zlib")
PACKAGES = ("python-lolhtml", "selectolax", "lxml", "beautifulsoup4", "html5lib")

EPILOG = f"""\
examples:
  python benchmarks/rewriter.py                         the table, about a minute
  python benchmarks/rewriter.py --engines ours-cold,zlib --repetitions 21
  python benchmarks/rewriter.py --instructions --gate   for CI: the same at any load
  python benchmarks/rewriter.py --stream                memory of a stream of 300 MB
  python benchmarks/rewriter.py --markdown > table.md   the table of the docs

engines: {", ".join(ENGINES)}

cold: a page as a running process sees it for the first time, no tag of it remembered.
warm: a page seen before. Engines that are not installed are left out.
"""


class Claim(NamedTuple):
    """What we say of our speed: `gate` leaves room for noise, `goal` is what is published."""

    ours: str
    other: str
    goal: float
    gate: float | None = None
    cheaper: bool = False
    """counted as a share of the other's cost, the less the better; else as times faster"""

    def value(self, costs: Mapping[str, float]) -> float | None:
        if self.ours not in costs or self.other not in costs:
            return None
        share = costs[self.ours] / costs[self.other]
        return share if self.cheaper else 1 / share

    def holds(self, value: float, limit: float) -> bool:
        return value <= limit if self.cheaper else value >= limit

    def rule(self, limit: float) -> str:
        ours, other = ENGINES[self.ours].label, ENGINES[self.other].label
        if self.cheaper:
            return f"{ours} at most {limit:g} × the cost of {other}"
        return f"{ours} at least {limit:g} × as fast as {other}"


CLAIMS = (
    Claim("ours-cold", "bs4", goal=60, gate=40),
    Claim("ours-warm", "bs4", goal=90),
    Claim("ours-cold", "zlib", goal=0.4, gate=0.6, cheaper=True),
    Claim("ours-cold", "lolhtml", goal=0.45),
    Claim("ours-warm", "lolhtml", goal=0.7),
    Claim("ours-cold", "spike-cold", goal=1),
    Claim("ours-warm", "spike-warm", goal=1),
)
#: zlib waits for its memory: an instruction of it takes nearly twice as long as one of ours
COUNTED_CLAIMS = tuple(
    claim._replace(goal=0.7, gate=1.0) if claim.other == "zlib" else claim for claim in CLAIMS
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    corpus = load(options.pages)
    _say(f"pages: {corpus}")
    if options.stream:
        _print_memory(measuring.stream(options.pages, options.megabytes))
        if not options.instructions:
            return 0
    claims = COUNTED_CLAIMS if options.instructions else CLAIMS
    keys = _available(options)
    if options.instructions:
        costs = measuring.instructions(keys, corpus, _say)
        rows = _instruction_rows(costs)
        about = f"one page, {corpus.median.name}, {len(corpus.median.body)} bytes"
    else:
        checks = measuring.check(keys, corpus, _say)
        keys = [key for key in keys if not _failed(key, checks[key])]
        times = measuring.cpu_times(keys, corpus, options.repetitions, _say)
        costs = {key: time.total for key, time in times.items()}
        rows = _time_rows(times, checks)
        about = f"{corpus}, CPU time, medians of {options.repetitions}"
    _print_table(rows, about, markdown=options.markdown)
    if not options.markdown:
        _print_goals(claims, costs)
    return _gate(claims, costs) if options.gate else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/rewriter.py",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pages",
        type=_folder,
        default=PAGES,
        metavar="DIR",
        help="folder of .html and .html.gz files (default: the 44 real pages of ../shared/pages, "
        "8.9 MB; where they are absent, made-up pages, the same on every run)",
    )
    parser.add_argument(
        "--engines", type=_engines, metavar="A,B", help="only these, named as below (default: all)"
    )
    parser.add_argument(
        "--repetitions",
        type=_positive,
        default=7,
        metavar="N",
        help="laps over all pages; slow engines run in every third (default: %(default)s)",
    )
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions of one page of about 100 kB instead of time, with valgrind; "
        f"without --engines of {', '.join(COUNTED)}",
    )
    parser.add_argument(
        "--stream",
        action="store_true",
        help="instead, feed pages in chunks of 16 KiB through one rewriter in a fresh process and "
        "tell how much its memory grew",
    )
    parser.add_argument(
        "--megabytes", type=_positive, default=300, metavar="N", help="of --stream (%(default)s)"
    )
    parser.add_argument(
        "--gate",
        action="store_true",
        help="end with 1 and a line for each ratio that is missed: "
        + "; ".join(claim.rule(claim.gate) for claim in CLAIMS if claim.gate),
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser


def _folder(text: str) -> Path:
    folder = Path(text)
    if not has_pages(folder):
        raise argparse.ArgumentTypeError(f"there is no .html or .html.gz file in {text!r}")
    return folder


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _engines(text: str) -> list[str]:
    keys = text.split(",")
    if unknown := [key for key in keys if key not in ENGINES]:
        raise argparse.ArgumentTypeError(
            f"no engine is called {', '.join(unknown)}; there are {', '.join(ENGINES)}"
        )
    return keys


def _available(options: argparse.Namespace) -> list[str]:
    """The engines asked for, and those that a gate is about, as far as they can run here."""
    wanted = options.engines or (COUNTED if options.instructions else ENGINES)
    gated = [key for claim in CLAIMS if claim.gate for key in (claim.ours, claim.other)]
    keys = dict.fromkeys((*wanted, *(gated if options.gate else ())))
    lacking = {key: ENGINES[key].lacks for key in keys if ENGINES[key].lacks}
    for key, reason in lacking.items():
        _say(f"{ENGINES[key].label} is left out: {reason}")
    return [key for key in keys if key not in lacking]


def _failed(key: str, check: measuring.Check) -> bool:
    if check.error:
        _say(f"{ENGINES[key].label} is left out: it gave up on a page with {check.error}")
    return bool(check.error)


def _time_rows(
    times: Mapping[str, measuring.Times], checks: Mapping[str, measuring.Check]
) -> list[tuple[str, ...]]:
    costs = {key: time.total for key, time in times.items()}
    heads = ("engine", "MB/s", "ms per 100 kB", *_RATIOS, "decides alike", "identical", "streams")
    rows: list[tuple[str, ...]] = [heads]
    for key, time in times.items():
        engine, check = ENGINES[key], checks[key]
        rows.append(
            (
                engine.label,
                f"{time.megabytes_per_second:.1f}",
                f"{time.typical:.2f}",
                *_ratios(key, costs),
                str(check) if engine.judges else "–",
                f"{check.identical}/{check.pages}" if engine.judges else "–",
                "yes" if engine.streams else "no",
            )
        )
    return rows


def _instruction_rows(costs: Mapping[str, float]) -> list[tuple[str, ...]]:
    heads = ("engine", "million instructions", *_RATIOS)
    return [
        heads,
        *((ENGINES[key].label, f"{cost:.2f}", *_ratios(key, costs)) for key, cost in costs.items()),
    ]


_RATIOS = ("× BeautifulSoup", "of zlib 6", "× lolhtml")


def _ratios(key: str, costs: Mapping[str, float]) -> tuple[str, str, str]:
    def ratio(over: str, under: str, digits: int) -> str:
        if over not in costs or under not in costs:
            return "–"
        return f"{costs[over] / costs[under]:.{digits}f}"

    return ratio("bs4", key, 1), ratio(key, "zlib", 2), ratio("lolhtml", key, 2)


def _print_table(rows: list[tuple[str, ...]], about: str, *, markdown: bool) -> None:
    if markdown:
        command = shlex.join(("python", "benchmarks/rewriter.py", *sys.argv[1:]))
        print(f"`{command}`: {about}; {_versions()}.\n")
        heads, *others = rows
        ruler = ("---", *("---:" for _ in heads[1:]))
        for row in (heads, ruler, *others):
            print(f"| {' | '.join(row)} |")
        return
    print(f"{about}; {_versions()}\n")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *rest = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *rest)))


def _versions() -> str:
    return ", ".join((f"Python {platform.python_version()}", *_packages(PACKAGES)))


def _packages(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def _print_goals(claims: Iterable[Claim], costs: Mapping[str, float]) -> None:
    measured = [(claim, value) for claim in claims if (value := claim.value(costs)) is not None]
    if measured:
        print("\ngoals:")
    for claim, value in measured:
        verdict = "met" if claim.holds(value, claim.goal) else "missed"
        print(f"  {verdict:6} {value:6.2f}  {claim.rule(claim.goal)}")


def _gate(claims: Iterable[Claim], costs: Mapping[str, float]) -> int:
    failures = 0
    for claim in claims:
        if claim.gate is None:
            continue
        value = claim.value(costs)
        if value is None or not claim.holds(value, claim.gate):
            found = "it was not measured" if value is None else f"it is {value:.2f}"
            print(f"gate missed: {claim.rule(claim.gate)}, but {found}")
            failures += 1
    return 1 if failures else 0


def _print_memory(memory: measuring.Memory) -> None:
    print(
        f"{memory.megabytes} MB in chunks of 16 KiB through one rewriter, {memory.seconds:.1f} s "
        f"of CPU: memory grew {memory.first_lap:+} kB in the first lap over the pages, while what "
        f"is remembered filled up, and {memory.later:+} kB in all later ones. "
        f"Held back in the last lap: {memory.held_back} different (tag, URL)."
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
