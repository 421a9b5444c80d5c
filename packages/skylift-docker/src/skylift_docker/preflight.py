"""What is refused before any container starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift_contract.errors import ConfigurationError, NotFound
from skylift_docker.mounts import check_sources, check_store
from skylift_docker.resources import check_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.store.identity import Identity
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import ArtifactStore
    from skylift_docker.client import DockerClient
    from skylift_docker.resources import Engine

HOST_NETWORK = "host"


def check_images(snapshot: PipelineSnapshot, default: str | None) -> None:
    """Raise `ConfigurationError` for the first step without a ready image."""
    for name, step in snapshot.step_configurations.items():
        _check_image(step, f"step {name!r}", is_resolved=name in snapshot.images, default=default)


def _check_image(step: Step, who: str, *, is_resolved: bool, default: str | None) -> None:
    asked = step.config.docker_settings
    built = asked.requirements or asked.apt_packages or asked.dockerfile or asked.environment
    if is_resolved or (asked.image and not built):
        return
    if built:
        raise ConfigurationError(
            "its image would have to be built, which skylift-docker has not built yet",
            who=f"{who}, DockerSettings",
            fix="Build it (docker build), and name it: DockerSettings(image=…).",
        )
    if not asked.parent_image and default is None:
        raise ConfigurationError(
            "it names no image, and the orchestrator has none for such steps",
            who=who,
            fix="Name one that holds Python, skylift and what the step imports: DockerSettings(image=…), "
            "or skylift orchestrator update NAME --image=…",
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


def ensure_images(client: DockerClient, containers: Mapping[str, Mapping[str, Any]], pull: str) -> None:
    """Have every image on the engine; raises `NotFound` or `AuthenticationError` where that cannot be."""
    wanted = {(one["create"]["image"], one["create"].get("platform")) for one in containers.values()}
    for image, platform in sorted(wanted, key=str):
        if pull == "always" or not client.has_image(image):
            if pull == "never":
                raise NotFound(
                    f"image {image!r} is not on the Docker Engine, and is not to be pulled",
                    operation="docker:GET /images",
                    fix="Pull it (docker pull), or set --pull=missing.",
                )
            client.pull(image, platform)
