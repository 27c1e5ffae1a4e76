"""Ctrl-C asks a run to stop after the step it is in; pressed again it stops at once.

Playwright does not survive an exception in the middle of a step, and a partial result is worth
having: so the signal only leaves a note, and runs look at it between their steps.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interrupt:
    asked: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """The note that Ctrl-C leaves. Outside of the main thread nothing changes."""
    note = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield note
        return

    def leave_a_note(number: int, frame: FrameType | None) -> None:
        if note.asked:
            raise KeyboardInterrupt
        note.asked = True

    before = signal.signal(signal.SIGINT, leave_a_note)
    try:
        yield note
    finally:
        signal.signal(signal.SIGINT, before)
