"""What steps print, in CloudWatch Logs: read with boto3 as the service's own."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Said = Mapping[str, Any] | threading.Event | None
    """A line; who waits for what was said before; the end."""

_DONE: Final = threading.Event()
"""Between batches: nobody waits for it."""

BATCH: Final = 1000
"""Events of a call; the service takes 10,000."""


class Stream:
    """A job's stream; what is said comes in it, in its order, and all of it before `close` returns.

    Args:
        client: Of CloudWatch Logs.
        group: `/aws/sagemaker/ProcessingJobs`.
        name: Of the stream, which begins with the job's.
    """

    def __init__(self, client: Any, group: str, name: str) -> None:
        self._client, self._group, self._name = client, group, name
        self._said: queue.SimpleQueue[_Said] = queue.SimpleQueue()
        self._is_made = False
        self._pump = threading.Thread(target=self._write, daemon=True)
        self._pump.start()

    def say(self, line: str) -> None:
        # The machine's time: CloudWatch takes nothing from the future, where a turned clock may be.
        self._said.put({"timestamp": int(time.time() * 1000), "message": line or " "})

    def flush(self) -> None:
        """Return when all that was said is there."""
        written = threading.Event()
        self._said.put(written)
        written.wait()

    def close(self) -> None:
        self._said.put(None)
        self._pump.join()

    def _write(self) -> None:
        is_open = True
        while is_open:
            events: list[Mapping[str, Any]] = []
            told = self._said.get()
            while told is not None and not isinstance(told, threading.Event):
                events.append(told)
                told = self._next() if len(events) < BATCH else _DONE
            if events:
                self._put(events)
            is_open = told is not None
            if told is not None:
                told.set()

    def _next(self) -> _Said:
        try:
            return self._said.get_nowait()
        except queue.Empty:
            return _DONE

    def _put(self, events: list[Mapping[str, Any]]) -> None:
        if not self._is_made:
            self._make()
        self._client.put_log_events(logGroupName=self._group, logStreamName=self._name, logEvents=events)

    def _make(self) -> None:
        with suppress(self._client.exceptions.ResourceAlreadyExistsException):  # of an earlier job
            self._client.create_log_group(logGroupName=self._group)
        self._client.create_log_stream(logGroupName=self._group, logStreamName=self._name)
        self._is_made = True
