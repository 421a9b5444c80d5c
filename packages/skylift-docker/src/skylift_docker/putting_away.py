"""Containers that nobody waits for any more: how each ended is recorded, for that is known nowhere else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skylift.ledger.records import RunEndRecord, now
from skylift.runtime.active import ActiveRun
from skylift.runtime.outcomes import close_attempt
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import NotFound, StoreError
from skylift_contract.status import AttemptEnd, StepStatus
from skylift_docker.containers import attempt_of, labels_of, memory_of
from skylift_docker.names import INVOCATION
from skylift_docker.status import step_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift.ledger.ledger import Ledger
    from skylift_docker.client import DockerClient


def put_away(
    client: DockerClient, ledger: Ledger, run_id: str, containers: Iterable[Mapping[str, Any]]
) -> None:
    """Record how they ended, where their own processes did not, and remove them.

    `containers`: as they were before somebody stopped them; one that runs still is stopped by its removal.
    """
    run: ActiveRun | None = None
    with suppress(StoreError):  # which keeps no reason that it does not take; what runs is ended all the same
        if record := ledger.run(run_id):
            run = ActiveRun(ledger, ledger.snapshot(record.snapshot), record)
    for one in containers:
        container = str(one["Id"])
        if run is not None:
            with suppress(NotFound, StoreError):
                _record(run, one, step_status(client.inspect(container)["State"], memory_of(one)))
        client.remove(container)


def _record(run: ActiveRun, before: Mapping[str, Any], found: StepStatus) -> None:
    """`before`: as it was; one that ran then was stopped, whatever it made of that."""
    if found.status is ExecutionStatus.COMPLETED:
        return  # its own process has committed what it made
    status, reason = found.status, found.reason
    if not step_status(before["State"]).status.is_finished and status is not ExecutionStatus.STOPPED:
        status = ExecutionStatus.STOPPED
        reason = f"it was asked to stop, and {found.reason or 'removed while it ran'}"
    if invocation := labels_of(before).get(INVOCATION, ""):
        _end_attempt(run, invocation, attempt_of(before), status, reason)
    else:
        run.ledger.seal(run.id, RunEndRecord(status=status, reason=reason))


def _end_attempt(run: ActiveRun, name: str, attempt: int, status: ExecutionStatus, reason: str) -> None:
    listing = run.ledger.step_listing(run.id, name)
    if listing.committed or listing.attempts.get(attempt):
        return
    how = AttemptEnd.STOPPED if status is ExecutionStatus.STOPPED else AttemptEnd.FAILED
    close_attempt(run, name, how, reason, now(), number=attempt)
