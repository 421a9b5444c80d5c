"""One execution of a graph: each step runs when what it waits for has succeeded."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from skylift_testkit.emulator.graph import Graph


class Phase(StrEnum):
    """Of a step, or of an execution, which begins as `RUNNING`."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


OVER = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.STOPPED})


@dataclass(frozen=True, slots=True)
class StepState:
    """How a step stands. `attempts`: how often it was begun. `reason`: why it failed."""

    phase: Phase = Phase.WAITING
    attempts: int = 0
    began: datetime | None = None
    ended: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job of a step ended: `SUCCEEDED`, `FAILED` or `STOPPED`."""

    phase: Phase
    reason: str = ""


class Job(Protocol):
    """A step that has begun."""

    def wait(self) -> Ending:
        """Return when it is over."""
        ...

    def stop(self) -> None:
        """Ask it to end; it may be over already."""
        ...


class Execution:
    """Runs a graph in threads of its own, from `start` until `wait` returns.

    Args:
        graph: The steps.
        begin: Begins a step's job: its name, and which attempt it is, from 1 on. What it raises as
            an `OSError` or a `ValueError` is why the step failed.
        now: The clock.
        limit: How many steps may run at once.
        halts: Whether nothing more starts once a step has failed.
        before: How the steps stand, where an execution is tried again: what has succeeded stays so.

    A step that fails keeps what waits for it from starting, and nothing else unless it halts the rest.
    """

    def __init__(
        self,
        graph: Graph,
        begin: Callable[[str, int], Job],
        *,
        now: Callable[[], datetime],
        limit: int,
        halts: bool = False,
        before: Mapping[str, StepState] | None = None,
    ) -> None:
        self._graph, self._begin, self._now, self._limit = graph, begin, now, limit
        self._halts = halts
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._is_told = False
        self._steps = {name: _again((before or {}).get(name, StepState())) for name in graph.names}
        self._main = threading.Thread(target=self._run, daemon=True)
        self._is_over = False

    def start(self) -> None:
        self._main.start()

    def stop(self) -> None:
        """Nothing new starts, and what runs is asked to end."""
        with self._changed:
            self._is_told = True
            for name in self._jobs:
                self._steps[name] = replace(self._steps[name], phase=Phase.STOPPING)
            jobs = list(self._jobs.values())
            self._changed.notify_all()
        for job in jobs:
            job.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """True when it is over."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_over, timeout_s)

    @property
    def steps(self) -> Mapping[str, StepState]:
        """How each stands now, in the order of the graph."""
        with self._changed:
            return dict(self._steps)

    @property
    def phase(self) -> Phase:
        with self._changed:
            if not self._is_over:
                return Phase.STOPPING if self._is_told else Phase.RUNNING
            phases = {step.phase for step in self._steps.values()}
        if phases == {Phase.SUCCEEDED} or not phases:
            return Phase.SUCCEEDED
        return Phase.STOPPED if self._is_told else Phase.FAILED

    def _run(self) -> None:
        with self._changed:
            while self._step():
                self._changed.wait()
            self._is_over = True
            self._changed.notify_all()

    def _step(self) -> bool:
        """Start what can start now; False once nothing runs, and nothing will."""
        running = {n for n, s in self._steps.items() if s.phase in {Phase.RUNNING, Phase.STOPPING}}
        done = {name for name, step in self._steps.items() if step.phase is Phase.SUCCEEDED}
        begun = {name for name, step in self._steps.items() if step.phase is not Phase.WAITING}
        has_failed = any(step.phase is Phase.FAILED for step in self._steps.values())
        is_over = self._is_told or (self._halts and has_failed)
        ready = [] if is_over else self._graph.ready(done, begun)[: self._limit - len(running)]
        for name in ready:
            before = self._steps[name]
            self._steps[name] = StepState(Phase.RUNNING, before.attempts + 1, self._now())
            threading.Thread(target=self._watch, args=[name, before.attempts + 1], daemon=True).start()
        return bool(running or ready)

    def _watch(self, name: str, attempt: int) -> None:
        try:
            job = self._begin(name, attempt)
            with self._changed:
                self._jobs[name] = job
                is_told = self._is_told
            if is_told:
                job.stop()  # told between its turn and its beginning
            ending = job.wait()
        except (OSError, ValueError) as error:
            ending = Ending(Phase.FAILED, str(error))
        with self._changed:
            self._jobs.pop(name, None)
            self._steps[name] = replace(
                self._steps[name], phase=ending.phase, ended=self._now(), reason=ending.reason
            )
            self._changed.notify_all()


def _again(step: StepState) -> StepState:
    return step if step.phase is Phase.SUCCEEDED else StepState(attempts=step.attempts)
