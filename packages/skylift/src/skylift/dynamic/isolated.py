"""A step that runs elsewhere: started, looked at until it has ended, stopped where that is asked."""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Final, Protocol

from skylift.ledger.records import now
from skylift.runtime.failures import summary
from skylift.runtime.interrupts import StopRequested, interruptible, keep_for_later
from skylift.runtime.known_secrets import hidden
from skylift.runtime.outcomes import close_attempt, refused, written_outcome
from skylift_contract.containers import image_of, isolated_command
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import SkyliftError
from skylift_contract.orchestrator import StepRunInfo
from skylift_contract.run import PipelineRun
from skylift_contract.run_id import RUN_ID_ENV
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from skylift.dynamic.calls import Call
    from skylift.runtime.active import Outcome
    from skylift_contract.run import IsolatedStep
    from skylift_contract.status import StepStatus

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0
"""Between looks at a step, where its end cannot be waited for."""

GROWTH: Final = 1.3


class Isolation(Protocol):
    """Where steps run that are not to run in this process: an orchestrator, or this machine's processes."""

    def submit_isolated_step(
        self, step_run_info: StepRunInfo, environment: dict[str, str]
    ) -> IsolatedStep: ...

    def get_isolated_step_status(self, step: IsolatedStep) -> StepStatus: ...

    def wait_for_isolated_step(self, step: IsolatedStep, seconds: float) -> None: ...

    def stop_isolated_step(self, step: IsolatedStep) -> None: ...


def run_isolated(call: Call, isolation: Isolation, base: Mapping[str, str]) -> Outcome:
    """Start a call's step, and wait for its end; whatever keeps it from starting is its failure."""
    run, step, began = call.flow.run, call.step, now()
    environment = {**base, **step.config.environment, RUN_ID_ENV: run.orchestrator_run_id}
    try:
        with _defects_told(call):
            started = isolation.submit_isolated_step(_info(call), environment)
    except SkyliftError as error:
        return refused(run, call.name, f"it could not be started: {error}")
    except OSError as error:
        return refused(run, call.name, f"it could not be started: {error.strerror or error}")
    with call.stopped_by(lambda: isolation.stop_isolated_step(started)), _defects_told(call):
        status = _ended(isolation, started)
    return written_outcome(run, call.name) or close_attempt(run, call.name, *_told(status), began)


@contextmanager
def _defects_told(call: Call) -> Generator[None]:
    """Of what no orchestrator should raise, say that it is none of the step's, and show where it was."""
    try:
        yield
    except (SkyliftError, OSError):
        raise
    except Exception as error:
        with suppress(OSError, ValueError, AttributeError):  # no stderr
            sys.stderr.write(hidden("".join(traceback.format_exception(error))))
            sys.stderr.flush()
        flavor = call.flow.run.snapshot.runtime.flavor
        raise SkyliftError(
            f"this is a defect of Skylift or of its flavor {flavor!r}, and none of the step's code: "
            f"{summary(error)}",
            fix="Please report it with the traceback in the output of the pipeline's function.",
        ) from error


def _info(call: Call) -> StepRunInfo:
    run, step = call.flow.run, call.step
    snapshot, record = run.snapshot, run.record
    reference = PipelineRun(
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=snapshot.runtime.flavor,
        orchestrator_run_id=record.orchestrator_run_id,
        submission_id=record.submission_id,
    )
    command = isolated_command(snapshot, step.spec.invocation_id, run.id)
    has_image = not step.config.docker_settings.is_empty
    image = image_of(snapshot, step) if has_image else None
    return StepRunInfo(reference, run.id, snapshot, step, 1, command, image, call.shown)


def _ended(isolation: Isolation, started: IsolatedStep) -> StepStatus:
    """Wait for its end. A stop that arrives in this thread is passed on, and kept for afterwards."""
    pause, stop = FIRST_PAUSE_S, None
    while not (status := isolation.get_isolated_step_status(started)).status.is_finished:
        try:
            with interruptible() if stop is None else nullcontext():
                isolation.wait_for_isolated_step(started, pause)
        except (KeyboardInterrupt, StopRequested) as error:
            stop = error
            isolation.stop_isolated_step(started)
        pause = min(pause * GROWTH, LONGEST_PAUSE_S)
    if stop is not None:
        keep_for_later(stop)
    return status


def _told(status: StepStatus) -> tuple[AttemptEnd, str]:
    how = AttemptEnd.STOPPED if status.status is ExecutionStatus.STOPPED else AttemptEnd.FAILED
    said = status.reason or f"it ended as {status.status.value}"
    return how, f"{said}, and left no result"
