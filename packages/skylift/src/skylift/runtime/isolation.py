"""Steps of a dynamic run in processes of this machine: what a platform's jobs are elsewhere."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from skylift.runtime.processes import StepProcess, Supervision
from skylift.runtime.step import EXIT_STOPPED
from skylift_contract.enums import ExecutionStatus
from skylift_contract.run import IsolatedStep
from skylift_contract.status import StepStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.orchestrator import StepRunInfo


class StepProcesses:
    """Starts them, and knows them by the ids that it gave out.

    The methods are those of an orchestrator's isolated steps.
    """

    def __init__(self) -> None:
        self._supervision = Supervision()
        self._running: dict[str, StepProcess] = {}
        self._lock = threading.Lock()
        self._started = 0

    def submit_isolated_step(
        self, step_run_info: StepRunInfo, environment: Mapping[str, str]
    ) -> IsolatedStep:
        name = step_run_info.step.spec.invocation_id
        # `python` of an image is this very interpreter here.
        arguments = step_run_info.command[1:]
        shown = step_run_info.path or name
        process = StepProcess(shown, arguments, environment, self._supervision, lambda: None)
        with self._lock:
            self._started += 1
            number = str(self._started)
            self._running[number] = process
        return IsolatedStep(invocation_id=name, id=number)

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus:
        """Of one that has ended it is told once; then it is forgotten."""
        process = self._running[step.id]
        code = process.exit_code
        if code is None:
            return StepStatus(ExecutionStatus.RUNNING)
        with self._lock:
            del self._running[step.id]
        if code == 0:
            return StepStatus(ExecutionStatus.COMPLETED)
        said = f": {process.last_line[0]}" if process.last_line else ""
        was_killed = process.asked_to_stop is not None and code < 0
        is_stopped = was_killed or code in {-signal.SIGTERM, EXIT_STOPPED}
        status = ExecutionStatus.STOPPED if is_stopped else ExecutionStatus.FAILED
        return StepStatus(status, f"its process ended with {process.how_it_ended()}{said}")

    def stop_isolated_step(self, step: IsolatedStep) -> None:
        if (process := self._running.get(step.id)) is not None:
            process.stop()

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None:
        if (process := self._running.get(step.id)) is not None:
            process.wait(seconds)

    def close(self) -> None:
        """What should still run stops now."""
        self._supervision.close()
