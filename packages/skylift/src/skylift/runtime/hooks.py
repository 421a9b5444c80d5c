"""Calling what steps and pipelines name as `on_failure` and `on_success`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skylift.authoring.sources import load
from skylift.runtime.failures import print_traceback
from skylift.runtime.interrupts import StopRequested, interruptible, keep_for_later
from skylift.runtime.step_secrets import looked_up, revealed
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import RunFailed

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift.ledger.records import RunEndRecord
    from skylift.runtime.active import ActiveRun
    from skylift_contract.snapshot import PipelineConfiguration


def call_run_hook(run: ActiveRun, written: RunEndRecord, standing: RunEndRecord) -> None:
    """Call the pipeline's hook, in the process whose record of the run's end is the one that stands.

    So it is called once. A run whose processes all died is closed by a reader, who has not
    the pipeline's code: then it is not called.
    """
    if standing.writer.nonce != written.writer.nonce:
        return
    configuration = run.snapshot.pipeline_configuration
    if written.status is ExecutionStatus.COMPLETED:
        _call_with_secrets(configuration, configuration.on_success)
    elif written.status is ExecutionStatus.FAILED:
        error = RunFailed(run.id, written.reason)
        _call_with_secrets(configuration, configuration.on_failure, error)


def _call_with_secrets(pipeline: PipelineConfiguration, source: str | None, *arguments: Any) -> None:
    """No step runs any more: the hook has the pipeline's own secrets, as environment variables."""
    if source is None:
        return
    with _only_printed():
        with interruptible():
            secrets = looked_up(pipeline.secrets, f"pipeline {pipeline.name!r}")
        with revealed(secrets):
            call_hook(source, *arguments)


def call_hook(source: str | None, *arguments: Any) -> None:
    """Call a hook with as many arguments as it takes; a step's has the step's environment and secrets."""
    if source is None:
        return
    import inspect

    with _only_printed(), interruptible():
        hook = load(source)
        wanted = len(inspect.signature(hook).parameters)
        hook(*arguments[:wanted])


@contextmanager
def _only_printed() -> Generator[None]:
    """For a hook, which must not change what the step came to.

    Its own failure is only printed, and a stop that reaches it is kept for what comes next.
    """
    try:
        yield
    except (KeyboardInterrupt, StopRequested) as error:
        keep_for_later(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever it raises
        print_traceback(error)
