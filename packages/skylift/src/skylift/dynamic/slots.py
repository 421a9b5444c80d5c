"""How many steps run at once: threads for those submitted, and a turn for the one that was called."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skylift.runtime.interrupts import reached_by_interrupts, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Slots:
    """At most `limit` at once. Threads begin as they are needed, and end with `close`.

    They are daemons: a program that ends does not wait for a step that nothing can interrupt.
    """

    def __init__(self, limit: int) -> None:
        self._limit = self._free = limit
        self._jobs: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._has_job = threading.Condition(self._lock)
        self._has_slot = threading.Condition(self._lock)
        self._asking = self._threads = self._idle = 0
        self._is_closed = False

    @contextmanager
    def taken(self) -> Generator[None]:
        """Wait for a slot, before those that wait in the queue, and have it; a stop ends the wait."""
        with self._lock:
            self._asking += 1
            try:
                wait_until(lambda seconds: self._has_slot.wait_for(lambda: self._free > 0, seconds))
                self._free -= 1
            finally:
                self._asking -= 1
        try:
            yield
        finally:
            self._give_back()

    def submit(self, job: Callable[[], None]) -> None:
        """Have it called in a thread, when it is its turn; it must not raise."""
        with self._lock:
            self._jobs.append(job)
            if self._idle < len(self._jobs) and self._threads < self._limit:
                self._threads += 1
                threading.Thread(target=self._serve, name="skylift-step", daemon=True).start()
            self._has_job.notify()

    def close(self) -> None:
        """Let the threads end; jobs that have not begun never do."""
        with self._lock:
            self._is_closed = True
            self._jobs.clear()
            self._has_job.notify_all()

    def _serve(self) -> None:
        while (job := self._next()) is not None:
            try:
                with reached_by_interrupts():
                    job()
            finally:
                self._give_back()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            self._idle += 1
            self._has_job.wait_for(self._can_begin)
            self._idle -= 1
            if self._is_closed:
                return None
            self._free -= 1
            return self._jobs.popleft()

    def _can_begin(self) -> bool:
        return self._is_closed or (bool(self._jobs) and self._free > self._asking)

    def _give_back(self) -> None:
        with self._lock:
            self._free += 1
            (self._has_slot if self._asking else self._has_job).notify()
