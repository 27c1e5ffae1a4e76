"""What a target is: something that holds for any bytes, and with what to begin."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

Check = Callable[[bytes], None]

#: seconds of CPU for one input; a hundred times what any takes, so a slow machine is no failure
BUDGET = 2.0

_words = re.compile(rb"\w+|\W").findall


@dataclass(frozen=True)
class Target:
    """`check` raises AssertionError where what its first line says does not hold."""

    check: Check
    seeds: tuple[bytes, ...]

    @property
    def name(self) -> str:
        return self.check.__name__

    @property
    def invariant(self) -> str:
        return (self.check.__doc__ or "").partition("\n")[0]

    @property
    def words(self) -> list[bytes]:
        """What the seeds are made of: soups of it get further than any bytes do."""
        return sorted({word for seed in self.seeds for word in _words(seed)})

    def run(self, data: bytes) -> None:
        """Within the budget. Once more, and again, before it is told to be slow."""
        if seconds(lambda: self.check(data)) > BUDGET:
            assert fastest(lambda: self.check(data)) <= BUDGET, "too slow"


TARGETS: dict[str, Target] = {}


def target(*seeds: bytes) -> Callable[[Check], Check]:
    def registered(check: Check) -> Check:
        found = Target(check, seeds)
        TARGETS[found.name] = found
        return check

    return registered


def seconds(call: Callable[[], object]) -> float:
    """Of CPU, in this thread: what else the machine does is not counted."""
    start = time.thread_time()
    call()
    return time.thread_time() - start


def fastest(call: Callable[[], object]) -> float:
    return min(seconds(call) for _ in range(3))
