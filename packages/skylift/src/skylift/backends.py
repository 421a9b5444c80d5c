"""The backend of a run: who runs it, and what that says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.flavors import capabilities
from skylift.ledger.process import liveness
from skylift.orchestrator_calls import calling
from skylift.stacks.build import orchestrator_named
from skylift_contract.capability import Capability
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import SkyliftError
from skylift_contract.status import UNASKED, Liveness, RunStatus

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import RunRecord
    from skylift.models import PipelineRun
    from skylift_contract.orchestrator import BaseOrchestrator

LOCAL: Final = "local"


def orchestrator_of(ledger: Ledger, record: RunRecord) -> BaseOrchestrator:
    """The one that the run was submitted to; a firing of a schedule knows its flavor only."""
    request = ledger.request(record.submission_id) if record.submission_id else None
    return orchestrator_named(request.orchestrator if request else record.flavor, record.flavor)


def backend_view(run: PipelineRun, record: RunRecord, told: RunStatus | None = None) -> RunStatus:
    """What the run's backend says: of a local run its process, of any other its orchestrator.

    Of one that has ended that is nothing. `told`: what it was just `asked`.
    """
    if record.flavor == LOCAL:
        return of_process(record)
    return UNASKED if run.end is not None else told or asked(run, record)


def asked(run: PipelineRun, record: RunRecord) -> RunStatus:
    """What the run's orchestrator says; why it could not be asked is the reason of an UNKNOWN status."""
    try:
        orchestrator = orchestrator_of(run.ledger, record)
        if not capabilities(orchestrator).get(Capability.RUN_STATUS):
            return UNASKED
        with calling(orchestrator, "fetch_status", f"run {record.run_id}"):
            return orchestrator.fetch_status(run, include_steps=True)
    except SkyliftError as error:
        return RunStatus(ExecutionStatus.UNKNOWN, f"the backend could not be asked: {error}")


def of_process(record: RunRecord) -> RunStatus:
    """What can be said of a local run: whether the process that makes it runs."""
    match liveness(record.writer):
        case Liveness.ALIVE:
            return RunStatus(ExecutionStatus.RUNNING)
        case Liveness.GONE:
            return RunStatus(ExecutionStatus.FAILED, "the process died")
        case Liveness.UNSEEN:
            host = record.writer.host.partition("/")[0]
            return RunStatus(ExecutionStatus.UNKNOWN, f"it runs on {host}, and can be asked there only")
