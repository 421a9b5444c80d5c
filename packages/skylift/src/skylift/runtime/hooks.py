"""Calling what steps and pipelines name as `on_failure` and `on_success`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift.authoring.sources import load
from skylift.runtime.failures import print_traceback
from skylift.runtime.interrupts import StopRequested, interruptible, keep_for_later
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import RunFailed

if TYPE_CHECKING:
    from skylift.ledger.records import RunEndRecord
    from skylift.runtime.active import ActiveRun


def call_run_hook(run: ActiveRun, written: RunEndRecord, standing: RunEndRecord) -> None:
    """Call the pipeline's hook, in the process whose record of the run's end is the one that stands.

    So it is called once. A run whose processes all died is closed by a reader, who has not
    the pipeline's code: then it is not called.
    """
    if standing.writer.nonce != written.writer.nonce:
        return
    configuration = run.snapshot.pipeline_configuration
    if written.status is ExecutionStatus.COMPLETED:
        call_hook(configuration.on_success)
    elif written.status is ExecutionStatus.FAILED:
        call_hook(configuration.on_failure, RunFailed(run.id, written.reason))


def call_hook(source: str | None, *arguments: Any) -> None:
    """Call a hook with as many arguments as it takes.

    It must not change what the step came to: its own failure is only printed, and a stop
    that reaches it is kept for what comes next.
    """
    if source is None:
        return
    import inspect

    try:
        with interruptible():
            hook = load(source)
            wanted = len(inspect.signature(hook).parameters)
            hook(*arguments[:wanted])
    except (KeyboardInterrupt, StopRequested) as error:
        keep_for_later(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever it raises
        print_traceback(error)
