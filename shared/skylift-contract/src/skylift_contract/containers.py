"""The image and the command of a step, whatever container it runs in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from skylift_contract.environment import CONTAINER_PYTHON, RUNTIME_MODULE
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.settings import DockerSettings
    from skylift_contract.snapshot import PipelineSnapshot, Step


_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST: Final = (
    r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:)|localhost|\[[0-9a-fA-F:]+\])(?::\d+)?/"
)
_IMAGE: Final = re.compile(
    rf"(?:{_HOST})?{_COMPONENT}(?:/{_COMPONENT})*(?::\w[\w.-]{{0,127}})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{{32,}})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ResolvedImages:
    """What the containers of a submission run in, by digest: `images` and `locks` of its snapshot."""

    images: Mapping[str, str] = field(default_factory=dict[str, str])
    locks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])


def image_of(snapshot: PipelineSnapshot, asked: str | Step | None, default: str | None = None) -> str:
    """A step's image, resolved, or ready; None asks for the orchestration environment's.

    `default`: of those that name none; without it, a plain Python.
    """
    default = default or default_image(snapshot)
    if asked is None:
        return _image(snapshot, "", snapshot.pipeline_configuration.docker_settings) or default
    images = [
        _image(snapshot, step.spec.invocation_id, step.config.docker_settings) or default
        for step in _meant(snapshot, asked)
    ]
    if len(set(images)) > 1:
        raise _ambiguous(snapshot, asked, "get_image")
    return images[0]


def command_of(snapshot: PipelineSnapshot, asked: str | Step | None) -> list[str]:
    """A step's argv; None asks for the orchestration environment's."""
    if asked is None:
        return [CONTAINER_PYTHON, "-m", RUNTIME_MODULE, "orchestrate", "--snapshot", snapshot.digest]
    steps = _meant(snapshot, asked)
    if len(steps) > 1:
        raise _ambiguous(snapshot, asked, "get_entrypoint_command")
    return [CONTAINER_PYTHON, *step_arguments(snapshot, steps[0].spec.invocation_id)]


def step_arguments(snapshot: PipelineSnapshot, invocation_id: str) -> list[str]:
    """What follows the interpreter to run one invocation."""
    return ["-m", RUNTIME_MODULE, "step", "--snapshot", snapshot.digest, "--step", invocation_id]


def isolated_command(snapshot: PipelineSnapshot, invocation_id: str, run_id: str) -> list[str]:
    """A step's argv in a dynamic run, whose graph is not in the snapshot: its record is in the run's."""
    return [CONTAINER_PYTHON, *step_arguments(snapshot, invocation_id), "--run", run_id]


def check_image_name(image: str, who: str) -> None:
    """Raise `ConfigurationError` for what no registry could have.

    Source: github.com/distribution/reference, its grammar
    """
    if not _IMAGE.fullmatch(image):
        raise ConfigurationError(
            "it is no name of an image",
            who=who,
            value=image,
            fix="Write [REGISTRY/]NAME[:TAG] or …@sha256:DIGEST, the name in lower-case letters.",
        )


def image_option(cls: type, given: str | None) -> str | None:
    """For a config's option `image`: `_is_an_image = field_validator("image")(image_option)`."""
    if given is not None:
        check_image_name(given, f"{cls.__name__}.image")
    return given


def default_image(snapshot: PipelineSnapshot) -> str:
    """A plain Python image of the submitter's minor version, in which a step sets itself up."""
    return f"python:{snapshot.runtime.python}-slim"


def _meant(snapshot: PipelineSnapshot, asked: str | Step) -> list[Step]:
    """Every step that may be meant: by `train`, invocations `train` and `train_2` of the step `train`.

    An orchestrator that asks by the step's name for each invocation would otherwise run the
    first of them twice.
    """
    if not isinstance(asked, str):
        return [asked]
    found = [step for step in snapshot.steps if asked in {step.spec.invocation_id, step.config.name}]
    return found or [snapshot.step(asked)]  # which says that there is none


def _image(snapshot: PipelineSnapshot, place: str, docker: DockerSettings) -> str | None:
    return snapshot.images.get(place) or docker.image or docker.parent_image


def _ambiguous(snapshot: PipelineSnapshot, asked: str | Step, method: str) -> ConfigurationError:
    ids = ", ".join(step.spec.invocation_id for step in _meant(snapshot, asked))
    return ConfigurationError(
        f"{asked!r} may mean any of the invocations {ids}, and what {method} answers for them differs",
        who=f"pipeline {snapshot.name!r}",
        fix=f"Give it the step itself: {method}(snapshot, step).",
    )
