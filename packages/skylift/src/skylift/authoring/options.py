"""What may be asked of a step or a pipeline, before it is validated."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from skylift_contract.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedOptions:
    """What steps and pipelines both take; a step's own value wins over its pipeline's."""

    name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Sequence[str] = ()
    retry: Any = None
    timeout: Any = None
    enable_cache: bool | None = None
    on_failure: Callable[..., Any] | None = None
    on_success: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions(SharedOptions):
    """`runtime`: "inline" or "isolated", for dynamic pipelines."""

    runtime: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions(SharedOptions):
    """`stack` and `orchestrator`: a name, or for `orchestrator` an instance."""

    schedule: Any = None
    execution_mode: Any = None
    dynamic: bool = False
    tags: Sequence[str] = ()
    stack: Any = None
    orchestrator: Any = None


Options = TypeVar("Options", StepOptions, PipelineOptions)


def changed(options: Options, changes: Mapping[str, Any], who: str) -> Options:
    """The options with some replaced; settings and environment are merged, key by key.

    Raises `UnknownName`, offering the nearest, for an option that there is not.
    """
    known = [item.name for item in fields(options)]
    for name in changes:
        if name not in known:
            raise UnknownName("option", name, known, who=who)
    merged = {
        name: {**getattr(options, name), **changes[name]}
        for name in ("settings", "environment")
        if changes.get(name)
    }
    return replace(options, **{**changes, **merged})
