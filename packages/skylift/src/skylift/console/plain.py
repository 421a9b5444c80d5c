"""A run where nobody watches a screen: one line an event, no color, nothing drawn twice."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING

from skylift.console.progress import Progress
from skylift.console.words import one_line, seconds, status_word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from skylift.models import PipelineRun
    from skylift.observer import StepEvent
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import RunStatus


class PlainObserver:
    """Writes each event to a stream as it comes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._progress = Progress()
        self._told: set[str] = set()

    def submitting(self, snapshot: PipelineSnapshot, flavor: str, store: str) -> None:
        self._progress = Progress.of(snapshot)
        self._write(f"{opening_line(snapshot.name, flavor)}, store {store}")

    def note(self, text: str) -> None:
        self._write(f"note: {text}")

    def started(self, run_id: str, so_far: float = 0.0) -> None:  # noqa: ARG002 -- it counts nothing while it runs
        self._write(f"run {run_id}")

    def step(self, event: StepEvent) -> None:
        row = self._progress.note(event, time.monotonic())
        took = f" in {seconds(event.seconds)}" if event.seconds is not None else ""
        attempt = f" (attempt {row.attempt})" if row.attempt > 1 else ""
        reason = f": {one_line(event.reason)}" if event.reason else ""
        self._write(f"{event.invocation}: {status_word(event.status)}{took}{attempt}{reason}")
        if reason:
            self._told.add(event.invocation)

    def ended(self, run: PipelineRun, status: RunStatus) -> None:
        from skylift.console.summary import Summary

        summary = Summary(run, status, self._progress, self._told)
        for line, _ in summary.lines():
            self._write(line)

    def deployed(self, name: str, fires: Sequence[datetime]) -> None:
        self._write(deployed_line(name, fires))

    def closed(self) -> None: ...

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()


def opening_line(pipeline: str, flavor: str) -> str:
    return f"{pipeline} on {flavor}"


def deployed_line(name: str, fires: Sequence[datetime]) -> str:
    """A schedule and when it fires next, in its own zone."""
    coming = ", ".join(fire.strftime("%Y-%m-%d %H:%M %Z") for fire in fires)
    return f"schedule {name!r} is deployed; it fires next at {coming or 'no time that is still to come'}"
