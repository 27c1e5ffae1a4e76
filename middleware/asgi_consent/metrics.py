"""Counters for Prometheus, of this process and app; without the extra `metrics` there are none.

No label can hold anything about a visitor: events and methods are closed lists.
"""

from __future__ import annotations

from collections.abc import Callable

from asgi_consent.ledger.records import Event, Method

try:
    import prometheus_client as prometheus
except ImportError:
    prometheus = None  # type: ignore[assignment]

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)  # seconds


class Metrics:
    """`failures` tells how often in a row the ledger could not be written."""

    def __init__(self, failures: Callable[[], int]) -> None:
        if prometheus is None:
            return
        self._registry = prometheus.CollectorRegistry()
        self._decisions = prometheus.Counter(
            "consent_decisions", "Recorded decisions", ["event", "method"], registry=self._registry
        )
        self._unrecorded = prometheus.Counter(
            "consent_unrecorded", "Decisions that could not be recorded", registry=self._registry
        )
        self._seconds = prometheus.Histogram(
            "consent_record_seconds",
            "Time until a decision was durable",
            registry=self._registry,
            buckets=_BUCKETS,
        )
        gauge = prometheus.Gauge(
            "consent_ledger_failures",
            "Failures of the ledger in a row, 0 while all is well",
            registry=self._registry,
        )
        gauge.set_function(lambda: float(failures()))

    def recorded(self, event: Event, method: Method, seconds: float) -> None:
        if prometheus is not None:
            self._decisions.labels(event.value, method.value).inc()
            self._seconds.observe(seconds)

    def unrecorded(self) -> None:
        if prometheus is not None:
            self._unrecorded.inc()

    def text(self) -> tuple[str, bytes] | None:
        """The media type and what Prometheus reads; None without the extra."""
        if prometheus is None:
            return None
        return prometheus.CONTENT_TYPE_LATEST, prometheus.generate_latest(self._registry)
