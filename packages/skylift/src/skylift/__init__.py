"""Write a pipeline in Python once; run it unchanged wherever an orchestrator plugin reaches.

from skylift import pipeline, step
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

# First, for it notes when this was: what is saved later may not be what is loaded.
import skylift.source_files  # noqa: F401  # pyright: ignore[reportUnusedImport]

__version__: Final = "0.1.0"

if TYPE_CHECKING:
    from skylift.authoring.pipelines import PipelineFunction, pipeline
    from skylift.authoring.steps import StepFunction, step, unmapped
    from skylift.client import Client
    from skylift.runtime.context import StepContext, get_step_context, log_metadata
    from skylift_contract.enums import ExecutionMode, ExecutionStatus
    from skylift_contract.errors import RunFailed, RunStopped, StepFailed
    from skylift_contract.resource_settings import ResourceSettings
    from skylift_contract.schedule import Schedule
    from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig

__all__ = [
    "CachePolicy",
    "Client",
    "DockerSettings",
    "ExecutionMode",
    "ExecutionStatus",
    "PipelineFunction",
    "ResourceSettings",
    "RunFailed",
    "RunStopped",
    "Schedule",
    "StepContext",
    "StepFailed",
    "StepFunction",
    "StepRetryConfig",
    "get_step_context",
    "log_metadata",
    "pipeline",
    "step",
    "unmapped",
]

_WHERE: Final = {
    "CachePolicy": "skylift_contract.settings",
    "Client": "skylift.client",
    "DockerSettings": "skylift_contract.settings",
    "ExecutionMode": "skylift_contract.enums",
    "ExecutionStatus": "skylift_contract.enums",
    "PipelineFunction": "skylift.authoring.pipelines",
    "ResourceSettings": "skylift_contract.resource_settings",
    "RunFailed": "skylift_contract.errors",
    "RunStopped": "skylift_contract.errors",
    "Schedule": "skylift_contract.schedule",
    "StepContext": "skylift.runtime.context",
    "StepFailed": "skylift_contract.errors",
    "StepFunction": "skylift.authoring.steps",
    "StepRetryConfig": "skylift_contract.settings",
    "get_step_context": "skylift.runtime.context",
    "log_metadata": "skylift.runtime.context",
    "pipeline": "skylift.authoring.pipelines",
    "step": "skylift.authoring.steps",
    "unmapped": "skylift.authoring.steps",
}
"""Where each name stands; it is imported when it is first asked for, so that this is light."""


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'skylift' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
