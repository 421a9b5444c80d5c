"""What steps print, in CloudWatch Logs: read with boto3 as the service's own."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        self._said: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self._is_made = False
        self._pump = threading.Thread(target=self._write, daemon=True)
        self._pump.start()

    def say(self, line: str) -> None:
        # The machine's time: CloudWatch takes nothing from the future, where a turned clock may be.
        self._said.put({"timestamp": int(time.time() * 1000), "message": line or " "})

    def close(self) -> None:
        self._said.put(None)
        self._pump.join()

    def _write(self) -> None:
        while (first := self._said.get()) is not None:
            events, is_last = _ready(first, self._said.get_nowait)
            self._put(events)
            if is_last:
                return

    def _put(self, events: list[Mapping[str, Any]]) -> None:
        if not self._is_made:
            self._make()
        self._client.put_log_events(logGroupName=self._group, logStreamName=self._name, logEvents=events)

    def _make(self) -> None:
        with suppress(self._client.exceptions.ResourceAlreadyExistsException):  # of an earlier job
            self._client.create_log_group(logGroupName=self._group)
        self._client.create_log_stream(logGroupName=self._group, logStreamName=self._name)
        self._is_made = True


def _ready(
    first: Mapping[str, Any], take: Callable[[], Mapping[str, Any] | None]
) -> tuple[list[Mapping[str, Any]], bool]:
    """All that was said by now, up to a batch, and whether nothing will be said after it."""
    events = [first]
    while len(events) < BATCH:
        try:
            event = take()
        except queue.Empty:
            return events, False
        if event is None:
            return events, True
        events.append(event)
    return events, False
