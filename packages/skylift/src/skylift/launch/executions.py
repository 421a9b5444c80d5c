"""Firings that only their backend knows of: those that ended before any step began."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from skylift.flavors import capabilities
from skylift.ledger.records import RunRecord
from skylift.ledger.view import settled
from skylift.orchestrator_calls import calling
from skylift_contract.capability import Capability
from skylift_contract.check import UNDECLARED
from skylift_contract.run_id import run_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.launch.schedules import Deployment
    from skylift_contract.orchestrator import Execution
    from skylift_contract.run import DeployedSchedule

LOOKED_BACK: Final = timedelta(days=30)
"""How far back a backend is asked; most keep no more of what they ran."""


def refusal(found: Deployment) -> str:
    """Why a schedule's backend cannot tell its executions; empty where it can."""
    orchestrator = found.orchestrator()
    able = capabilities(orchestrator).get(Capability.LIST_EXECUTIONS, UNDECLARED)
    return "" if able else able.describe()


def adopt(found: Deployment, moment: datetime) -> Iterator[str]:
    """Write a run of each execution that has ended and has none; its ids, as they are written.

    One that has not ended is left to its steps: they know which snapshot they are of.
    """
    orchestrator = found.orchestrator()
    with calling(orchestrator, "list_executions", found.who):
        executions = list(orchestrator.list_executions(found.name, moment - LOOKED_BACK))
    for execution in executions:
        own = str(run_id(orchestrator.flavor, execution.orchestrator_run_id))
        if execution.status.status.is_finished and found.ledger.run(own) is None:
            _write(found, execution, own, orchestrator.name)
            yield own


def _write(found: Deployment, execution: Execution, own: str, orchestrator: str) -> None:
    schedule, ledger = _fired(found, execution.fired_at), found.ledger
    snapshot = ledger.snapshot(schedule.snapshot)
    ledger.open_run(
        RunRecord(
            run_id=own,
            orchestrator_run_id=execution.orchestrator_run_id,
            project=snapshot.project,
            pipeline=schedule.pipeline,
            snapshot=schedule.snapshot,
            flavor=schedule.flavor,
            began=execution.fired_at,
            orchestrator=orchestrator,
        )
    )
    settled(ledger, own, snapshot, execution.status)


def _fired(found: Deployment, moment: datetime | None) -> DeployedSchedule:
    """The schedule as it stood when it fired, which may have been deployed again since."""
    for record in found.ledger.schedule_revisions(found.name):
        if moment is not None and record.writer.time <= moment:
            return record.schedule
    return found.record.schedule
