"""What is refused before any container starts."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError
from skylift_docker.compile import KEY
from skylift_docker.config import DockerRunSettings
from skylift_docker.images import on_engine
from skylift_docker.mounts import check_sources, check_store
from skylift_docker.recipes import Provision, provision
from skylift_docker.resources import check_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from skylift.store.identity import Identity
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import ArtifactStore
    from skylift_docker.client import DockerClient
    from skylift_docker.config import DockerOrchestratorConfig
    from skylift_docker.image_client import Images
    from skylift_docker.resources import Engine

HOST_NETWORK: Final = "host"
TEMPORARY: Final = PurePosixPath("/tmp")  # noqa: S108 -- of a container


def check_settings(snapshot: PipelineSnapshot, config: DockerOrchestratorConfig) -> None:
    """Raise `ConfigurationError` for the first container that could not be what is asked for."""
    if snapshot.is_dynamic:
        root = snapshot.pipeline_configuration
        _check(root.docker_settings, root.settings, config, "the pipeline's function")
    for step in snapshot.steps:
        check_step(step, config)


def check_step(step: Step, config: DockerOrchestratorConfig) -> None:
    who = f"step {step.spec.invocation_id!r}"
    _check(step.config.docker_settings, step.config.settings, config, who)


def _check(
    asked: DockerSettings,
    settings: Mapping[str, Mapping[str, JsonValue]],
    config: DockerOrchestratorConfig,
    who: str,
) -> None:
    is_set_up = provision(asked, config) is Provision.AT_START
    if is_set_up and (asked.apt_packages or asked.dockerfile):
        raise ConfigurationError(
            "what it asks for needs an image that is built, and containers set themselves up here",
            who=f"{who}, DockerSettings",
            value=", ".join(asked.apt_packages) or asked.dockerfile,
            fix="Have images built: skylift orchestrator update NAME --setup=image; or name one that is "
            "ready: DockerSettings(image=…).",
        )
    own = DockerRunSettings.from_snapshot(settings.get(KEY, {}))
    arguments = {**config.run_args, **own.run_args}
    has_place = "tmpfs" in arguments or any(TEMPORARY.is_relative_to(one.target) for one in own.mounts)
    if arguments.get("read_only") and not has_place:
        raise ConfigurationError(
            "its root is read-only, and it has no /tmp, where your source is unpacked",
            who=f"{who}, run_args",
            fix='Give it one in memory: run_args={"read_only": True, "tmpfs": {"/tmp": ""}}.',
        )


def check_run(
    client: DockerClient,
    engine: Engine,
    snapshot: PipelineSnapshot,
    containers: Mapping[str, Mapping[str, Any]],
    store: ArtifactStore,
) -> None:
    """Raise a `ConfigurationError` for what this engine could not do, or the store would not be to it."""
    check_store(store.uri, client.host)
    check_engine(snapshot.step_configurations, engine)
    check_sources(containers, client.host)


def check_endpoint(identity: Identity, containers: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `ConfigurationError` for a store on loopback, which is each container's own."""
    if not identity.is_on_loopback:
        return
    for name, container in containers.items():
        if (found := container["create"].get("network_mode")) != HOST_NETWORK:
            raise ConfigurationError(
                f"the store's endpoint {identity.endpoint} is on loopback, which is each container's own in "
                f"the network {found or 'bridge'!r}",
                who=f"step {name!r}" if name else "the pipeline's container",
                fix='Use the host\'s network: --network=host, or settings={"orchestrator.local_docker": '
                '{"network": "host"}}.',
            )


def ensure_images(
    images: Images, snapshot: PipelineSnapshot, containers: Mapping[str, Mapping[str, Any]], pull: str
) -> None:
    """Have every image on the engine; raises `NotFound` or `AuthenticationError` where that cannot be.

    What was found out at submission is pulled only where it is missing: it is what was meant.
    """
    wanted = {(one["create"]["image"], one["create"].get("platform")) for one in containers.values()}
    resolved = set(snapshot.images.values())
    for image, platform in sorted(wanted, key=str):
        on_engine(images, image, platform, "missing" if image in resolved else pull)
