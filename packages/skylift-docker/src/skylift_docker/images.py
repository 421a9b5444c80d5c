"""What each container of a submission runs in: found on the engine, built, or set up when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.bootstrap.locking import lock_of
from skylift.bootstrap.recipes import Recipe
from skylift_contract.containers import ResolvedImages
from skylift_contract.errors import NotFound
from skylift_docker.recipes import Provision, provision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_docker.building import Builder
    from skylift_docker.config import DockerOrchestratorConfig
    from skylift_docker.image_client import Images
    from skylift_docker.recipes import Need

WHERE: Final = (
    "name an index that has them, or a folder of wheels: skylift orchestrator update NAME --index=…."
)


def resolve(
    needs: Iterable[Need],
    snapshot: PipelineSnapshot,
    config: DockerOrchestratorConfig,
    builder: Builder,
    found: Mapping[str, str],
) -> ResolvedImages:
    """Have every image on the engine, or in the registry, and every lock: one for each distinct recipe.

    `found`: images by name that are on the engine already, and what they are called by digest.
    """
    images: dict[str, str] = {}
    locks: dict[str, tuple[str, ...]] = {}
    made: dict[Recipe | str, str] = {**found}
    for need in needs:
        recipe, kind = need.recipe, provision(need.asked, config)
        if kind is not Provision.READY and recipe.lock not in locks:
            locks[recipe.lock] = lock_of(recipe, snapshot, config.index, WHERE)
        key = recipe if kind is Provision.BUILT else need.image
        if key not in made:
            made[key] = (
                builder.image(key, locks[key.lock], need.who)
                if isinstance(key, Recipe)
                else on_engine(builder.images, key, recipe.platform, config.pull)
            )
        images[need.invocation] = made[key]
    return ResolvedImages(images, locks)


def on_engine(images: Images, image: str, platform: str | None, pull: str) -> str:
    """Have an image on the engine; its name by digest. Raises `NotFound` or `AuthenticationError`."""
    if pull == "always" or not images.has(image):
        if pull == "never":
            raise NotFound(
                f"image {image!r} is not on the Docker Engine, and is not to be pulled",
                operation="docker:GET /images",
                fix="Pull it (docker pull), or set --pull=missing.",
            )
        images.pull(image, platform)
    return images.inspect(image).named(image)
