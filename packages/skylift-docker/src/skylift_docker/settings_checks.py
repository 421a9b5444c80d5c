"""What of a container's settings could never be, told without an engine."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from skylift_contract.errors import ConfigurationError
from skylift_docker.compile import KEY
from skylift_docker.config import DockerRunSettings, Mount, misspelt_user
from skylift_docker.mounts import store_folder
from skylift_docker.recipes import Provision, provision
from skylift_docker.resources import too_little
from skylift_docker.setups import seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from skylift_contract.errors import SkyliftError
    from skylift_contract.resource_settings import ResourceSettings
    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_docker.config import DockerOrchestratorConfig

TEMPORARY: Final = PurePosixPath("/tmp")  # noqa: S108 -- of a container
ROOT: Final = PurePosixPath("/")


class Asked(NamedTuple):
    """What one container was asked to be; `who` as sentences name it."""

    who: str
    docker: DockerSettings
    resources: ResourceSettings
    settings: Mapping[str, Mapping[str, JsonValue]]

    @property
    def own(self) -> DockerRunSettings:
        return DockerRunSettings.from_snapshot(self.settings.get(KEY, {}))


def asked_by(snapshot: PipelineSnapshot) -> Iterator[Asked]:
    """Of each container: a dynamic pipeline's own first."""
    if snapshot.is_dynamic:
        root = snapshot.pipeline_configuration
        yield Asked("the pipeline's function", root.docker_settings, root.resource_settings, root.settings)
    yield from map(asked_of, snapshot.steps)


def asked_of(step: Step) -> Asked:
    config = step.config
    who = f"step {step.spec.invocation_id!r}"
    return Asked(who, config.docker_settings, config.resource_settings, config.settings)


def unusable(asked: Asked, config: DockerOrchestratorConfig, store: str) -> Iterator[SkyliftError]:
    """Each thing that no engine could do. `store`: the URI of the stack's."""
    own, is_set_up = asked.own, provision(asked.docker, config) is Provision.AT_START
    if is_set_up:
        yield from _unbuilt(asked)
    if own.user and (wrong := misspelt_user(own.user, f"{asked.who}, user")):
        yield wrong
    ours = [store_folder(store), *(one["Target"] for one in seen(config) if is_set_up)]
    in_memory = {**config.run_args, **own.run_args}.get("tmpfs")
    taken = {PurePosixPath(one) for one in in_memory} if isinstance(in_memory, dict) else set[PurePosixPath]()
    yield from _bad_mounts(asked.who, own.mounts, taken, [PurePosixPath(one) for one in ours if one])
    yield from _without_temporary(asked.who, own, config)
    yield from too_little(asked.who, asked.resources)


def _unbuilt(asked: Asked) -> Iterator[SkyliftError]:
    if asked.docker.apt_packages or asked.docker.dockerfile:
        yield ConfigurationError(
            "what it asks for needs an image that is built, and containers set themselves up here",
            who=f"{asked.who}, DockerSettings",
            value=", ".join(asked.docker.apt_packages) or asked.docker.dockerfile,
            fix="Have images built: skylift orchestrator update NAME --setup=image; or name one that is "
            "ready: DockerSettings(image=…).",
        )


def _without_temporary(
    who: str, own: DockerRunSettings, config: DockerOrchestratorConfig
) -> Iterator[SkyliftError]:
    arguments = {**config.run_args, **own.run_args}
    has_place = "tmpfs" in arguments or any(TEMPORARY.is_relative_to(one.target) for one in own.mounts)
    if arguments.get("read_only") and not has_place:
        yield ConfigurationError(
            "its root is read-only, and it has no /tmp, where your source is unpacked",
            who=f"{who}, run_args",
            fix='Give it one in memory: run_args={"read_only": True, "tmpfs": {"/tmp": ""}}.',
        )


def _bad_mounts(
    who: str, mounts: tuple[Mount, ...], taken: set[PurePosixPath], ours: list[PurePosixPath]
) -> Iterator[SkyliftError]:
    """`taken`: where something is mounted in another way."""
    for mount in mounts:
        target = PurePosixPath(mount.target)
        yield from (_refused(who, **wrong) for wrong in _wrong_with(mount, target, taken, ours))
        taken.add(target)


def _refused(who: str, **parts: Any) -> ConfigurationError:
    return ConfigurationError(parts.pop("what"), who=f"{who}, mounts", **parts)


def _wrong_with(
    mount: Mount, target: PurePosixPath, taken: set[PurePosixPath], ours: list[PurePosixPath]
) -> Iterator[dict[str, str]]:
    if not mount.is_bind and not mount.is_volume:
        place = Path(mount.source).expanduser().absolute()
        yield {
            "what": "its source is neither an absolute path nor a volume's name",
            "value": mount.source,
            "fix": f"Write the whole path: {str(place)!r}.",
        }
    if not target.is_absolute():
        yield {
            "what": "its target is not an absolute path",
            "value": mount.target,
            "fix": f"Write where the container is to see it, from its root: {str(ROOT / target)!r}.",
        }
    if target == ROOT:
        yield {
            "what": "it would hide all that is in the image",
            "value": mount.target,
            "fix": "Choose a folder.",
        }
    if target in taken:
        yield {"what": "its target is another's, too", "value": mount.target, "fix": "Leave one of them out."}
    # One around ours does no harm: an engine mounts what lies deeper on top of it.
    if hidden := next((str(one) for one in ours if target.is_relative_to(one)), None):
        yield {
            "what": f"it would hide what Skylift has at {hidden!r}",
            "value": mount.target,
            "fix": "Choose another target; the store's own folder is mounted without being asked for.",
        }
