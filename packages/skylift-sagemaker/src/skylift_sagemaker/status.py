"""SageMaker's states as ours: total tables over the enums of botocore's model."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Mapping

EXECUTIONS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "Executing": Status.RUNNING,
        "Stopping": Status.STOPPING,
        "Stopped": Status.STOPPED,
        "Failed": Status.FAILED,
        "Succeeded": Status.COMPLETED,
        "CompletedWithFailures": Status.FAILED,
    }
)
"""`PipelineExecutionStatus`. Where some steps failed and others went on, the run failed."""

STEPS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "Starting": Status.PENDING,
        "Executing": Status.RUNNING,
        "Stopping": Status.STOPPING,
        "Stopped": Status.STOPPED,
        "Failed": Status.FAILED,
        "Succeeded": Status.COMPLETED,
    }
)
"""`StepStatus`. A step that has not begun is not listed at all."""

JOBS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "InProgress": Status.RUNNING,
        "Completed": Status.COMPLETED,
        "Failed": Status.FAILED,
        "Stopping": Status.STOPPING,
        "Stopped": Status.STOPPED,
        "Deleting": Status.STOPPING,
    }
)
"""`ProcessingJobStatus` and `TrainingJobStatus`."""


def status_of(table: Mapping[str, Status], state: str, reason: str = "") -> tuple[Status, str]:
    """Ours, and why: the service's own words. A state that is in no model is UNKNOWN, by its name."""
    found = table.get(state)
    if found is None:
        return Status.UNKNOWN, f"SageMaker says {state!r}, which is not known here"
    return found, reason.strip()
