"""Whether a run is over: only then it can be told what of it is left to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from skylift.backends import LOCAL, emulated_by
from skylift.runtime.orphans import ORPHAN_GRACE_S
from skylift.stacks.build import store_hint
from skylift.sub_runs import check_is_whole
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.models import PipelineRun
    from skylift.observer import Observer
    from skylift_contract.status import RunStatus

PAUSE_S: Final = 0.1
PATIENCE_S: Final = ORPHAN_GRACE_S + 5
"""A worker whose coordinator is gone has its own grace; then its process has ended by force."""


def ended(
    run: PipelineRun, observer: Observer, *, pause: Callable[[float], object] = time.sleep
) -> RunStatus:
    """How a run that is over ended; worker processes that outlived it are waited for.

    `pause` waits between looks. Raises `ConfigurationError` for a run that is not over, that is
    part of another, or of which nobody here can tell.
    """
    check_is_whole(run, "skylift runs resume")
    status, began = run.fetch(), time.monotonic()
    _refuse_open(run, status)
    _refuse_emulated(run)
    if _outliving(run, status):
        observer.note(f"waiting for the last processes of run {run.id}, which died a moment ago")
    while running := _outliving(run, status):
        if time.monotonic() - began > PATIENCE_S:
            raise ConfigurationError(
                f"the process that made it is gone, and step {running[0]!r} still runs",
                who=f"run {run.id}",
                fix=f"End that process, then see: skylift runs why {run.id}",
            )
        pause(PAUSE_S)
        status = run.fetch()
    return status


def _refuse_emulated(run: PipelineRun) -> None:
    if run.record and emulated_by(run.ledger, run.record):
        raise ConfigurationError(
            "its backend was emulated by the command that ran it, and is gone with that",
            who=f"run {run.id}",
            fix="Run the pipeline anew, with --emulate: what completed is taken from the cache.",
        )


def has_nothing_left(run: PipelineRun, status: RunStatus, observer: Observer) -> bool:
    """Whether a run has completed, which is said."""
    if status.status.is_successful:
        observer.note(f"run {run.id} has completed: there is nothing to resume")
    return status.status.is_successful


def _outliving(run: PipelineRun, status: RunStatus) -> list[str]:
    """Steps whose own processes still run after that which made the run."""
    if run.flavor != LOCAL or run.end is not None:
        return []
    return [name for name, step in status.steps.items() if step.status is ExecutionStatus.RUNNING]


def _refuse_open(run: PipelineRun, status: RunStatus) -> None:
    who, hint = f"run {run.id}", f"{run.id}{store_hint(run.ledger.store.uri)}"
    if status.status is ExecutionStatus.UNKNOWN:
        raise ConfigurationError(
            f"nobody here can tell whether it has ended: {status.reason or 'its backend does not say'}",
            who=who,
            fix=f"See: skylift runs why {hint}",
        )
    if not status.status.is_finished:
        raise ConfigurationError(
            f"it is still {status.status.value}, and can be resumed once it has ended",
            who=who,
            fix=f"Stop it: skylift runs stop {hint}",
        )
