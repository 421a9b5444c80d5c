"""What containers that set themselves up see of this engine for that. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift_docker.mounts import same_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_docker.config import DockerOrchestratorConfig

CACHE_FOLDER: Final = "/skylift-environments"
"""Of a container: what containers of its engine installed, each by its digest."""


def seen(config: DockerOrchestratorConfig) -> list[dict[str, Any]]:
    """What a container sees that sets itself up."""
    cache = {"Type": "volume", "Source": config.cache_volume, "Target": CACHE_FOLDER, "ReadOnly": False}
    return [cache, *wheels(config)]


def wheels(config: DockerOrchestratorConfig) -> list[dict[str, Any]]:
    """The folder that packages are from, for who installs or builds in a container."""
    return [same_place(config.wheels, read_only=True)] if config.wheels else []


def has_cache(create: Mapping[str, Any]) -> bool:
    """Whether a container that is to be made sees the cache, which each user keeps a folder of."""
    return any(one.get("Target") == CACHE_FOLDER for one in create.get("mounts", ()))
