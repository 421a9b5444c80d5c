"""Snapshots to compile, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skylift_contract.containers import command_of, image_of
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)
from skylift_sagemaker.compile import PIPELINE, compile_pipeline
from skylift_sagemaker.config import SagemakerOrchestratorConfig
from skylift_sagemaker.job import Making

ROLE = "arn:aws:iam::123456789012:role/SageMaker"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/train:1"
STORE = "s3://skylift-tests/churn"


def step(name: str, *upstream: str, **config: Any) -> Step:
    spec = StepSpec(invocation_id=name, source=f"flow:{name}", upstream_steps=upstream)
    return Step(spec=spec, config=StepConfig(name=name, **config))


def snapshot_of(
    *steps: Step, schedule: Schedule | None = None, dynamic: bool = False, **pipeline: Any
) -> PipelineSnapshot:
    return PipelineSnapshot(
        project="tests",
        pipeline_configuration=PipelineConfiguration(
            name="daily", source="flow:daily", dynamic=dynamic, **pipeline
        ),
        steps=steps,
        schedule=schedule,
        images={one.spec.invocation_id: IMAGE for one in steps} | {"": IMAGE},
        runtime=SnapshotRuntime(flavor="sagemaker", python="3.11", skylift="0.1.0"),
    )


def making(snapshot: PipelineSnapshot, **options: Any) -> Making:
    config = SagemakerOrchestratorConfig.parse({"execution_role": ROLE, **options})
    return Making(
        config,
        lambda asked: image_of(snapshot, asked),
        lambda asked: command_of(snapshot, asked),
        store=STORE,
        bucket="skylift-tests",
    )


def documents(
    snapshot: PipelineSnapshot, environments: Mapping[str, Mapping[str, str]] | None = None, **options: Any
) -> Mapping[str, bytes]:
    base = {"SKYLIFT_STORE": STORE}
    found = {name: {**base, **own} for name, own in (environments or {}).items()}
    every = dict.fromkeys(snapshot.step_configurations, base) | found
    return compile_pipeline(snapshot, making(snapshot, **options), base, every).documents


def definition(snapshot: PipelineSnapshot, **options: Any) -> dict[str, Any]:
    return json.loads(documents(snapshot, **options)[PIPELINE])
