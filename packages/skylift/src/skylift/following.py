"""Following a run that another process makes: what its ledger says, told as it changes."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from skylift.ledger.history import History
from skylift.ledger.records import UNREADABLE, now
from skylift.ledger.view import look
from skylift.observer import StepEvent
from skylift.sub_runs import opened
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreError
from skylift_contract.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from skylift.models import PipelineRun
    from skylift.observer import Observer
    from skylift_contract.status import StepStatus

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
"""Between looks at a run in which nothing changes: a listing of a cloud's store is not free."""

GROWTH: Final = 1.3


def follow(run: PipelineRun, observer: Observer, pause: Callable[[float], object] = time.sleep) -> RunStatus:
    """Tell an observer of each step as it changes, until the run has ended; how it ended.

    Steps of pipelines that the run's function called are among them.
    """
    followed, wait = _Followed(run), FIRST_PAUSE_S
    while True:
        events = list(followed.look())
        for event in events:
            observer.step(event)
        if followed.status.status.is_finished:
            return followed.status
        wait = FIRST_PAUSE_S if events else min(wait * GROWTH, LONGEST_PAUSE_S)
        pause(wait)


class _Followed:
    """A run, and the runs within it; `path` stands before its steps' names."""

    def __init__(self, run: PipelineRun, path: str = "") -> None:
        self._run, self._path = run, path
        self._within: dict[str, _Followed] = {}
        self.status = RunStatus(ExecutionStatus.PENDING)

    def look(self) -> Iterator[StepEvent]:
        """What has changed since the last look; what is within a step comes before that step's end."""
        before, self.status = self.status, self._run.fetch()
        for name in self.status.steps:
            if name not in self._within and (found := opened(self._run, name)):
                self._within[name] = _Followed(found, f"{self._path}{name}/")
        for within in self._within.values():
            if not within.status.status.is_finished:
                yield from within.look()
        for event in changes(self._run, before.steps, self.status.steps):
            yield replace(event, invocation=f"{self._path}{event.invocation}")


class Recorded:
    """What an observer has been told of a run by its ledger alone; its backend is asked nothing."""

    def __init__(self, run: PipelineRun, observer: Observer) -> None:
        self._run, self._observer = run, observer
        self._known = dict[str, "StepStatus"]()

    def look(self) -> bool:
        """Tell of what has changed, and whether anything had; a store that does not answer now will later."""
        with suppress(StoreError):
            return self._tell(self._steps())
        return False

    def close(self, steps: Mapping[str, StepStatus]) -> None:
        """Tell how those steps ended of which the ledger alone did not say that they had."""
        said = {name: step for name, step in self._known.items() if step.status.is_finished}
        self._tell({**steps, **said})

    def _tell(self, steps: Mapping[str, StepStatus]) -> bool:
        events = list(changes(self._run, self._known, steps))
        for event in events:
            self._observer.step(event)
        self._known = dict(steps)
        return bool(events)

    def _steps(self) -> Mapping[str, StepStatus]:
        self._run.refresh()
        ledger, snapshot = self._run.ledger, self._run.snapshot_of
        return look(ledger, str(self._run.id), snapshot, RunStatus(ExecutionStatus.RUNNING)).status.steps


def changes(
    run: PipelineRun, before: Mapping[str, StepStatus], after: Mapping[str, StepStatus]
) -> Iterator[StepEvent]:
    """An event for each step that stands otherwise than before; pending ones are no news."""
    changed = {
        name: step
        for name, step in after.items()
        if before.get(name) != step and (name in before or step.status is not ExecutionStatus.PENDING)
    }
    history = History.read(run.ledger, str(run.id), changed, run.snapshot_of.bindings)
    for name, step in changed.items():
        origin = history.origin(name)
        reason = f"from run {origin.run_id}" if origin else step.reason
        so_far = _so_far(run, name, step) if step.status is ExecutionStatus.RUNNING else 0.0
        yield StepEvent(name, step.status, reason, step.attempt, history.seconds(name), so_far)


def _so_far(run: PipelineRun, name: str, step: StepStatus) -> float:
    """Seconds since the attempt began, by its record; where nobody can read that, since now."""
    with suppress(*UNREADABLE):
        if start := run.ledger.start(str(run.id), name, step.attempt):
            return elapsed(start.writer.time)
    return 0.0


def elapsed(since: datetime) -> float:
    """Seconds since a moment on whoever's clock; one that is ahead of ours counts as now."""
    return max(0.0, (now() - since).total_seconds())
