"""What a step's container needs besides its command: an image that is ready, one that is built, or a set-up.

Pure: read from the settings and the orchestrator's options alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from skylift.bootstrap import recipes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.bootstrap.recipes import Recipe
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_docker.config import DockerOrchestratorConfig

PLUGIN: Final = "skylift-docker"


class Provision(StrEnum):
    READY = "ready"
    BUILT = "built"
    AT_START = "at start"


def provision(asked: DockerSettings, config: DockerOrchestratorConfig) -> Provision:
    """How a container with these settings comes to what it needs."""
    if recipes.is_ready(asked, config.image):
        return Provision.READY
    return Provision.BUILT if config.setup == "image" else Provision.AT_START


def recipe(snapshot: PipelineSnapshot, asked: DockerSettings, config: DockerOrchestratorConfig) -> Recipe:
    """What is to be in the image, or installed at the start."""
    return recipes.recipe(snapshot, asked, config.image, PLUGIN)


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
