"""Whether the process still runs that takes a run to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.backends import of_process
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus
from skylift_contract.status import RunStatus

if TYPE_CHECKING:
    from skylift_contract import run as contract

_UNRECORDED: Final = RunStatus(ExecutionStatus.UNKNOWN, "its record was not at hand")


def of_coordinator(run: contract.PipelineRun) -> RunStatus:
    """RUNNING, FAILED("the process died"), or UNKNOWN where it cannot be seen from here."""
    record = run.record if isinstance(run, PipelineRun) else None
    return of_process(record) if record else _UNRECORDED
