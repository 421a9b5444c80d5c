"""A step in a snapshot: its place in the graph, its configuration, what stands for it when bound."""

from __future__ import annotations

from typing import Final

from pydantic import Field, JsonValue

from skylift_contract.model import Duration, Frozen
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig


class ArtifactRef(Frozen):
    """Where an output's data lies: `artifacts/<digest>/`; `type` is `module:qualname`."""

    digest: str
    type: str
    materializer: str
    size: int


class InputSource(Frozen):
    """The output of another invocation that an input takes its value from."""

    invocation: str
    output: str


class OutputSpec(Frozen):
    """An output's name, and its annotation as a person would write it.

    `materializers`: names of those that are tried in turn, where the annotation is a class.
    """

    name: str
    annotation: str = "Any"
    materializers: tuple[str, ...] = ()


class StepSpec(Frozen):
    """Where an invocation stands in the graph.

    `upstream_steps`: every invocation it waits for, those of its inputs included; bound
    ones stay in `inputs` but are not waited for. An `ArtifactRef` is a value that a dynamic
    pipeline's own code made. `occurrence`: how many before it are the same call of the same
    step, which may well make something else each time.
    """

    invocation_id: str
    source: str
    upstream_steps: tuple[str, ...] = ()
    inputs: dict[str, InputSource | tuple[InputSource, ...] | ArtifactRef] = Field(default_factory=dict)
    occurrence: int = 0


INLINE: Final = "inline"
ISOLATED: Final = "isolated"
NESTED: Final = "nested"


class StepConfig(Frozen):
    """What an invocation was configured with, resolved: pipeline's settings, then step's.

    `secrets`: environment variable → where its value is, such as `env:DB_PASSWORD`. `runtime`:
    where a dynamic run runs it; `NESTED` is a pipeline that was called, and a run of its own.
    """

    name: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    outputs: tuple[OutputSpec, ...] = ()
    resource_settings: ResourceSettings = Field(default_factory=ResourceSettings)
    docker_settings: DockerSettings = Field(default_factory=DockerSettings)
    settings: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    retry: StepRetryConfig | None = None
    timeout: Duration | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    enable_cache: bool = True
    cache_policy: CachePolicy = Field(default_factory=CachePolicy)
    on_failure: str | None = None
    on_success: str | None = None
    runtime: str = INLINE


class Step(Frozen):
    spec: StepSpec
    config: StepConfig


class Binding(Frozen):
    """An invocation that will not run, since its outputs are committed already.

    `run_id`, `step_name`: the run that made them, and the invocation there. `source`: the
    step's own. `place`: its number in the topological order of all invocations, and
    `upstream_steps` those that it would have waited for. `step`: the invocation itself, for a
    run that resumes this one and finds its outputs gone; None in a snapshot of before.
    `awaited_by`: those that would have waited for it.
    """

    run_id: str
    step_name: str
    outputs: dict[str, ArtifactRef]
    source: str = ""
    place: int = 0
    upstream_steps: tuple[str, ...] = ()
    step: Step | None = None
    awaited_by: tuple[str, ...] = ()


class RecordedCall(Frozen):
    """A call that a dynamic run made, for the run that resumes it to make again.

    `caught`: calls whose failures were raised to the pipeline's function since the call before.
    `failure`: why it failed, where it did for good. `sub_run`: that of a nested pipeline.
    """

    invocation_id: str
    source: str
    inputs: dict[str, InputSource | tuple[InputSource, ...] | ArtifactRef] = Field(default_factory=dict)
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    caught: tuple[str, ...] = ()
    failure: str | None = None
    sub_run: str | None = None
