"""How often somebody may ask, so that nobody can fill the ledger or keep it busy (429).

Counted in memory, for each process: an address of a machine is never written anywhere.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from asgi_consent.exchange import Refusal

_MOST = 20_000  # keys that are remembered


class Limiter:
    """A bucket for each key: `burst` at once, and refilled within `seconds`."""

    def __init__(
        self, burst: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._rate = burst / seconds
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raises Refusal when there were too many."""
        now = self._clock()
        left, then = self._buckets.pop(key, (float(self._burst), now))
        left = min(float(self._burst), left + (now - then) * self._rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        if not allowed:
            wait = math.ceil((1 - left) / self._rate)
            raise Refusal(
                429,
                "Too often",
                f"That was often in a short time. Please try again in {wait} "
                f"second{'' if wait == 1 else 's'}.",
                [(b"retry-after", str(wait).encode())],
            )


def whence(client: Sequence[Any] | None) -> str:
    """Whom an address belongs to, from the `client` of a scope: of IPv6 the network of 64 bits,
    which is the least that one customer gets (RFC 6177)."""
    address = str(client[0]) if client else ""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.IPv6Network((found, 64), strict=False))
