"""A dynamic run that its backend makes in one job: shown here as it goes, closed where that job could not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from skylift import observer
from skylift.following import Recorded
from skylift.ledger.records import RunEndRecord
from skylift.models import PipelineRun
from skylift.runtime.interrupts import (
    StopRequested,
    held_back,
    stopped_by,
    wait_until,
)
from skylift.runtime.signals import stopping_on_signals
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from skylift.coordination.jobs import Job
    from skylift.runtime.active import ActiveRun
    from skylift_contract.status import StepStatus

LOOK_S: Final = 0.5
"""Between looks at the ledger for what to show."""


def attend(run: ActiveRun, job: Job) -> None:
    """Wait for the job in which a dynamic pipeline's function runs; a stop is passed on to it."""
    observer.current().started(run.id)
    found: list[StepStatus] = []
    waiting = threading.Thread(target=lambda: found.append(job.wait()), name="job", daemon=True)
    shown, stop = Recorded(PipelineRun.of_record(run.ledger, run.record), observer.current()), ""
    with stopping_on_signals(), held_back():
        waiting.start()
        while waiting.is_alive():
            try:
                _wait(waiting)
            except (KeyboardInterrupt, StopRequested) as error:
                stop = stop or stopped_by(error)
                job.stop()
            shown.look()
        shown.look()
        run.ledger.seal(run.id, _end(found[0] if found else None, stop))


def _wait(thread: threading.Thread) -> None:
    """Until it has ended, or it is time to look for what to show; a stop ends the wait."""
    look_at = time.monotonic() + LOOK_S

    def is_over(seconds: float) -> bool:
        thread.join(seconds)
        return not thread.is_alive() or time.monotonic() > look_at

    wait_until(is_over)


def _end(said: StepStatus | None, stop: str) -> RunEndRecord:
    """For the run that its job left open."""
    if stop:
        return RunEndRecord(status=ExecutionStatus.STOPPED, reason=stop)
    if said is None:
        return RunEndRecord(status=ExecutionStatus.FAILED, reason="nobody could tell how its job ended")
    stopped = said.status is ExecutionStatus.STOPPED
    reason = said.reason or "its job ended, and did not say how the run did"
    return RunEndRecord(status=ExecutionStatus.STOPPED if stopped else ExecutionStatus.FAILED, reason=reason)
