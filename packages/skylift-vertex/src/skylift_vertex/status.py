"""Vertex's states as ours: total tables over the enums of its protos."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Mapping

PIPELINES: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "PIPELINE_STATE_UNSPECIFIED": Status.UNKNOWN,
        "PIPELINE_STATE_QUEUED": Status.PENDING,
        "PIPELINE_STATE_PENDING": Status.PENDING,
        "PIPELINE_STATE_RUNNING": Status.RUNNING,
        "PIPELINE_STATE_SUCCEEDED": Status.COMPLETED,
        "PIPELINE_STATE_FAILED": Status.FAILED,
        "PIPELINE_STATE_CANCELLING": Status.STOPPING,
        "PIPELINE_STATE_CANCELLED": Status.STOPPED,
        "PIPELINE_STATE_PAUSED": Status.PENDING,  # it can be resumed
    }
)
"""`PipelineState`."""

TASKS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "STATE_UNSPECIFIED": Status.UNKNOWN,
        "PENDING": Status.PENDING,
        "RUNNING": Status.RUNNING,
        "SUCCEEDED": Status.COMPLETED,
        "CANCEL_PENDING": Status.STOPPING,
        "CANCELLING": Status.STOPPING,
        "CANCELLED": Status.STOPPED,
        "FAILED": Status.FAILED,
        "SKIPPED": Status.CACHED,
        "NOT_TRIGGERED": Status.SKIPPED,
    }
)
"""`PipelineTaskDetail.State`. SKIPPED is said of what its own cache had."""

JOBS: Final[Mapping[str, Status]] = MappingProxyType(
    {
        "JOB_STATE_UNSPECIFIED": Status.UNKNOWN,
        "JOB_STATE_QUEUED": Status.PENDING,
        "JOB_STATE_PENDING": Status.PENDING,
        "JOB_STATE_RUNNING": Status.RUNNING,
        "JOB_STATE_SUCCEEDED": Status.COMPLETED,
        "JOB_STATE_FAILED": Status.FAILED,
        "JOB_STATE_CANCELLING": Status.STOPPING,
        "JOB_STATE_CANCELLED": Status.STOPPED,
        "JOB_STATE_PAUSED": Status.PENDING,  # it can be resumed
        "JOB_STATE_EXPIRED": Status.FAILED,
        "JOB_STATE_UPDATING": Status.RUNNING,
        "JOB_STATE_PARTIALLY_SUCCEEDED": Status.FAILED,
    }
)
"""`JobState`."""


def status_of(table: Mapping[str, Status], state: str, reason: str = "") -> tuple[Status, str]:
    """Ours, and why: the service's own words. A state that is in no proto is UNKNOWN, by its name."""
    found = table.get(state)
    if found is None:
        return Status.UNKNOWN, f"Vertex says {state!r}, which is not known here"
    return found, reason.strip()
