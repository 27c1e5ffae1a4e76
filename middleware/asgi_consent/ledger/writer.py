"""The one thread that writes: everybody waiting is committed together ("group commit").

A commit costs the time the disk needs, whether it holds one record or a hundred. While one is on
its way, callers queue up; the next commit takes all of them. Nobody is told "recorded" before
COMMIT has returned. The thread starts with the first job, again after a fork, and ends when it is
told to.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from asgi_consent.errors import LedgerError
from asgi_consent.ledger.chain import Head, Row, extend
from asgi_consent.ledger.keys import LedgerKeys
from asgi_consent.ledger.opening import one_line
from asgi_consent.ledger.records import Event, Method, Record, milliseconds
from asgi_consent.ledger.store import DuplicateError, Shown, Store

_MOST = 512  # records in one commit
_MOST_LATER = 10_000  # records kept for when the ledger is back
_PAUSE = 1.0  # seconds until a ledger that failed is tried again
_LOG_EVERY = 60.0  # seconds between two lines about the same trouble

_log = logging.getLogger("asgi_consent")

Wake = Callable[[Callable[[list[Callable[[], object]]], None], list[Callable[[], object]]], object]


@dataclass(eq=False)
class Job:
    """Records to append, or something to do with the store. When it is over, `wake` is called in
    the writer's thread, once for all that have the same, with a function and what to call it with:
    the `done` of each."""

    wake: Wake
    done: Callable[[], object]
    records: Sequence[Record] = ()
    shown: Sequence[Shown] = ()
    work: Callable[[Store], Any] | None = None
    result: Any = None
    error: LedgerError | None = None
    _settled: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def given_up(self) -> bool:
        return "by" in self._settled

    def settle(self, by: str) -> bool:
        """Whether `by` is the first to say how this ended: the writer, or a caller who gave up."""
        return self._settled.setdefault("by", by) == by


@dataclass
class Writer:
    """`connect` opens the store; it is called in the thread, and again after a failure."""

    connect: Callable[[], Store]
    keys: LedgerKeys
    clock: Callable[[], float] = time.time
    _jobs: queue.SimpleQueue[Job | None] = field(default_factory=queue.SimpleQueue)
    _later: queue.SimpleQueue[Record] = field(default_factory=queue.SimpleQueue)
    _process: int = 0
    _thread: threading.Thread | None = None
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _store: Store | None = None
    _last: Head | None = None  # as we left it
    _shown: set[str] = field(default_factory=set[str])  # hashes that are surely kept
    _rest_until: float = 0.0
    _told: float = float("-inf")
    failures: int = 0

    def now(self) -> int:
        return milliseconds(self.clock())

    def submit(self, job: Job) -> None:
        if self._process != os.getpid():
            self._start()
        self._jobs.put(job)

    def append_later(self, record: Record) -> bool:
        """To be written as soon as the ledger can be. False if too many wait already."""
        if self._later.qsize() >= _MOST_LATER:
            return False
        self._later.put(record)
        self.submit(nothing())
        return True

    def forget_later(self, subject_id: str) -> None:
        """Drop what waits to be written about somebody who is erased. In the thread."""
        for _ in range(self._later.qsize()):
            record = self._later.get_nowait()
            if record.subject_id != subject_id:
                self._later.put(record)

    def stop(self) -> None:
        """Write what is queued, and end the thread."""
        if self._process == os.getpid() and self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._process = 0

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            if self._process:  # forked: queue, connection and thread are the parent's
                self._jobs = queue.SimpleQueue()
                self._store = None
                self._last = None
            self._thread = threading.Thread(
                target=self._run, name="asgi-consent ledger", daemon=True
            )
            self._process = os.getpid()
            self._thread.start()

    # ---- in the thread

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next()
            self._carry_out(batch)
        if not self._later.empty():
            self._carry_out([nothing()])
        self._disconnect()

    def _next(self) -> tuple[list[Job], bool]:
        """Wait for a job and take what else has queued up; and whether that is the end."""
        batch: list[Job] = []
        try:
            job = self._jobs.get(timeout=None if self._later.empty() else _PAUSE)
        except queue.Empty:
            job = nothing()
        size = 0
        while job is not None:
            batch.append(job)
            size += len(job.records)
            if size >= _MOST:
                return batch, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _carry_out(self, batch: list[Job]) -> None:
        """Appends in one commit, then what else is asked for."""
        appends = [job for job in batch if job.work is None]
        if appends:
            self._attempt(appends, lambda store: self._append(store, appends))
        for job in batch:
            if job.work is not None:
                self._attempt([job], lambda store, job=job: self._do(store, job))  # type: ignore[misc]

    def _attempt(self, jobs: list[Job], act: Callable[[Store], None]) -> None:
        """Twice, as the first failure may only be a connection that was lost since; record ids
        make that safe."""
        error: Exception | None = None
        for _ in range(2):
            try:
                act(self._connected())
                self._succeed()
                error = None
                break
            except LedgerError as found:
                self._disconnect()
                error = found
                break
            except Exception as found:
                if self._store is not None and not isinstance(
                    found, (*self._store.errors, DuplicateError)
                ):
                    _log.exception("asgi-consent: unexpected trouble with the ledger")
                self._disconnect()
                error = found
        if error is not None:
            self._fail(error)
        waiting: dict[Wake, list[Callable[[], object]]] = {}
        for job in jobs:
            if error is not None:
                job.error = LedgerError(one_line(error))
            waiting.setdefault(job.wake, []).append(job.done)
        for wake, calls in waiting.items():
            with suppress(RuntimeError):  # its event loop may have ended
                wake(_call_all, calls)

    def _connected(self) -> Store:
        if self._store is None:
            if time.monotonic() < self._rest_until:
                raise LedgerError("the ledger was out of reach a moment ago")
            self._store = self.connect()
        return self._store

    def _disconnect(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with suppress(*store.errors):
                store.close()

    def _succeed(self) -> None:
        if self.failures:
            _log.warning("asgi-consent: the ledger can be written again")
            self.failures, self._told = 0, float("-inf")

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        now = time.monotonic()
        if now >= self._rest_until:
            self._rest_until = now + _PAUSE
        if now - self._told >= _LOG_EVERY:
            self._told = now
            _log.error(
                "asgi-consent: the ledger cannot be written, so only what is necessary is granted: "
                "%s",
                one_line(error),
            )

    # ---- what is done with the store

    def _do(self, store: Store, job: Job) -> None:
        assert job.work is not None
        job.result = job.work(store)

    def _append(self, store: Store, jobs: list[Job]) -> None:
        later = [self._later.get_nowait() for _ in range(min(self._later.qsize(), _MOST))]
        jobs = [job for job in jobs if not job.given_up]
        records = [*later, *(record for job in jobs for record in job.records)]
        if not records:
            return
        shown = {one.hash: one for job in jobs for one in job.shown}
        try:
            self.write(store, records, shown.values())
        except BaseException:
            for record in later:
                self._later.put(record)
            raise
        for job in jobs:
            if not job.settle("writer"):  # the visitor was told that it failed
                for record in job.records:
                    self.append_later(_invalidated(record, self.now()))

    def write(
        self,
        store: Store,
        records: Sequence[Record],
        shown: Iterable[Shown] = (),
        *,
        blank: Callable[[Store], Sequence[int]] | None = None,
        anchor: Row | None = None,
    ) -> None:
        """One transaction: append what is not there yet. With `blank`, empty the rows it finds,
        and have the one record say which. With `anchor`, cut off the chain up to this row."""
        try:
            self._transact(store, records, shown, blank, anchor)
        except DuplicateError:  # of an attempt whose answer was lost
            known = store.known(record.record_id for record in records)
            new = [record for record in records if record.record_id not in known]
            self._transact(store, new, shown, blank, anchor)

    def _transact(
        self,
        store: Store,
        records: Sequence[Record],
        shown: Iterable[Shown],
        blank: Callable[[Store], Sequence[int]] | None,
        anchor: Row | None,
    ) -> None:
        try:
            head = store.begin()
            self._check(head)
            if blank is not None:
                numbers = tuple(blank(store))
                store.blank(numbers)
                records = [replace(record, numbers=numbers) for record in records if numbers]
            if anchor is not None:
                store.cut_off(anchor.number)
                head = head._replace(anchor_number=anchor.number, anchor_hash=anchor.hash)
            rows, after = extend(head, records, self.keys)
            unknown = [one for one in shown if one.hash not in self._shown]
            store.keep_shown(unknown)
            store.finish(rows, after)
        except BaseException:
            store.rollback()
            raise
        self._last = after
        self._shown.update(one.hash for one in unknown)

    def _check(self, head: Head) -> None:
        """Nothing is built on a head that somebody else has forged or turned back. One that we
        left ourselves needs no look."""
        last = self._last
        if head == last:
            return
        if not head.is_sealed(self.keys):
            raise LedgerError(
                "the ledger's head is not signed by our key: was it changed, or the secret key "
                "replaced? asgi-consent ledger verify looks; asgi-consent ledger reseal signs anew"
            )
        if last is not None and (head.ledger_id != last.ledger_id or head.number < last.number):
            raise LedgerError(
                f"the ledger was turned back from record {last.number} to {head.number}: "
                "restart the app if a backup was restored on purpose"
            )


def nothing() -> Job:
    """A job that nobody waits for, and that only has the ledger opened."""
    return Job(wake=lambda call, calls: None, done=lambda: None)


def _call_all(calls: list[Callable[[], object]]) -> None:
    for call in calls:
        call()


def _invalidated(record: Record, now: int) -> Record:
    return Record(
        event=Event.INVALIDATED,
        time=now,
        subject_id=record.subject_id,
        status=record.status,
        before=record.after,
        after=record.before,
        revision=record.revision,
        method=Method.NONE,
        software=record.software,
    )
