"""The backend of a run: who runs it, and what that says of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from skylift.flavors import capabilities
from skylift.ledger.process import is_me, liveness
from skylift.ledger.records import UNREADABLE
from skylift.orchestrator_calls import calling
from skylift.stacks.build import orchestrator_named
from skylift_contract.capability import Capability
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import SkyliftError
from skylift_contract.names import step_key
from skylift_contract.status import UNASKED, Liveness, RunStatus, StepStatus

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import Request, RunRecord, Writer
    from skylift.models import PipelineRun
    from skylift_contract.orchestrator import BaseOrchestrator

LOCAL: Final = "local"
EMULATOR_GONE: Final = "the process that emulated its backend is gone"

EMULATED: Final[dict[str, BaseOrchestrator]] = {}
"""Name → an orchestrator whose backend this process emulates now."""


def orchestrator_of(ledger: Ledger, record: RunRecord) -> BaseOrchestrator:
    """The one that the run was submitted to; a step of a schedule's firing knows its flavor only."""
    return _orchestrator(_request(ledger, record), record)


def _orchestrator(request: Request | None, record: RunRecord) -> BaseOrchestrator:
    if request is None:
        return orchestrator_named(record.orchestrator or record.flavor, record.flavor)
    emulated = EMULATED.get(request.orchestrator) if request.is_emulated else None
    return emulated or orchestrator_named(request.orchestrator, record.flavor)


def emulated_by(ledger: Ledger, record: RunRecord) -> Writer | None:
    """The process that is, or was, the backend of an emulated run; None of any other.

    None, too, where the request cannot be read that would say so.
    """
    with suppress(*UNREADABLE):
        request = _request(ledger, record)
        return request.writer if request and request.is_emulated else None
    return None


def emulated_elsewhere(ledger: Ledger, record: RunRecord) -> Writer | None:
    """The same, of a run that any other process than this one emulates."""
    emulator = emulated_by(ledger, record)
    return None if emulator is None or is_me(emulator) else emulator


def _request(ledger: Ledger, record: RunRecord) -> Request | None:
    return ledger.request(record.submission_id) if record.submission_id else None


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
        request = _request(run.ledger, record)
        if request and request.is_emulated and not is_me(request.writer):
            return of_emulator(run, request.writer)
        orchestrator = _orchestrator(request, record)
        if not capabilities(orchestrator).get(Capability.RUN_STATUS):
            return UNASKED
        with calling(orchestrator, "fetch_status", f"run {record.run_id}"):
            return orchestrator.fetch_status(run, include_steps=True)
    except SkyliftError as error:
        return RunStatus(ExecutionStatus.UNKNOWN, f"the backend could not be asked: {error}")


def of_process(record: RunRecord) -> RunStatus:
    """What can be said of a local run: whether the process that makes it runs."""
    return _as_far_as(record.writer, "the process died")


def of_emulator(run: PipelineRun, writer: Writer) -> RunStatus:
    """What can be said of an emulated run by any process but the one that emulates its backend."""
    found = _as_far_as(writer, EMULATOR_GONE)
    if found.status is not ExecutionStatus.FAILED:
        return found
    begun = run.ledger.listing(str(run.id)).steps  # they ended with it, whatever they were doing
    lost = StepStatus(ExecutionStatus.FAILED, EMULATOR_GONE)
    return replace(
        found, steps={name: lost for name in run.snapshot_of.invocations if step_key(name) in begun}
    )


def _as_far_as(writer: Writer, gone: str) -> RunStatus:
    match liveness(writer):
        case Liveness.ALIVE:
            return RunStatus(ExecutionStatus.RUNNING)
        case Liveness.GONE:
            return RunStatus(ExecutionStatus.FAILED, gone)
        case Liveness.UNSEEN:
            host = writer.host.partition("/")[0]
            return RunStatus(ExecutionStatus.UNKNOWN, f"it runs on {host}, and can be asked there only")
