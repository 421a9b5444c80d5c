"""Snapshots made by hand, for what is pure."""

from __future__ import annotations

from typing import Any

from skylift_contract.enums import ExecutionMode
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)


def step(name: str, *upstream: str, **config: Any) -> Step:
    spec = StepSpec(invocation_id=name, source=f"flow:{name}", upstream_steps=upstream)
    return Step(spec=spec, config=StepConfig(name=name, **config))


def snapshot(*steps: Step, **pipeline: Any) -> PipelineSnapshot:
    return PipelineSnapshot(
        project="tests",
        pipeline_configuration=PipelineConfiguration(
            name="daily", source="flow:daily", execution_mode=ExecutionMode.FAIL_FAST, **pipeline
        ),
        steps=steps,
        runtime=SnapshotRuntime(flavor="local_docker", python="3.11", skylift="0.1.0"),
    )
