"""What a submission's containers run in, found out or made before anything is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skylift.orchestrator_calls import calling
from skylift_contract.orchestrator import ContainerizedOrchestrator

if TYPE_CHECKING:
    from skylift.launch.plan import Plan


def with_images(plan: Plan, about: str) -> Plan:
    """The plan with the images and locks of its orchestrator's containers; raises why there can be none.

    `about`: the submission. A run of which nothing is left to do needs none.
    """
    snapshot, orchestrator = plan.snapshot, plan.stack.orchestrator
    if not isinstance(orchestrator, ContainerizedOrchestrator) or not (snapshot.steps or snapshot.is_dynamic):
        return plan
    with calling(orchestrator, "resolve_images", about):
        root = plan.source.root if plan.source else None
        found = orchestrator.resolve_images(snapshot, plan.stack, root)
    update = {"images": dict(found.images), "locks": dict(found.locks)}
    return replace(plan, snapshot=snapshot.model_copy(update=update))
