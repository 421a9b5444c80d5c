from __future__ import annotations

from typing import Any

from skylift_contract.settings import StepRetryConfig
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)
from skylift_pipelinespec.asked import Resources
from skylift_pipelinespec.tasks import Plugin, tasks_of

RETRY = StepRetryConfig(max_retries=2)


def step(name: str, *upstream: str, **config: Any) -> Step:
    spec = StepSpec(invocation_id=name, source=f"flow:{name}", upstream_steps=upstream)
    return Step(spec=spec, config=StepConfig(name=name, **config))


SNAPSHOT = PipelineSnapshot(
    project="tests",
    pipeline_configuration=PipelineConfiguration(name="daily", source="flow:daily"),
    steps=(step("load"), step("train", "bound", "load", retry=RETRY)),
    runtime=SnapshotRuntime(flavor="tests", python="3.11", skylift="0.1.0"),
)


def plugin(*, is_retrying: bool = True) -> Plugin:
    return Plugin(
        image_of=lambda step: f"{step.config.name}:1",
        command_of=lambda step: ["python", step.spec.invocation_id],
        resources_of=lambda step: Resources(cpu_count=len(step.config.name)),
        is_retrying=is_retrying,
    )


def test_a_step_is_a_task_with_what_its_plugin_decides() -> None:
    load, train = tasks_of(SNAPSHOT, {"train": {"A": "1"}}, plugin())
    assert (load.name, load.image, load.command) == ("load", "load:1", ["python", "load"])
    assert (train.resources, train.environment, load.environment) == (Resources(cpu_count=5), {"A": "1"}, {})


def test_nobody_waits_for_what_is_there_already() -> None:
    assert [task.after for task in tasks_of(SNAPSHOT, {}, plugin())] == [[], ["load"]]


def test_retries_have_one_owner() -> None:
    assert [task.retry for task in tasks_of(SNAPSHOT, {}, plugin())] == [None, RETRY]
    assert [task.retry for task in tasks_of(SNAPSHOT, {}, plugin(is_retrying=False))] == [None, None]
