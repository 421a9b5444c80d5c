"""The variables that an orchestrator is handed for what it starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skylift.store.options import FOR_STEPS
from skylift_contract.environment import STORE_ENV, STORE_OPTIONS_ENV, SUBMISSION_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.launch.plan import Plan
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack


def base_environment(plan: Plan, submission: str | None) -> dict[str, str]:
    """What every process of a run is given: its store, and its submission where it has one."""
    store = plan.stack.artifact_store
    base = {STORE_ENV: store.uri}
    if options := {name: value for name, value in store.options.items() if name in FOR_STEPS}:
        base[STORE_OPTIONS_ENV] = json.dumps(options, sort_keys=True)
    if submission and plan.snapshot.schedule is None:  # each firing of a schedule is a run of its own
        base[SUBMISSION_ENV] = submission
    return base


def step_environments(snapshot: PipelineSnapshot, base: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Invocation id → its complete environment: base, pipeline's and step's own."""
    return {name: {**base, **step.config.environment} for name, step in snapshot.step_configurations.items()}


def kept_here(stack: Stack) -> tuple[str, ...]:
    """A note of the store's options that say who this machine is, and are not for steps elsewhere."""
    found = sorted(stack.artifact_store.options.keys() - FOR_STEPS)
    if not found or stack.orchestrator.flavor == "local" or stack.orchestrator.config.lends_identity:
        return ()
    return (f"the steps reach the store with an identity of their own: its {', '.join(found)} stay here",)
