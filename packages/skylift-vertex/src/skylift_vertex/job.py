"""One custom job's request: a dynamic pipeline's own, or an isolated step's.

Pure, as `compile` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift_contract.errors import ConfigurationError
from skylift_contract.run_id import RUN_OWNER_ENV
from skylift_pipelinespec.texts import escaped
from skylift_vertex.config import KEY, VertexOrchestratorSettings
from skylift_vertex.limits import VARIABLES
from skylift_vertex.names import display_name, labels_of
from skylift_vertex.resources import machine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from skylift_contract import snapshot as contract
    from skylift_contract.resource_settings import ResourceSettings
    from skylift_vertex.config import VertexOrchestratorConfig


@dataclass(frozen=True, slots=True)
class Making:
    """How an image and a command are found, the orchestrator's own options, and what is known of the stack.

    `store`: its URI. `root`: a gs:// URI for what Vertex itself writes; empty where there is none.
    """

    config: VertexOrchestratorConfig
    image_of: Callable[[contract.Step | None], str]
    command_of: Callable[[contract.Step | None], list[str]]
    store: str = ""
    root: str = ""
    orchestrator: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What runs, in what, and who asks for it. `name`: what people call it."""

    name: str
    who: str
    image: str
    command: Sequence[str]
    environment: Mapping[str, str]
    resources: ResourceSettings
    settings: VertexOrchestratorSettings
    timeout: timedelta | None = None


def orchestration(snapshot: contract.PipelineSnapshot, making: Making, environment: Mapping[str, str]) -> Job:
    """The job in which a dynamic pipeline's own function runs."""
    root = snapshot.pipeline_configuration
    return Job(
        name=snapshot.name,
        who=f"pipeline {snapshot.name!r}",
        image=making.image_of(None),
        command=making.command_of(None),
        environment={**root.docker_settings.environment, **environment, **root.environment},
        resources=root.resource_settings,
        settings=settings_of(root.settings),
    )


def settings_of(settings: Mapping[str, Any]) -> VertexOrchestratorSettings:
    return VertexOrchestratorSettings.from_snapshot(settings.get(KEY, {}))


def labels(snapshot: contract.PipelineSnapshot, making: Making) -> dict[str, str]:
    """What says whose a job is. What no label may hold stands as what can be kept of it and a hash."""
    own = {
        "project": snapshot.project,
        "pipeline": snapshot.name,
        "store": making.store,
        "orchestrator": making.orchestrator,
    }
    return {**making.config.labels, **labels_of(own)}


def custom_job(job: Job, making: Making, labels: Mapping[str, str]) -> dict[str, Any]:
    """A `CustomJob` as REST has it."""
    config = making.config
    found: dict[str, Any] = {
        "displayName": display_name(job.name),
        "jobSpec": {
            "workerPoolSpecs": [_pool(job, config)],
            "scheduling": _scheduling(job, config),
            **access(config),
        },
        "labels": dict(labels),
    }
    return found | encryption(config)


def access(config: VertexOrchestratorConfig) -> dict[str, Any]:
    """As whom, and in which network: the same fields of pipeline jobs and of custom jobs' specs."""
    attachment = config.psc_network_attachment
    given = {
        "serviceAccount": config.service_account,
        "network": config.network,
        "reservedIpRanges": list(config.reserved_ip_ranges),
        "pscInterfaceConfig": {"networkAttachment": attachment} if attachment else None,
    }
    return {name: value for name, value in given.items() if value}


def encryption(config: VertexOrchestratorConfig) -> dict[str, Any]:
    return {"encryptionSpec": {"kmsKeyName": config.encryption_key}} if config.encryption_key else {}


def environment_of(given: Mapping[str, str], config: VertexOrchestratorConfig) -> dict[str, str]:
    """With what makes a job's id unique in a store that several projects share."""
    return {**given, RUN_OWNER_ENV: config.parent}


def _pool(job: Job, config: VertexOrchestratorConfig) -> dict[str, Any]:
    variables = sorted(environment_of(job.environment, config).items())
    VARIABLES.check(len(variables), f"{job.who}, environment variables, with Skylift's own")
    return {
        "machineSpec": machine_of(
            job.resources, job.settings.machine_type, config.machine_type, config.accelerator, job.who
        ),
        "replicaCount": "1",
        "containerSpec": {
            "imageUri": job.image,
            "command": [escaped(word) for word in job.command],
            "env": [{"name": name, "value": escaped(value)} for name, value in variables],
        },
    }


def _scheduling(job: Job, config: VertexOrchestratorConfig) -> dict[str, Any]:
    longest = job.settings.max_runtime_s or config.max_runtime_s
    check_timeout(job.timeout, longest, job.who)
    spot = {"strategy": "SPOT"} if job.settings.use_spot else {}
    return {"timeout": f"{longest}s", **spot}


def check_timeout(timeout: timedelta | None, longest: int, who: str) -> None:
    """Raise for a step's timeout that comes after its job's, in seconds: the step is to end itself."""
    if timeout is not None and timeout.total_seconds() > longest:
        raise ConfigurationError(
            "its job is ended before its own timeout",
            who=who,
            value=str(timeout),
            limit=f"{longest} seconds",
            fix="Lower it; of an isolated step's job, raise max_runtime_s.",
        )
