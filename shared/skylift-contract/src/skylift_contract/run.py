"""What identifies a run to an orchestrator."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from skylift_contract.model import Frozen
from skylift_contract.run_id import run_id

if TYPE_CHECKING:
    from uuid import UUID


class PipelineRun(Frozen):
    """A run, or the placeholder of one that was submitted and has no id yet.

    `submission_id` is the idempotency token of the request that made it, None for a firing
    of a schedule. `orchestrator_run_id` is None while the backend has not given one.
    """

    pipeline: str
    snapshot: str
    flavor: str
    orchestrator_run_id: str | None = None
    submission_id: str | None = None
    schedule: str | None = None

    @property
    def id(self) -> UUID | None:
        """A pure function of the orchestrator run ID; None while there is none."""
        return run_id(self.flavor, self.orchestrator_run_id) if self.orchestrator_run_id else None


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
