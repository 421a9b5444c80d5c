"""What a step's container needs besides its command: an image that is ready, one that is built, or a set-up.

Pure: read from the settings and the orchestrator's options alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from skylift_contract.containers import default_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_docker.config import DockerOrchestratorConfig

DEFAULT_PLATFORM: Final = "linux/amd64"

PLUGIN: Final = "skylift-docker"

OWN: Final = 2
"""Requirements of each recipe that are Skylift's: itself, and the plugin."""


class Provision(StrEnum):
    READY = "ready"
    BUILT = "built"
    AT_START = "at start"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is made of; equal ones are one image.

    `parent`: the image that it stands on; of a `dockerfile`, which makes that, it is empty.
    `requirements`: what was asked for, Skylift's own first.
    """

    parent: str
    requirements: tuple[str, ...]
    apt_packages: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    dockerfile: str = ""
    build_context: str = ""
    platform: str | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """Of the requirements what people asked for."""
        return self.requirements[OWN:]

    @property
    def lock(self) -> str:
        """The key of its lock in a snapshot."""
        return "\n".join([self.platform or DEFAULT_PLATFORM, *self.requirements])


def provision(asked: DockerSettings, config: DockerOrchestratorConfig) -> Provision:
    """How a container with these settings comes to what it needs."""
    built = asked.apt_packages or asked.dockerfile or asked.build_context
    installed = asked.requirements or asked.parent_image or asked.environment
    if asked.image or (config.image and not built and not installed):
        return Provision.READY
    return Provision.BUILT if config.setup == "image" else Provision.AT_START


def recipe(snapshot: PipelineSnapshot, asked: DockerSettings, config: DockerOrchestratorConfig) -> Recipe:
    """What is to be in the image, or installed at the start."""
    default = config.image or default_image(snapshot)
    own = f"skylift=={snapshot.runtime.skylift}"
    # The plugin, too: a source that names its settings' class imports it.
    return Recipe(
        parent="" if asked.dockerfile else asked.parent_image or default,
        requirements=(own, PLUGIN, *dict.fromkeys(asked.requirements)),
        apt_packages=tuple(sorted(set(asked.apt_packages))),
        environment=tuple(sorted(asked.environment.items())),
        dockerfile=asked.dockerfile or "",
        build_context=asked.build_context or "",
        platform=asked.platform,
    )


def of_function(snapshot: PipelineSnapshot, config: DockerOrchestratorConfig) -> Recipe:
    """For a dynamic pipeline's own function, which starts containers of isolated steps."""
    root = snapshot.pipeline_configuration
    return recipe(snapshot, root.docker_settings, config)


class Need(NamedTuple):
    """A container, by its invocation, which is empty for a dynamic pipeline's function."""

    invocation: str
    asked: DockerSettings
    recipe: Recipe

    @property
    def who(self) -> str:
        return f"step {self.invocation!r}" if self.invocation else "the pipeline's function"

    @property
    def image(self) -> str:
        """The image that is ready, or stood on, as people name it; empty for what a Dockerfile makes."""
        return self.asked.image or self.recipe.parent


def needs(snapshot: PipelineSnapshot, config: DockerOrchestratorConfig) -> Iterator[Need]:
    """What each container needs that is known when the pipeline is submitted."""
    if snapshot.is_dynamic:
        yield Need("", snapshot.pipeline_configuration.docker_settings, of_function(snapshot, config))
        return
    for step in snapshot.steps:
        yield of_step(snapshot, step, config)


def of_step(snapshot: PipelineSnapshot, step: Step, config: DockerOrchestratorConfig) -> Need:
    asked = step.config.docker_settings
    return Need(step.spec.invocation_id, asked, recipe(snapshot, asked, config))


def settings_of(snapshot: PipelineSnapshot, step: Step | None) -> DockerSettings:
    """Of a step, or of the container of a dynamic pipeline's function."""
    return (step.config if step else snapshot.pipeline_configuration).docker_settings
