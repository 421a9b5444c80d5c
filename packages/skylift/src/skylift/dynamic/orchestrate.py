"""A dynamic run, from its record to its end: the pipeline's function is called, and its steps with it."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift import observer
from skylift.authoring.parameters import from_json
from skylift.authoring.signature import resolve_hints
from skylift.authoring.trace import taking_calls
from skylift.dynamic.compiling import CallCompiler, pipeline_of
from skylift.dynamic.engine import Engine
from skylift.dynamic.flow import Flow, Halted
from skylift.ledger.records import RunEndRecord
from skylift.observer import told_in_turn
from skylift.runtime.failures import has_own_frames, print_traceback, summary
from skylift.runtime.hooks import call_run_hook
from skylift.runtime.interrupts import (
    StopRequested,
    held_back,
    interrupt,
    interruptible,
    is_interrupt,
    stopped_by,
)
from skylift.runtime.signals import stopping_on_signals
from skylift.runtime.step_secrets import environment, looked_up, revealed
from skylift.runtime.streams import teed
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StepFailed, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.dynamic.isolated import Isolation
    from skylift.runtime.active import ActiveRun
    from skylift_contract.model import Settings
    from skylift_contract.snapshot import PipelineSnapshot

LOOK_S: Final = 2.0
"""Between looks for a request to stop."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a dynamic run has around it.

    `isolation`: where isolated steps run. `environment`: what every process of the run is
    given. `limit`: how many steps run at once. `settings_class`: the flavor's. `check`: raises
    for a snapshot with a step that cannot run here.
    """

    isolation: Isolation
    environment: Mapping[str, str]
    limit: int
    settings_class: type[Settings] | None
    check: Callable[[PipelineSnapshot], None]


def orchestrate(run: ActiveRun, around: Surroundings) -> RunEndRecord:
    """Call the pipeline's function, and write the run's end; the end that stands is returned."""
    observer.current().started(run.id)
    with stopping_on_signals(), held_back(), teed(), told_in_turn():
        try:
            end = _played(run, around)
        except (KeyboardInterrupt, StopRequested) as error:
            end = RunEndRecord(status=ExecutionStatus.STOPPED, reason=stopped_by(error))
        except BaseException as error:
            # Whatever ends this process's part also ends the run, where the store still takes it.
            with suppress(StoreError):
                run.ledger.seal(run.id, RunEndRecord(status=ExecutionStatus.FAILED, reason=summary(error)))
            raise
        standing = run.ledger.seal(run.id, end)
        call_run_hook(run, end, standing)
        return standing


def _played(run: ActiveRun, around: Surroundings) -> RunEndRecord:
    configuration = run.snapshot.pipeline_configuration
    with ExitStack() as stack:
        with interruptible():
            secrets = looked_up(configuration.secrets, f"pipeline {configuration.name!r}")
        stack.enter_context(environment(configuration.environment))
        stack.enter_context(revealed(secrets))
        pipeline = pipeline_of(configuration)
        compiler = CallCompiler(run, pipeline, around.settings_class, around.check)
        engine = Engine(configuration, around.isolation, around.environment, around.limit)
        stack.callback(engine.end)
        stack.enter_context(_watched(run, engine))
        flow = Flow(run, compiler, engine)
        return play(flow, pipeline, _arguments(run.snapshot, pipeline))[0]


def _arguments(snapshot: PipelineSnapshot, pipeline: PipelineFunction) -> dict[str, Any]:
    """The parameters, as the function takes them."""
    hints = resolve_hints(pipeline.entrypoint, pipeline.who)
    return {
        name: from_json(value, hints.get(name, Any), f"{pipeline.who}, parameter {name!r}")
        for name, value in snapshot.pipeline_configuration.parameters.items()
    }


def play(flow: Flow, pipeline: PipelineFunction, arguments: Mapping[str, Any]) -> tuple[RunEndRecord, Any]:
    """Call the function, wait for what it started, and say how its run ended; and what it returned."""
    end, returned = None, None
    try:
        with taking_calls(flow), interruptible():
            returned = pipeline.entrypoint(**arguments)
        flow.function_ended()
    except (KeyboardInterrupt, StopRequested) as error:
        if not is_interrupt(error):  # which comes of a halt, or of a stop that is known
            flow.engine.stop(stopped_by(error), graceful=False)
    except Halted:
        pass
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever the function raises is its run's end
        end = _failed(flow, error)
    flow.finish_rest()
    return _end(flow, end), returned


def _failed(flow: Flow, error: Exception | SystemExit) -> RunEndRecord:
    cause = _failed_call(flow, error)
    if isinstance(error, StepFailed) and cause:
        reason = f"step {cause!r}: {flow.calls[cause].reason}"
    else:
        if has_own_frames(error):
            print_traceback(error)
        reason = summary(error)
    flow.raised()
    return RunEndRecord(status=ExecutionStatus.FAILED, reason=reason, failed_call=cause)


def _failed_call(flow: Flow, error: BaseException | None) -> str:
    """The call whose failure an error is, or was made of; empty where it is the function's own.

    Of one that was skipped, that for whose failure it was.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, StepFailed) and error.step in flow.calls:
            return flow.calls[error.step].culprit.name
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return ""


def _end(flow: Flow, failed: RunEndRecord | None) -> RunEndRecord:
    """A failure that ended the function outweighs a stop that came later."""
    if flow.broken_by is not None:
        return RunEndRecord(status=ExecutionStatus.FAILED, reason=str(flow.broken_by))
    if failed is not None:  # made anew, for a record has the time at which it was made
        return RunEndRecord(status=failed.status, reason=failed.reason, failed_call=failed.failed_call)
    if (call := flow.unnoticed_failure()) is not None:
        return RunEndRecord(status=ExecutionStatus.FAILED, reason=f"step {call.name!r}: {call.reason}")
    if flow.engine.stop_reason:
        return RunEndRecord(status=ExecutionStatus.STOPPED, reason=flow.engine.stop_reason)
    if why := flow.why_halted:  # what it is in failed
        return RunEndRecord(status=ExecutionStatus.STOPPED, reason=why)
    return RunEndRecord(status=ExecutionStatus.COMPLETED)


@contextmanager
def _watched(run: ActiveRun, engine: Engine) -> Generator[None]:
    """Look, meanwhile, whether somebody asked in the store for a stop."""
    ended, function = threading.Event(), threading.current_thread()
    newest = run.ledger.newest_end(run.id)
    void = newest[1].void_stops if newest else 0  # asked for before it was opened again

    def watch() -> None:
        while not ended.wait(LOOK_S):
            with suppress(StoreError):
                request = run.ledger.stop_request(run.id, void)
                if request is not None:
                    why = f"{request.user or 'somebody'} asked for it"
                    engine.stop(why, graceful=request.graceful)
                    if not request.graceful:
                        interrupt(function, why)
                        return

    thread = threading.Thread(target=watch, name="skylift-stops", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
