"""What may be asked of a step or a pipeline, before it is validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from skylift.tags import checked_tags
from skylift_contract.errors import AuthoringError, ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
    cache_policy: Any = None
    on_failure: Callable[..., Any] | None = None
    on_success: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOptions(SharedOptions):
    """`runtime`: "inline" or "isolated", for dynamic pipelines."""

    runtime: str | None = None


@dataclass(frozen=True, slots=True)
class StepChanges:
    """Options that are laid over a step's own, whatever its code says; `who` is where that is said."""

    options: Mapping[str, Any]
    who: str


CHANGEABLE: Final = tuple(
    item.name for item in fields(StepOptions) if item.name not in {"name", "on_failure", "on_success"}
)
"""What a file can say of a step: it holds no functions, and it finds the step by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions(SharedOptions):
    """`stack` and `orchestrator`: a name, or for `orchestrator` an instance; `steps`: a run's own."""

    schedule: Any = None
    execution_mode: Any = None
    dynamic: bool = False
    max_concurrent_steps: int | None = None
    tags: Sequence[str] = ()
    stack: Any = None
    orchestrator: Any = None
    steps: Mapping[str, StepChanges] = field(default_factory=dict[str, StepChanges])


_KINDS: Final[Mapping[str, tuple[type[Any], ...]]] = {
    "name": (str, type(None)),
    "settings": (Mapping,),
    "environment": (Mapping,),
    "secrets": (list, tuple),
    "tags": (list, tuple),
    "enable_cache": (bool, type(None)),
    "dynamic": (bool,),
    "max_concurrent_steps": (int, type(None)),
    "runtime": (str, type(None)),
}
"""Of the options that are plain values: what they may be. The others are checked with their own words."""

RUNTIMES: Final = ("inline", "isolated")


def _check(name: str, value: Any, who: str) -> None:
    kinds = _KINDS.get(name)
    if kinds and not _is_one_of(value, kinds):
        wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        fix = "Give a value of that type."
        raise ConfigurationError(
            "it is of another type", who=f"{who}, {name}", value=value, limit=wanted, fix=fix
        )
    if name == "tags":
        checked_tags(value, f"{who}, tags")
    if name == "name" and value is not None and not value.strip():
        raise AuthoringError(
            "its name is empty", who=who, value=value, fix="Leave name= out: it is the function's then."
        )
    if name == "runtime" and value is not None and value not in RUNTIMES:
        raise UnknownName("runtime", value, RUNTIMES, who=who)
    if name in {"on_failure", "on_success"} and value is not None and not callable(value):
        raise ConfigurationError("it is a function", who=f"{who}, {name}", value=value)
    # By its name: to import the class would load pydantic. Compiling asks the class itself.
    if name == "schedule" and value is not None and type(value).__name__ != "Schedule":
        raise ConfigurationError(
            "it is a Schedule",
            who=f"{who}, {name}",
            value=value,
            fix='Schedule(cron_expression="0 2 * * *")',
        )


def _are_changes(value: object) -> bool:
    """In code, options stand with the step."""
    return isinstance(value, Mapping) and all(isinstance(one, StepChanges) for one in value.values())  # pyright: ignore[reportUnknownVariableType]


def _is_one_of(value: object, kinds: tuple[type[Any], ...]) -> bool:
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


Options = TypeVar("Options", StepOptions, PipelineOptions)


def changed(options: Options, changes: Mapping[str, Any], who: str) -> Options:
    """The options with some replaced; settings and environment are merged, key by key.

    Raises `UnknownName`, offering the nearest, for an option that there is not.
    """
    known = [
        item.name for item in fields(options) if item.name != "steps" or _are_changes(changes.get("steps"))
    ]
    for name, value in changes.items():
        if name not in known:
            raise UnknownName("option", name, known, who=who)
        _check(name, value, who)
    merged = {
        name: {**getattr(options, name), **changes[name]}
        for name in ("settings", "environment")
        if changes.get(name)
    }
    return replace(options, **{**changes, **merged})
