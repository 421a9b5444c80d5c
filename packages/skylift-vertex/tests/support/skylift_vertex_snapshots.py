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
from skylift_vertex.compile import PIPELINE, compile_pipeline
from skylift_vertex.config import VertexOrchestratorConfig
from skylift_vertex.job import Making

PROJECT, LOCATION = "my-project", "europe-west4"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
IMAGE = "europe-west4-docker.pkg.dev/my-project/steps/train:1"
STORE = "gs://skylift-tests/churn"
ROOT = "gs://skylift-tests/skylift/vertex"
EVERYTHING: dict[str, Any] = {
    "service_account": "steps@my-project.iam.gserviceaccount.com",
    "network": "projects/123456/global/networks/inner",
    "reserved_ip_ranges": ["range-a"],
    "encryption_key": f"projects/my-project/locations/{LOCATION}/keyRings/r/cryptoKeys/k",
    "labels": {"team": "churn"},
    "pipeline_root": "gs://other/root",
}


def step(name: str, *upstream: str, **config: Any) -> Step:
    spec = StepSpec(invocation_id=name, source=f"flow:{name}", upstream_steps=upstream)
    return Step(spec=spec, config=StepConfig(name=name, **config))


def snapshot_of(
    *steps: Step, schedule: Schedule | None = None, dynamic: bool = False, **pipeline: Any
) -> PipelineSnapshot:
    named: dict[str, Any] = {"name": "daily", "source": "flow:daily", **pipeline}
    return PipelineSnapshot(
        project="tests",
        pipeline_configuration=PipelineConfiguration(dynamic=dynamic, **named),
        steps=steps,
        schedule=schedule,
        images={one.spec.invocation_id: IMAGE for one in steps} | {"": IMAGE},
        runtime=SnapshotRuntime(flavor="vertex", python="3.11", skylift="0.1.0"),
    )


def config_of(**options: Any) -> VertexOrchestratorConfig:
    return VertexOrchestratorConfig.parse({"project": PROJECT, "location": LOCATION, **options})


def making(snapshot: PipelineSnapshot, **options: Any) -> Making:
    config = config_of(**options)
    return Making(
        config,
        lambda asked: image_of(snapshot, asked),
        lambda asked: command_of(snapshot, asked),
        store=STORE,
        root=config.pipeline_root or ROOT,
        orchestrator="tests",
    )


def documents(
    snapshot: PipelineSnapshot, environments: Mapping[str, Mapping[str, str]] | None = None, **options: Any
) -> Mapping[str, bytes]:
    base = {"SKYLIFT_STORE": STORE}
    found = {name: {**base, **own} for name, own in (environments or {}).items()}
    every = dict.fromkeys(snapshot.step_configurations, base) | found
    return compile_pipeline(snapshot, making(snapshot, **options), base, every).documents


def pipeline_job(snapshot: PipelineSnapshot, **options: Any) -> dict[str, Any]:
    return json.loads(documents(snapshot, **options)[PIPELINE])
