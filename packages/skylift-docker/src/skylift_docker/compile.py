"""Snapshot → the containers to make of it.

Pure: same input, same bytes; no SDK, engine, clock, environment or log. What only the moment
knows is not in it: the run, whoever submits it (`user` null), values of secrets (only the names
of variables to hand over).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift.bootstrap.command import set_up
from skylift.bootstrap.recipes import settings_of
from skylift_contract.canonical import canonical_json
from skylift_contract.compiled import CompiledPipeline
from skylift_docker.config import DockerRunSettings, shm_bytes
from skylift_docker.names import INVOCATION, MEMORY, PIPELINE, PROJECT
from skylift_docker.recipes import Provision, of_function, provision, recipe
from skylift_docker.resources import check_minimum, limits
from skylift_docker.setups import CACHE_FOLDER, seen, wheels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skylift.bootstrap.recipes import Recipe
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_docker.config import DockerOrchestratorConfig, Mount

DOCUMENT: Final = "containers.json"
VERSION: Final = 1
KEY: Final = "orchestrator.local_docker"
FROM_ENVIRONMENT: Final = "env:"


@dataclass(frozen=True, slots=True)
class Making:
    """How an image and a command are found, and the orchestrator's own options."""

    config: DockerOrchestratorConfig
    snapshot: PipelineSnapshot
    image_of: Callable[[Step | None], str]
    command_of: Callable[[Step | None], list[str]]

    def container(self, step: Step | None, command: Sequence[str]) -> dict[str, Any]:
        """Arguments by which it has what it needs and runs its command, whatever its image would run."""
        asked = settings_of(self.snapshot, step)
        found: dict[str, Any] = {"image": self.image_of(step)}
        if provision(asked, self.config) is Provision.AT_START:
            what = self.recipe(step)
            command = set_up(what, self.snapshot, command, index=self.config.index, cache=CACHE_FOLDER)
            found |= {"mounts": seen(self.config), "environment": dict(what.environment)}
        elif step is None and self.snapshot.pipeline_configuration.isolated_steps:
            found |= {"mounts": wheels(self.config)}
        return {**found, "entrypoint": list(command[:1]), "command": list(command[1:])}

    def recipe(self, step: Step | None) -> Recipe:
        if step is None:
            return of_function(self.snapshot, self.config)
        return recipe(self.snapshot, step.config.docker_settings, self.config)


def compile_containers(
    snapshot: PipelineSnapshot,
    making: Making,
    base_environment: Mapping[str, str],
    step_environments: Mapping[str, Mapping[str, str]],
) -> CompiledPipeline:
    """Return one document, `{"version", "pipeline", "containers": {invocation: …}}`.

    Each container: `after`, the invocations that it waits for; `create`, the arguments of
    `containers.create` of Docker's Python SDK; `pass_environment`, variables of whoever submits;
    `build`, what its image is built of, where it is.
    A dynamic pipeline has one container, whose invocation is empty.

    Raises `LimitExceeded` for a step with less memory than an engine gives.
    """
    check_minimum(snapshot.step_configurations)
    if snapshot.is_dynamic:
        found = {"": orchestration_container(snapshot, making, base_environment)}
    else:
        found = {
            name: step_container(snapshot, step, making, step_environments.get(name, {}))
            for name, step in snapshot.step_configurations.items()
        }
    document = {"version": VERSION, "pipeline": snapshot.name, "containers": found}
    return CompiledPipeline(
        {DOCUMENT: canonical_json(document)}, {"pipeline": snapshot.name, "containers": len(found)}
    )


def step_container(
    snapshot: PipelineSnapshot,
    step: Step,
    making: Making,
    environment: Mapping[str, str],
    own: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """`own`: what it runs, and in what, where that is not the step's in a static run."""
    config = step.config
    settings = DockerRunSettings.from_snapshot(config.settings.get(KEY, {}))
    create = {
        **_surroundings(making.config, settings, environment, config.docker_settings.platform),
        **limits(config.resource_settings),
        "labels": _labels(snapshot, step.spec.invocation_id, config.resource_settings.memory),
    }
    create |= {**making.config.run_args, **settings.run_args}
    return {
        "after": list(step.spec.upstream_steps),
        "create": _with(create, own or making.container(step, making.command_of(step))),
        "pass_environment": variables_of(config.secrets.values()),
        **_built(making, step),
    }


def orchestration_container(
    snapshot: PipelineSnapshot, making: Making, environment: Mapping[str, str]
) -> dict[str, Any]:
    """The container in which a dynamic pipeline's own function runs."""
    root = snapshot.pipeline_configuration
    settings = DockerRunSettings.from_snapshot(root.settings.get(KEY, {}))
    create = {
        **_surroundings(
            making.config, settings, {**environment, **root.environment}, root.docker_settings.platform
        ),
        **limits(root.resource_settings),
        "labels": _labels(snapshot, "", root.resource_settings.memory),
    }
    create |= {**making.config.run_args, **settings.run_args}
    return {
        "after": [],
        "create": _with(create, making.container(None, making.command_of(None))),
        "pass_environment": variables_of([*root.secrets.values(), *root.step_secrets]),
        **_built(making, None),
    }


def _with(create: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The arguments with those of what it runs; its mounts beside others, its variables below them."""
    mounts = [*create.get("mounts", ()), *own.pop("mounts", ())]
    environment = {**own.pop("environment", {}), **create["environment"]}
    return {**create, **own, "environment": environment, **({"mounts": mounts} if mounts else {})}


def _built(making: Making, step: Step | None) -> dict[str, Any]:
    """What its image is built of, where it is; the image is found out when the pipeline is submitted."""
    if provision(settings_of(making.snapshot, step), making.config) is not Provision.BUILT:
        return {}
    return {"build": asdict(making.recipe(step))}


def variables_of(references: Any) -> list[str]:
    """The variables of whoever submits that secrets are read from, sorted."""
    names = {text.removeprefix(FROM_ENVIRONMENT) for text in references if text.startswith(FROM_ENVIRONMENT)}
    return sorted(names)


def _surroundings(
    config: DockerOrchestratorConfig,
    settings: DockerRunSettings,
    environment: Mapping[str, str],
    platform: str | None,
) -> dict[str, Any]:
    """What is the same for every command that runs there; only what was asked for is in it."""
    asked: dict[str, Any] = {
        "network_mode": settings.network or config.network,
        "shm_size": shm_bytes(settings.shm_size) if settings.shm_size else None,
        "privileged": settings.privileged or None,
        "platform": settings.platform or platform,
        "mounts": [mount_of(one) for one in settings.mounts] or None,
    }
    found = {name: value for name, value in asked.items() if value is not None}
    return {
        **found,
        "user": settings.user or config.user,
        "environment": {**settings.environment, **environment},
    }


def mount_of(mount: Mount) -> dict[str, Any]:
    """A mount in the Engine API's words; a path that is not there is refused, and never made."""
    return {
        "Type": "bind" if mount.is_bind else "volume",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }


def _labels(snapshot: PipelineSnapshot, invocation: str, memory: str | None) -> dict[str, str]:
    own = {PROJECT: snapshot.project, PIPELINE: snapshot.name, INVOCATION: invocation}
    return {**own, MEMORY: memory} if memory else own
