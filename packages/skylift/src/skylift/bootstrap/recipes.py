"""What a container needs besides its command, as its settings ask for it.

Pure: read from the settings and the orchestrator's options alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift_contract.containers import default_image

if TYPE_CHECKING:
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step

DEFAULT_PLATFORM: Final = "linux/amd64"

OWN: Final = 2
"""Requirements of each recipe that are Skylift's: itself, and the plugin."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is made of, or a container is set up with; equal ones are one.

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


def recipe(snapshot: PipelineSnapshot, asked: DockerSettings, image: str | None, plugin: str) -> Recipe:
    """`image`: the orchestrator's own option. `plugin`: its distribution."""
    own = f"skylift=={snapshot.runtime.skylift}"
    # The plugin, too: a source that names its settings' class imports it.
    return Recipe(
        parent="" if asked.dockerfile else asked.parent_image or image or default_image(snapshot),
        requirements=(own, plugin, *dict.fromkeys(asked.requirements)),
        apt_packages=tuple(sorted(set(asked.apt_packages))),
        environment=tuple(sorted(asked.environment.items())),
        dockerfile=asked.dockerfile or "",
        build_context=asked.build_context or "",
        platform=asked.platform,
    )


def is_ready(asked: DockerSettings, image: str | None) -> bool:
    """Whether what is named holds all that is needed; `image`: the orchestrator's own option."""
    return bool(asked.image or (image and not needs_building(asked) and not _adds(asked)))


def needs_building(asked: DockerSettings) -> bool:
    """Whether it asks for what no container can install at its start."""
    return bool(asked.apt_packages or asked.dockerfile or asked.build_context)


def _adds(asked: DockerSettings) -> bool:
    return bool(asked.requirements or asked.parent_image or asked.environment)


def settings_of(snapshot: PipelineSnapshot, step: Step | None) -> DockerSettings:
    """Of a step, or of the container of a dynamic pipeline's function."""
    return (step.config if step else snapshot.pipeline_configuration).docker_settings
