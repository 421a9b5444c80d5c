"""What an engine could not do, found before anything is built or stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError
from skylift_docker.images import on_engine
from skylift_docker.mounts import missing_sources, unseen_store
from skylift_docker.refusals import raise_all
from skylift_docker.resources import too_much
from skylift_docker.settings_checks import asked_by, asked_of, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.store.identity import Identity
    from skylift_contract.errors import SkyliftError
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import ArtifactStore
    from skylift_docker.client import DockerClient
    from skylift_docker.config import DockerOrchestratorConfig
    from skylift_docker.image_client import Images
    from skylift_docker.resources import Engine

HOST_NETWORK: Final = "host"
OF_ITSELF: Final = frozenset({HOST_NETWORK, "none", "default", "bridge"})
"""Networks that every engine has."""

OF_ANOTHER: Final = "container:"
"""How it begins where a container is to have another's network."""


def check_settings(snapshot: PipelineSnapshot, config: DockerOrchestratorConfig, store: str) -> None:
    """Raise why containers could not be what is asked for, whatever the engine. `store`: its URI."""
    raise_all(reason for asked in asked_by(snapshot) for reason in unusable(asked, config, store))


def check_step(step: Step, config: DockerOrchestratorConfig, engine: Engine) -> None:
    """The same of an isolated step, and of what it asks of the engine's machine."""
    asked = asked_of(step)
    raise_all([*unusable(asked, config, ""), *too_much(asked.who, asked.resources, engine)])


def beyond_engine(
    client: DockerClient,
    engine: Engine,
    snapshot: PipelineSnapshot,
    containers: Mapping[str, Mapping[str, Any]],
    store: ArtifactStore,
) -> Iterator[SkyliftError]:
    """What this engine could not do, or the store would not be to it; its images aside."""
    yield from unseen_store(store.uri, client.host)
    for asked in asked_by(snapshot):
        yield from too_much(asked.who, asked.resources, engine)
    yield from missing_sources(containers, client.host)
    yield from missing_networks(client, containers)


def network_of(container: Mapping[str, Any]) -> str:
    """The network that it asks for; empty where it asks for none."""
    return str(container["create"].get("network_mode") or "")


def _is_named(network: str) -> bool:
    return bool(network) and network not in OF_ITSELF and not network.startswith(OF_ANOTHER)


def missing_networks(
    client: DockerClient, containers: Mapping[str, Mapping[str, Any]]
) -> Iterator[ConfigurationError]:
    """Each network that is asked for, and that the engine has under no such name or id."""
    asked = {name: network_of(one) for name, one in containers.items() if _is_named(network_of(one))}
    known = client.networks() if asked else []
    for name, network in asked.items():
        if network not in known:
            yield ConfigurationError(
                "the Docker Engine has no such network",
                who=f"{who_is(name)}, network",
                value=network,
                fix=f"Make it: docker network create {network}; or correct its name.",
            )


def who_is(invocation: str) -> str:
    return f"step {invocation!r}" if invocation else "the pipeline's container"


def unreachable(
    identity: Identity, containers: Mapping[str, Mapping[str, Any]]
) -> Iterator[ConfigurationError]:
    """Of a store on loopback, which is each container's own."""
    if not identity.is_on_loopback:
        return
    for name, container in containers.items():
        if (found := network_of(container)) != HOST_NETWORK:
            yield ConfigurationError(
                f"the store's endpoint {identity.endpoint} is on loopback, which is each container's own in "
                f"the network {found or 'bridge'!r}",
                who=who_is(name),
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
