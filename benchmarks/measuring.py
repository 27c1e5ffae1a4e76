"""How engines are measured: what they decide, CPU time, instructions, memory.

Only ratios within one run mean something: machines differ, and this one may be busy. Instructions
are the same at any load, but know nothing of caches. Both are taken of the work alone: modules are
imported, patterns compiled and verdicts known.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from operator import eq
from pathlib import Path
from typing import NamedTuple

from engines import ENGINES, gated
from job import Finding, Job, Task, gate_all, gate_nothing
from pages import TYPICAL, Corpus, load

from asgi_consent.decision import Decision

#: a slow engine takes part in one repetition of so many
_SLOW_EVERY = 3
_CHUNK = 16 * 1024
_REPEATED = {"bs4": 1, "html5lib": 1}
_CACHEGRIND = (
    "valgrind",
    "--tool=cachegrind",
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
)
_counted = re.compile(r"I\s+refs:\s+([\d,]+)").search

Say = Callable[[str], None]


class Check(NamedTuple):
    """What an engine decides on a corpus, measured against what ours decides."""

    pages: int
    alike: int = 0
    missed: int = 0
    extra: int = 0
    identical: int = 0
    error: str = ""

    def __str__(self) -> str:
        differs = f" (−{self.missed} +{self.extra})" if self.missed or self.extra else ""
        return f"{self.alike}/{self.pages}{differs}"


class Times(NamedTuple):
    """Median CPU seconds of each page."""

    corpus: Corpus
    pages: list[float]

    @property
    def total(self) -> float:
        return sum(self.pages)

    @property
    def megabytes_per_second(self) -> float:
        return self.corpus.size / self.total / 1e6

    @property
    def typical(self) -> float:
        """Milliseconds per 100 kB of the typical pages."""
        rates = [
            seconds / len(page.body)
            for page, seconds in zip(self.corpus.pages, self.pages, strict=True)
            if len(page.body) in TYPICAL
        ] or [self.total / self.corpus.size]
        return statistics.median(rates) * 1e5 * 1e3


def check(keys: Iterable[str], corpus: Corpus, say: Say) -> dict[str, Check]:
    """Compare what every engine holds back with what ours does."""
    wanted = [found for _, found in _results("ours-cold", corpus, gate_all())]
    checks = {}
    for key in keys:
        say(f"checking {ENGINES[key].label}")
        try:
            checks[key] = _check(key, corpus, wanted)
        except Exception as error:  # an engine that gives up on a page cannot be compared
            checks[key] = Check(len(corpus.pages), error=repr(error))
    return checks


def _check(key: str, corpus: Corpus, wanted: list[set[Finding]]) -> Check:
    engine, size = ENGINES[key], len(corpus.pages)
    if not engine.judges:
        return Check(0)
    untouched = _results(key, corpus, gate_nothing())
    identical = sum(
        out == page.body for page, (out, _) in zip(corpus.pages, untouched, strict=True)
    )
    if engine.same_as:
        alike = sum(map(eq, _warm_outputs(key, corpus), _warm_outputs(engine.same_as, corpus)))
        return Check(size, alike=alike, identical=identical)
    found = [found for _, found in _results(key, corpus, gate_all())]
    missed = [_lacking(ours, theirs) for ours, theirs in zip(wanted, found, strict=True)]
    extra = [_lacking(theirs, ours) for ours, theirs in zip(wanted, found, strict=True)]
    alike = sum(not less and not more for less, more in zip(missed, extra, strict=True))
    return Check(size, alike, sum(missed), sum(extra), identical)


def _lacking(found: set[Finding], other: set[Finding]) -> int:
    """How many findings the other has not got, by none of their URLs."""
    known = frozenset(chain.from_iterable(other))
    return sum(known.isdisjoint(finding) for finding in found)


def _warm_outputs(key: str, corpus: Corpus) -> list[bytes]:
    run, task = ENGINES[key].make(), gate_all()
    for page in corpus.pages:
        run(page.body, Job(task))
    return [run(page.body, Job(task)) for page in corpus.pages]


def _results(key: str, corpus: Corpus, task: Task) -> Iterator[tuple[bytes, set[Finding]]]:
    run = ENGINES[key].make()
    for page in corpus.pages:
        job = Job(task)
        yield run(page.body, job), job.found


def cpu_times(keys: Iterable[str], corpus: Corpus, repetitions: int, say: Say) -> dict[str, Times]:
    """Every engine in turn over all pages, again and again."""
    task = gate_all()
    runs = {key: ENGINES[key].make() for key in keys}
    samples: dict[str, list[list[float]]] = {key: [[] for _ in corpus.pages] for key in runs}
    for key, run in runs.items():
        if not ENGINES[key].slow:
            for page in corpus.pages:  # warm: verdicts, memos, patterns
                run(page.body, Job(task))
    gc.freeze()
    for repetition in range(repetitions):
        say(f"repetition {repetition + 1} of {repetitions}")
        for key, run in runs.items():
            if ENGINES[key].slow and repetition % _SLOW_EVERY:
                continue
            gc.collect()  # nobody pays for what another one left behind
            for page, seconds in zip(corpus.pages, samples[key], strict=True):
                job = Job(task)
                start = time.process_time()
                run(page.body, job)
                seconds.append(time.process_time() - start)
    gc.unfreeze()
    return {
        key: Times(corpus, [statistics.median(seconds) for seconds in pages])
        for key, pages in samples.items()
    }


def instructions(keys: Iterable[str], corpus: Corpus, say: Say) -> dict[str, float]:
    """Millions of instructions for one page: the difference of two counts, so that starting Python
    and everything done once cancels out."""
    if not shutil.which("valgrind"):
        raise SystemExit("--instructions needs valgrind: apt-get install valgrind")
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_bytes(corpus.median.body)
        for key in keys:
            say(f"counting the instructions of {ENGINES[key].label}")
            times = _REPEATED.get(key, 10)
            more, fewer = (_count(key, file, number) for number in (times, 0))
            counts[key] = (more - fewer) / times / 1e6
    return counts


def _count(key: str, page: Path, times: int) -> int:
    done = _child("repeat", key, str(page), str(times), before=_CACHEGRIND)
    counted = _counted(done.stderr)
    if done.returncode or not counted:
        raise SystemExit(f"valgrind could not count {key}:\n{done.stderr[-2000:]}")
    return int(counted[1].replace(",", ""))


def _repeat(key: str, page: str, times: str) -> None:
    body, task, run = Path(page).read_bytes(), gate_all(), ENGINES[key].make()
    for _ in range(1 + int(times)):
        run(body, Job(task))


class Memory(NamedTuple):
    """Growth of a process while pages stream through one rewriter, in kB."""

    megabytes: int
    seconds: float
    first_lap: int
    """while what is remembered fills up: URLs, code, tags"""
    later: int
    held_back: int
    """in the last lap, to see that it was still at work"""


def stream(folder: Path, megabytes: int) -> Memory:
    done = _child("stream", str(folder), str(megabytes))
    if done.returncode:
        raise SystemExit(done.stderr)
    return Memory(**json.loads(done.stdout))


def _stream(folder: str, megabytes: str) -> None:
    bodies = [page.body for page in load(Path(folder)).pages]
    size, wanted = sum(map(len, bodies)), int(megabytes) * 1_000_000
    remembered = gate_all(Decision)
    job = Job(remembered)
    rewriter = gated(job, remembered.decision)
    start, before = time.process_time(), _resident()
    peaks: list[int] = []
    while not peaks or size * len(peaks) < wanted:
        job.found.clear()
        peak = 0
        for body in bodies:
            for at in range(0, len(body), _CHUNK):
                rewriter.feed(body[at : at + _CHUNK])
                peak = max(peak, _resident())
        peaks.append(peak)
    memory = Memory(
        megabytes=size * len(peaks) // 1_000_000,
        seconds=time.process_time() - start,
        first_lap=peaks[0] - before,
        later=max(peaks) - peaks[0],
        held_back=len(job.found),
    )
    json.dump(memory._asdict(), sys.stdout)


def _resident() -> int:
    """The memory of this process now, in kB; ru_maxrss would be a peak that start-up may set."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


def _child(*arguments: str, before: Iterable[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run one of `_CHILDREN` in a process of its own."""
    return subprocess.run(
        [*before, sys.executable, __file__, *arguments],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )


_CHILDREN: Mapping[str, Callable[..., None]] = {"repeat": _repeat, "stream": _stream}

if __name__ == "__main__":
    _CHILDREN[sys.argv[1]](*sys.argv[2:])
