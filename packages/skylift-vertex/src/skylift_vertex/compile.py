"""Snapshot → a pipeline job, or one custom job, as REST has them.

Pure: same input, same bytes; no SDK, network, clock, environment or log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_contract.canonical import canonical_json
from skylift_contract.compiled import CompiledPipeline
from skylift_contract.enums import ExecutionMode
from skylift_contract.names import slug
from skylift_pipelinespec.asked import Asked
from skylift_pipelinespec.document import pipeline_spec
from skylift_pipelinespec.tasks import Plugin, tasks_of
from skylift_vertex.job import access, custom_job, encryption, environment_of, labels, orchestration
from skylift_vertex.names import display_name
from skylift_vertex.resources import limits_of
from skylift_vertex.roots import rootless
from skylift_vertex.run_id import READER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_vertex.job import Making

PIPELINE: Final = "pipeline_job.json"
JOB: Final = "custom_job.json"
DYNAMIC_STEP: Final = "orchestrate"
"""The one task of a dynamic pipeline's document, which only its schedule has."""

MADE_BY: Final = "skylift-0.1"
POLICIES: Final = {
    ExecutionMode.FAIL_FAST: "PIPELINE_FAILURE_POLICY_FAIL_FAST",
    ExecutionMode.STOP_ON_FAILURE: "PIPELINE_FAILURE_POLICY_FAIL_FAST",
    ExecutionMode.CONTINUE_ON_FAILURE: "PIPELINE_FAILURE_POLICY_FAIL_SLOW",
}
"""What Vertex calls fast starts nothing new, and lets run what runs."""


def compile_pipeline(
    snapshot: PipelineSnapshot,
    making: Making,
    base_environment: Mapping[str, str],
    step_environments: Mapping[str, Mapping[str, str]],
) -> CompiledPipeline:
    """Return `pipeline_job.json`, or `custom_job.json` of a dynamic pipeline that has no schedule.

    Raises `LimitExceeded`, `ConfigurationError` and `CompilationError` for the first thing that the
    service would refuse, or would not look at.
    """
    if snapshot.is_dynamic and snapshot.schedule is None:
        asked = orchestration(snapshot, making, base_environment)
        job = custom_job(asked, making, labels(snapshot, making))
        machine = job["jobSpec"]["workerPoolSpecs"][0]["machineSpec"]["machineType"]
        return CompiledPipeline({JOB: canonical_json(job)}, {"machine": machine})
    tasks = _tasks(snapshot, making, base_environment, step_environments)
    document = pipeline_spec(slug(snapshot.name, 128), tasks, READER, MADE_BY)
    found = _pipeline_job(snapshot, making, document)
    summary = {"steps": len(tasks), "components": len(document["components"])}
    return CompiledPipeline({PIPELINE: canonical_json(found)}, summary)


def _pipeline_job(snapshot: PipelineSnapshot, making: Making, document: dict[str, Any]) -> dict[str, Any]:
    if not making.root:
        raise rootless()
    mode = snapshot.pipeline_configuration.execution_mode
    return {
        "displayName": display_name(snapshot.name),
        "pipelineSpec": document,
        "runtimeConfig": {"gcsOutputDirectory": making.root, "failurePolicy": POLICIES[mode]},
        "labels": labels(snapshot, making),
        **access(making.config),
        **encryption(making.config),
    }


def _tasks(
    snapshot: PipelineSnapshot,
    making: Making,
    base: Mapping[str, str],
    environments: Mapping[str, Mapping[str, str]],
) -> list[Asked]:
    config = making.config
    if snapshot.is_dynamic:
        return [_orchestrating(snapshot, making, base)]

    def limits(step: Step) -> Any:
        who = f"step {step.spec.invocation_id!r}"
        return limits_of(step.config.resource_settings, config.accelerator, who)

    plugin = Plugin(making.image_of, making.command_of, limits, is_retrying=True)
    complete = {
        name: environment_of(
            {**step.config.docker_settings.environment, **environments.get(name, {})}, config
        )
        for name, step in snapshot.step_configurations.items()
    }
    return tasks_of(snapshot, complete, plugin)


def _orchestrating(snapshot: PipelineSnapshot, making: Making, base: Mapping[str, str]) -> Asked:
    job = orchestration(snapshot, making, base)
    return Asked(
        name=DYNAMIC_STEP,
        image=job.image,
        command=job.command,
        environment=environment_of(job.environment, making.config),
        resources=limits_of(job.resources, making.config.accelerator, job.who),
    )
