"""Containers of a flavor that builds no images: ready, or set up when they start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift.bootstrap.command import set_up
from skylift.bootstrap.recipes import DEFAULT_PLATFORM, is_ready, needs_building, recipe, settings_of
from skylift.url_passwords import refuse_passwords
from skylift_contract.containers import ResolvedImages
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step


@dataclass(frozen=True, slots=True)
class AtStart:
    """How a flavor's containers come to what they need, where each is on a machine of its own.

    `plugin`: the flavor's distribution. `image`, `index`: the orchestrator's options of these names.
    """

    plugin: str
    image: str | None
    index: str | None

    def is_set_up(self, asked: DockerSettings) -> bool:
        return not is_ready(asked, self.image)

    def command(self, snapshot: PipelineSnapshot, step: Step | None, command: Sequence[str]) -> list[str]:
        """A container's argv; None is a dynamic pipeline's function."""
        asked = settings_of(snapshot, step)
        if not self.is_set_up(asked):
            return list(command)
        what = recipe(snapshot, asked, self.image, self.plugin)
        return set_up(what, snapshot, command, index=self.index)

    def locks(self, snapshot: PipelineSnapshot) -> ResolvedImages:
        """The versions of what is installed, one lock for each distinct wish.

        Raises `ConfigurationError` where no versions fit.
        """
        from skylift.bootstrap.locking import lock_of

        wishes = [recipe(snapshot, asked, self.image, self.plugin) for asked in self._set_up(snapshot)]
        once = {what.lock: what for what in wishes}
        where = "name an index that has them: skylift orchestrator update NAME --index=https://…"
        found = {key: lock_of(what, snapshot, self.index, where) for key, what in once.items()}
        return ResolvedImages(locks=found)

    def _set_up(self, snapshot: PipelineSnapshot) -> Iterator[DockerSettings]:
        """What is known when a pipeline is submitted: of a dynamic one its function's, and its steps'."""
        places = [None, *snapshot.steps] if snapshot.is_dynamic else list(snapshot.steps)
        for step in places:
            if self.is_set_up(asked := settings_of(snapshot, step)):
                yield asked

    def check(self, asked: DockerSettings, who: str, push: str) -> None:
        """Raise `ConfigurationError` for what would have to be built, or for other machines.

        `push`: where an image is pushed to.
        """
        if needs_building(asked):
            raise ConfigurationError(
                "it needs an image that is built, and none is built here: requirements alone are installed, "
                "when a container starts",
                who=f"{who}, DockerSettings",
                value=", ".join(asked.apt_packages) or asked.dockerfile or asked.build_context,
                fix=f"Build one, push it to {push}, and name it: DockerSettings(image=…), or parent_image=… "
                "where requirements are to be installed on it.",
            )
        if asked.platform not in {None, DEFAULT_PLATFORM}:
            raise ConfigurationError(
                "there are no such machines here",
                who=f"{who}, DockerSettings.platform",
                value=asked.platform,
                limit=DEFAULT_PLATFORM,
                fix="Leave it out.",
            )


def check_index(given: str, who: str) -> None:
    """Raise `ConfigurationError` for an index that no container of another machine could ask."""
    if not given.startswith(("http://", "https://")):
        raise ConfigurationError(
            "it is no URL, and containers see no folder of this machine", who=who, value=given
        )
    refuse_passwords(given, who)
