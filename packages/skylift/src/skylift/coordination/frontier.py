"""Which steps of a static pipeline may run now: pure bookkeeping over its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.enums import ExecutionMode, ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_contract.snapshot import Step


class Frontier:
    """Every step is waiting, ready, handed out, or closed with a status.

    Args:
        steps: Invocation id → step, in topological order.
        mode: What a failure does to the rest.
        bound: Invocations whose outputs are there already.
    """

    def __init__(self, steps: Mapping[str, Step], mode: ExecutionMode, bound: Iterable[str] = ()) -> None:
        self._mode = mode
        there = set(bound)
        self._missing = {name: set(step.spec.upstream_steps) - there for name, step in steps.items()}
        self._dependents: dict[str, list[str]] = {name: [] for name in steps}
        for name, missing in self._missing.items():
            for upstream in missing:
                self._dependents[upstream].append(name)
        self._ready = [name for name, missing in self._missing.items() if not missing]
        self._handed_out: set[str] = set()
        self.closed: dict[str, ExecutionStatus] = {}

    def take(self) -> str | None:
        """The next step that may run, and is now handed out; None when none may now."""
        if not self._ready:
            return None
        name = self._ready.pop(0)
        self._handed_out.add(name)
        return name

    @property
    def is_done(self) -> bool:
        """Whether nothing is ready and nothing is handed out."""
        return not self._ready and not self._handed_out

    def close(self, name: str, status: ExecutionStatus) -> Iterable[str]:
        """Note how a step ended; returns those that will not run because of it.

        Of these, what waits for it is skipped; the rest, which the run's mode keeps back, is not started.
        """
        self._handed_out.discard(name)
        self.closed[name] = status
        if status.is_successful:
            self._release(name)
            return []
        downstream = self._downstream(name)
        doomed = self._unstarted() if self._ends_the_run(status) else downstream
        for other in doomed:
            is_downstream = other in downstream
            self.closed[other] = ExecutionStatus.SKIPPED if is_downstream else ExecutionStatus.NOT_STARTED
        self._ready = [other for other in self._ready if other not in self.closed]
        return doomed

    def _ends_the_run(self, status: ExecutionStatus) -> bool:
        return status is ExecutionStatus.STOPPED or self._mode is not ExecutionMode.CONTINUE_ON_FAILURE

    def _release(self, name: str) -> None:
        for dependent in self._dependents[name]:
            self._missing[dependent].discard(name)
            if not self._missing[dependent] and dependent not in self.closed:
                self._ready.append(dependent)

    def _unstarted(self) -> list[str]:
        return [name for name in self._missing if name not in self.closed and name not in self._handed_out]

    def _downstream(self, name: str) -> dict[str, None]:
        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            for dependent in self._dependents[waiting.pop()]:
                if dependent not in found and dependent not in self.closed:
                    found[dependent] = None
                    waiting.append(dependent)
        return found
