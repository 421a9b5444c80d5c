"""Who makes each field of a snapshot come true: the document, the runtime, or nobody, by refusing it.

Of each field there is a change, to see that a document really says what it owns.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.capability import Capability
from skylift_contract.enums import ExecutionMode
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig
from skylift_contract.snapshot import PipelineConfiguration, StepConfig, StepSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Support
    from skylift_contract.snapshot import PipelineSnapshot


class Owner(StrEnum):
    DOCUMENT = "document"
    RUNTIME = "runtime"
    REFUSED = "refused"


FIELDS: Final = (
    *(f"spec.{name}" for name in StepSpec.model_fields),
    *(f"config.{name}" for name in StepConfig.model_fields),
    *(f"pipeline.{name}" for name in PipelineConfiguration.model_fields),
)
"""Every field that has an owner."""

_DOCUMENTS: Final = frozenset(
    {"spec.invocation_id", "spec.upstream_steps", "config.environment", "pipeline.name"}
)

_BY_CAPABILITY: Final[Mapping[str, Capability]] = MappingProxyType(
    {
        "config.resource_settings": Capability.CPU,
        "config.docker_settings": Capability.IMAGES,
        "config.timeout": Capability.STEP_TIMEOUT,
        "config.retry": Capability.STEP_RETRIES,
        "config.secrets": Capability.SECRETS,
    }
)
_THE_BACKENDS: Final = frozenset({Capability.CPU, Capability.IMAGES})

_IN_STEP: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "spec.invocation_id": "another",
        "spec.upstream_steps": (),
        "config.resource_settings": ResourceSettings(cpu_count=2),
        "config.docker_settings": DockerSettings(image="registry.example/another:1"),
        "config.timeout": timedelta(minutes=7),
        "config.retry": StepRetryConfig(max_retries=3),
        "config.environment": {"CONFORMANCE_CHANGED": "yes"},
        "config.secrets": {"CONFORMANCE_CHANGED": "env:CONFORMANCE_SOURCE"},
        "config.parameters": {"value": 7},
        "config.enable_cache": False,
        "config.cache_policy": CachePolicy(source=False),
        "config.on_failure": "module:hook",
        "config.on_success": "module:hook",
    }
)
_IN_PIPELINE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "pipeline.name": "another",
        "pipeline.execution_mode": ExecutionMode.FAIL_FAST,
        "pipeline.environment": {"CONFORMANCE_CHANGED": "yes"},
        "pipeline.tags": ("another",),
        "pipeline.docker_settings": DockerSettings(image="registry.example/another:1"),
        "pipeline.resource_settings": ResourceSettings(cpu_count=2),
        "pipeline.on_failure": "module:hook",
        "pipeline.on_success": "module:hook",
    }
)
CHANGES: Final[Mapping[str, Any]] = MappingProxyType({**_IN_STEP, **_IN_PIPELINE})
"""Field → another value of it, for those that a document may own."""


def usual_owners(able: Mapping[Capability, Support]) -> dict[str, Owner]:
    """Who owns what where a flavor says nothing else: names, order and variables stand in the document."""
    found = {name: Owner.DOCUMENT if name in _DOCUMENTS else Owner.RUNTIME for name in FIELDS}
    for name, capability in _BY_CAPABILITY.items():
        mine = Owner.DOCUMENT if capability in _THE_BACKENDS else Owner.RUNTIME
        found[name] = mine if able[capability] else Owner.REFUSED
    return found


def changed(snapshot: PipelineSnapshot, field: str) -> PipelineSnapshot:
    """The snapshot with another value of a field; of a step's, in its last step."""
    part, _, name = field.partition(".")
    value = {name: CHANGES[field]}
    if part == "pipeline":
        return snapshot.model_copy(
            update={"pipeline_configuration": snapshot.pipeline_configuration.model_copy(update=value)}
        )
    last = snapshot.steps[-1]
    own = last.model_copy(update={part: getattr(last, part).model_copy(update=value)})
    return snapshot.model_copy(update={"steps": (*snapshot.steps[:-1], own)})
