"""The snapshot: everything a backend needs to know of a pipeline, and nothing of the moment.

It is content-addressed: its digest is the sha256 of its canonical JSON, as stored. It
holds where secrets are and never their values, sources as `module:qualname`, and times as
integers of microseconds.
"""

from __future__ import annotations

import json
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from pydantic import Field, JsonValue, ValidationError

from skylift_contract.canonical import canonical_json, digest
from skylift_contract.enums import ExecutionMode
from skylift_contract.errors import ConfigurationError, DamagedObject, RecordTooNew, UnknownName
from skylift_contract.model import Duration, Frozen
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.run_id import RunIdSource
from skylift_contract.schedule import Schedule
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig
from skylift_contract.steps import (
    INLINE,
    ISOLATED,
    NESTED,
    ArtifactRef,
    Binding,
    InputSource,
    OutputSpec,
    RecordedCall,
    Step,
    StepConfig,
    StepSpec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "INLINE",
    "ISOLATED",
    "NESTED",
    "ArtifactRef",
    "Binding",
    "CodeArchive",
    "InputSource",
    "OrchestratorSource",
    "OutputSpec",
    "PipelineConfiguration",
    "PipelineSnapshot",
    "PipelineSnapshotResponse",
    "RecordedCall",
    "SnapshotRuntime",
    "Step",
    "StepConfig",
    "StepDefaults",
    "StepSpec",
    "read_snapshot",
]

SCHEMA_MAJOR: Final = 1
"""Raised when a reader of the former major would misunderstand a snapshot."""


class StepDefaults(Frozen):
    """What a dynamic pipeline's steps are configured with, once they are found, where they say nothing.

    `secrets`: name → reference, of those that the configuration file defined. `degraded`:
    names of capabilities whose refusal was accepted. `steps`: step's name → options that the
    run lays over its own. `look_in_cache`: off, where no step is to be taken from it.
    """

    resource_settings: ResourceSettings = Field(default_factory=ResourceSettings)
    docker_settings: DockerSettings = Field(default_factory=DockerSettings)
    retry: StepRetryConfig | None = None
    timeout: Duration | None = None
    enable_cache: bool | None = None
    cache_policy: CachePolicy | None = None
    secrets: dict[str, str] = Field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    steps: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    look_in_cache: bool = True


class PipelineConfiguration(Frozen):
    """The pipeline itself; `parameters` are what its function was called with.

    Of a dynamic one: `max_concurrent_steps`, None where the orchestrator decides, what its steps
    take from it, and of those that its source names, `isolated_steps` and the references of
    `step_secrets`: what its orchestration environment has to be able to do.
    """

    name: str
    source: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    settings: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    execution_mode: ExecutionMode = ExecutionMode.CONTINUE_ON_FAILURE
    dynamic: bool = False
    tags: tuple[str, ...] = ()
    on_failure: str | None = None
    on_success: str | None = None
    docker_settings: DockerSettings = Field(default_factory=DockerSettings)
    resource_settings: ResourceSettings = Field(default_factory=ResourceSettings)
    max_concurrent_steps: int | None = None
    step_defaults: StepDefaults = Field(default_factory=StepDefaults)
    isolated_steps: tuple[str, ...] = ()
    step_secrets: tuple[str, ...] = ()


class CodeArchive(Frozen):
    """The user's source: `code/<digest>.zip`; `paths` of it go on `sys.path`, in order."""

    digest: str
    paths: tuple[str, ...] = ("",)


class OrchestratorSource(Frozen):
    """How to make an orchestrator again: two classes as `module:qualname`, and its options.

    `config` is without the secrets; a step asks for the run ID only.
    """

    implementation: str
    config_class: str
    config: dict[str, JsonValue] = Field(default_factory=dict)


class SnapshotRuntime(Frozen):
    """How a step's process behaves wherever it starts.

    `orchestrator`: a class whose own code says the run ID, for a process to import; None
    where `run_id_sources` say all there is to say. `retries`: who tries again, "backend" or
    "runtime"; one owner per flavor.
    """

    flavor: str
    python: str
    skylift: str
    run_id_sources: tuple[RunIdSource, ...] = ()
    orchestrator: OrchestratorSource | None = None
    retries: str = "runtime"


