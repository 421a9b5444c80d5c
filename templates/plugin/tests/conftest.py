from __future__ import annotations

import pytest
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)


def step(name: str, *upstream: str) -> Step:
    spec = StepSpec(invocation_id=name, source=f"flow:{name}", upstream_steps=upstream)
    return Step(spec=spec, config=StepConfig(name=name))


@pytest.fixture
def snapshot() -> PipelineSnapshot:
    return PipelineSnapshot(
        project="tests",
        pipeline_configuration=PipelineConfiguration(name="daily", source="flow:daily"),
        steps=(step("load"), step("train_2", "load")),
        runtime=SnapshotRuntime(flavor="__plugin__", python="3.11", skylift="0.1.0"),
    )
