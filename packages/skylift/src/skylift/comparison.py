"""What differs between two snapshots, field by field, as a person would name the fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skylift_contract.snapshot import InputSource, PipelineSnapshot, Step

_CALLED: Final = {
    "parameters": "parameter",
    "inputs": "input",
    "outputs": "output",
    "upstream_steps": "after",
    "resource_settings": "resources",
    "docker_settings": "docker",
    "enable_cache": "cache",
}
"""Fields of the models → what they are called here; any other goes by its own name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; None for what is not there.

    `group`: `pipeline`, `schedule`, `backend`, `source` or `step`; `step`: the invocation's id.
    An empty `field` stands for all of a step.
    """

    group: str
    field: str
    before: Any
    after: Any
    step: str = ""

    @property
    def kind(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def compare(before: PipelineSnapshot, after: PipelineSnapshot) -> Iterator[Change]:
    """Everything but the source's files, for which see `compare_files`.

    A step that `before` had bound to outputs of an earlier run, and that is not among its steps,
    is passed over: see `not_compared`. An `after` that was not submitted has no images yet, and
    no locks: these are not compared then.
    """
    if not after.images:
        after = after.model_copy(update={"images": before.images, "locks": before.locks})
    for (group, old), new in zip(_heads(before).items(), _heads(after).values(), strict=True):
        yield from _fields(group, old, new)
    yield from _steps(before, after)


def not_compared(before: PipelineSnapshot, after: PipelineSnapshot) -> tuple[str, ...]:
    """Steps whose outputs were bound before, so that nothing is known of how they were configured."""
    bound = before.bindings.keys() - before.step_configurations.keys()
    return tuple(name for name in after.step_configurations if name in bound)


def compare_files(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    """Files of two sources, by the digests of what is in them."""
    yield from _fields("source", before, after)


def _heads(snapshot: PipelineSnapshot) -> dict[str, dict[str, Any]]:
    """What is the whole pipeline's, flat, by group."""
    schedule = snapshot.schedule
    return {
        "pipeline": _flat({"project": snapshot.project, **snapshot.pipeline_configuration.model_dump()}),
        "schedule": _flat(schedule.model_dump()) if schedule else {},
        "backend": _flat(
            {**snapshot.runtime.model_dump(), "images": snapshot.images, "locks": snapshot.locks}
        ),
    }


def _steps(before: PipelineSnapshot, after: PipelineSnapshot) -> Iterator[Change]:
    old, new = before.step_configurations, after.step_configurations
    for name, step in new.items():
        if name in old:
            bound = before.bindings.keys()  # which a step waits for no more
            yield from _fields("step", _step(old[name], bound), _step(step, bound), name)
        elif name not in before.bindings:
            yield Change("step", "", None, step.spec.source, name)
    for name, step in old.items():
        if name not in new:
            yield Change("step", "", step.spec.source, None, name)


def _step(step: Step, bound: Collection[str]) -> dict[str, Any]:
    """An invocation's fields, flat; its inputs and outputs as they are written in prose."""
    spec, config = step.spec, step.config
    return _flat(
        {
            **spec.model_dump(exclude={"invocation_id"}),
            "upstream_steps": tuple(name for name in spec.upstream_steps if name not in bound),
            "inputs": {name: _source(source) for name, source in spec.inputs.items()},
            **config.model_dump(),
            "outputs": {output.name: output.annotation for output in config.outputs},
        }
    )


def _source(source: InputSource | tuple[InputSource, ...] | ArtifactRef) -> str:
    if isinstance(source, ArtifactRef):
        return source.digest
    found = source if isinstance(source, tuple) else (source,)
    return ", ".join(f"{one.invocation}.{one.output}" for one in found)


def _flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"parameter.depth": 6}` of `{"parameters": {"depth": 6}}`; what is empty is left out."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        where = f"{prefix}.{name}" if prefix else _CALLED.get(name, name)
        if isinstance(value, Mapping):
            found |= _flat(cast("Mapping[str, Any]", value), where)
        elif value not in (None, (), []):
            found[where] = value
    return found


def _fields(group: str, old: Mapping[str, Any], new: Mapping[str, Any], step: str = "") -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        if _differ(before := old.get(name), after := new.get(name)):
            yield Change(group, name, before, after, step)


def _differ(before: Any, after: Any) -> bool:
    """`1`, `1.0` and `True` are equal in Python, and are not the same parameter."""
    return type(before) is not type(after) or before != after