class PipelineSnapshot(Frozen):
    """One pipeline, compiled. `steps` are in topological order.

    `replay`: of a dynamic run that is resumed, the calls that it made, in their order.

    `images`: invocation id → image, resolved to a digest at submission; the empty key is
    the image of a dynamic pipeline's orchestration environment. `locks`: a platform and what
    was asked for, one a line → the distributions that this stood for. `source_digests`: a step's
    source → digest of its module and of the project's that it imports; one that is not there
    cannot be compared, and an empty one was changed while it was loaded. `source_values`: a
    step's source → the globals that it uses → digest of the value when it was compiled.
    """

    schema_major: int = SCHEMA_MAJOR
    project: str
    pipeline_configuration: PipelineConfiguration
    steps: tuple[Step, ...] = ()
    bindings: dict[str, Binding] = Field(default_factory=dict)
    replay: tuple[RecordedCall, ...] = ()
    schedule: Schedule | None = None
    code: CodeArchive | None = None
    images: dict[str, str] = Field(default_factory=dict)
    locks: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    source_digests: dict[str, str] = Field(default_factory=dict)
    source_values: dict[str, dict[str, str]] = Field(default_factory=dict)
    runtime: SnapshotRuntime

    @cached_property
    def step_configurations(self) -> Mapping[str, Step]:
        """Invocation id → step, in topological order."""
        return MappingProxyType({step.spec.invocation_id: step for step in self.steps})

    @cached_property
    def invocations(self) -> tuple[str, ...]:
        """Every invocation id, those that are bound included, in topological order."""
        found = list(self.step_configurations)
        for name in sorted(self.bindings, key=lambda bound: self.bindings[bound].place):
            found.insert(self.bindings[name].place, name)
        return tuple(found)

    @cached_property
    def content(self) -> bytes:
        """The bytes that are stored and whose digest names this snapshot."""
        return canonical_json(self)

    @cached_property
    def digest(self) -> str:
        return digest(self.content)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Pydantic's own would carry the former content and digest along."""
        made = super().model_copy(update=update, deep=deep)
        for derived in ("step_configurations", "invocations", "content", "digest"):
            vars(made).pop(derived, None)
        return made

    @property
    def name(self) -> str:
        return self.pipeline_configuration.name

    @property
    def is_dynamic(self) -> bool:
        return self.pipeline_configuration.dynamic

    def step(self, name: str) -> Step:
        """The step of an invocation id, or of a step name that only one invocation has."""
        if found := self.step_configurations.get(name):
            return found
        named = [step for step in self.steps if step.config.name == name]
        if len(named) == 1:
            return named[0]
        if not named:
            raise UnknownName("step", name, self.invocations, who=f"pipeline {self.name!r}")
        ids = ", ".join(step.spec.invocation_id for step in named)
        raise ConfigurationError(
            f"{len(named)} invocations have the step name {name!r}: {ids}",
            who=f"pipeline {self.name!r}",
            fix="Name one of the invocations.",
        )


PipelineSnapshotResponse: TypeAlias = PipelineSnapshot
"""The documented interface's name for it."""


def read_snapshot(data: bytes, expected: str) -> PipelineSnapshot:
    """Parse a snapshot's stored bytes; `expected` is the digest it is known by.

    Raises `DamagedObject` when the bytes are others, `RecordTooNew` when their schema's
    major is not this reader's.
    """
    who = f"snapshot {expected}"
    if (found := digest(data)) != expected:
        raise DamagedObject("its bytes have changed since it was written", who=who, value=found)
    major = _major(data, who)
    if major > SCHEMA_MAJOR:
        raise RecordTooNew(
            "it was written by a newer Skylift",
            who=who,
            value=major,
            limit=SCHEMA_MAJOR,
            fix="Upgrade skylift here.",
        )
    try:
        snapshot = PipelineSnapshot.model_validate_json(data)
    except UnknownName as error:
        raise RecordTooNew(
            f"it asks for what this Skylift does not know: {error}", who=who, fix="Upgrade skylift here."
        ) from error
    except ValidationError as error:
        raise DamagedObject(f"it cannot be read: {error.errors()[0]['msg']}", who=who) from error
    # The bytes as stored are the truth: a newer writer's fields must not change the digest.
    vars(snapshot).update(content=data, digest=expected)
    return snapshot


def _major(data: bytes, who: str) -> int:
    try:
        parsed: Any = json.loads(data)
        return int(parsed["schema_major"])
    except (ValueError, LookupError, TypeError) as error:
        raise DamagedObject("it is no snapshot", who=who, value=data[:60]) from error
