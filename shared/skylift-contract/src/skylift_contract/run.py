"""What identifies a run to an orchestrator."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

from skylift_contract.model import Frozen


class PipelineRun(Frozen):
    """A run, or the placeholder of one that was submitted and has no id yet.

    `id` is None until the orchestrator run ID is known; `submission_id` is the idempotency
    token of the request that made it, None for a firing of a schedule.
    """

    id: UUID | None = None
    pipeline: str
    snapshot: str
    flavor: str
    orchestrator_run_id: str | None = None
    submission_id: str | None = None
    schedule: str | None = None


PipelineRunResponse: TypeAlias = PipelineRun
"""The documented interface's name for it."""


class DeployedSchedule(Frozen):
    """A schedule as the backend holds it; `id` is what the orchestrator needs to find it."""

    name: str
    pipeline: str
    snapshot: str
    flavor: str
    id: str
    state: str = "active"


class IsolatedStep(Frozen):
    """A step that a dynamic run started on the backend; `id` is the backend's own."""

    invocation_id: str
    id: str
    url: str = ""
