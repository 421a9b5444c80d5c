"""What a person may ask of one step: retries, the image it runs in, when it need not run again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Self

from pydantic import Field, field_validator, model_validator

from skylift_contract.containers import check_image_name
from skylift_contract.errors import ConfigurationError
from skylift_contract.model import Duration, Settings

CENTURY: Final = timedelta(days=36525)
"""Ours: what lasts longer does not expire. Dates end in the year 9999."""


class StepRetryConfig(Settings):
    """How often a step that failed is tried again.

    `max_retries`: further attempts after the first. `delay`: before the first retry, in
    seconds or as a timedelta. `backoff`: each further delay is this many times the last.
    """

    max_retries: int = Field(ge=0)
    delay: Duration = Field(default=timedelta(0), ge=timedelta(0))
    backoff: float = Field(default=1.0, ge=1.0)

    def delay_before(self, retry: int) -> timedelta:
        """The pause before retry 1, 2, …, `max_retries`; never more than a timedelta holds."""
        try:
            return self.delay * self.backoff ** (retry - 1)
        except OverflowError:
            return timedelta.max if self.delay else self.delay


class CachePolicy(Settings):
    """When a step need not run, for what it would make was made before.

    Each part that is true counts: where it differs, the step runs. `source`: the step's module
    and the modules of the project that it imports. `inputs`: the data of its inputs.
    `parameters`, `environment`: its own, as they are declared. `image`: its `DockerSettings`.
    `python`: the minor version. Names and annotations of the outputs always count.
    `expires_after`: what was made longer ago is not taken; None: it never is too old.
    """

    source: bool = True
    inputs: bool = True
    parameters: bool = True
    environment: bool = True
    image: bool = True
    python: bool = True
    expires_after: Duration | None = None

    @field_validator("expires_after")
    @classmethod
    def _is_reachable(cls, after: timedelta | None) -> timedelta | None:
        # A field's own bounds would do, but not with the oldest pydantic that is allowed.
        if after is not None and not timedelta(0) < after <= CENTURY:
            message = "it is longer than nothing, and at most 100 years"
            raise ValueError(message)
        return after


class DockerSettings(Settings):
    """The image a step runs in: either one that is ready, or what one is built from.

    `image`: a ready image that holds Python, skylift and what the step imports; nothing
    is built. Otherwise `parent_image` (default: a plain Python image of the submitter's
    minor version) plus `apt_packages` plus `requirements` (one requirement specifier
    each), or `dockerfile` with `build_context`; paths are relative to the source root.
    `environment` is baked into a built image. `platform`: `linux/amd64` or `linux/arm64`.
    """

    image: str | None = None
    parent_image: str | None = None
    requirements: tuple[str, ...] = ()
    apt_packages: tuple[str, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    dockerfile: str | None = None
    build_context: str | None = None
    platform: str | None = None

    @model_validator(mode="after")
    def _ready_or_built(self) -> Self:
        for name in ("image", "parent_image"):
            if value := getattr(self, name):
                check_image_name(value, f"DockerSettings.{name}")
        # By value: a snapshot writes every field, so on reading back all of them are set.
        built = {name for name, value in self if value and name not in {"image", "platform"}}
        if self.image and built:
            raise ConfigurationError(
                f"`image` names a ready image, so nothing is built from {', '.join(sorted(built))}",
                who="DockerSettings",
                value=self.image,
                fix="Use `parent_image` to build on top of it, or leave the others out.",
            )
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for: the flavor's own default image will do."""
        return not any(value for _, value in self)
