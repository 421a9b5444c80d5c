"""What calls are given: futures as outputs, lists taken apart, values kept."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from skylift import artifacts
from skylift.authoring.futures import MapFuture, Output, StepFuture
from skylift.authoring.handles import OutputHandles
from skylift.authoring.parameters import NotJson, to_json
from skylift.authoring.steps import Unmapped
from skylift_contract.canonical import canonical_json
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift.dynamic.calls import Call
    from skylift.store.objects import ObjectStore

PARAMETER_BYTES: Final = 16_384
"""Ours: larger values lie in the store by themselves, for the record of a call is read with each status."""


def as_handles(value: Any) -> Any:
    """Futures, also those in a list, as the outputs that they stand for."""
    if isinstance(value, Unmapped):
        return as_handles(value.value)
    if isinstance(value, StepFuture):
        outputs = value.outputs
        return outputs[0] if len(outputs) == 1 else OutputHandles(outputs) if outputs else value
    if isinstance(value, list | tuple) and not isinstance(value, OutputHandles):
        items = cast("Sequence[Any]", value)
        if any(isinstance(item, StepFuture | Output) for item in items):
            return [as_handles(item) for item in items]
        return list(items) if isinstance(value, MapFuture) else items
    return cast("Any", value)


def check_own(given: Mapping[str, Any], calls: Mapping[str, Call], who: str) -> None:
    """Outputs of another run are no inputs of this one, unless they came in as parameters."""
    for name, value in given.items():
        for one in cast("Sequence[Any]", value if isinstance(value, list | tuple) else (value,)):
            if isinstance(one, StepFuture | Output) and calls.get(one.invocation) is not one.call:
                raise AuthoringError(
                    f"what step {one.invocation!r} made belongs to another run",
                    who=f"{who}, input {name!r}",
                    fix="Call the step in this run, or pass on the value: .load().",
                )


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps the values that calls are given: small JSON as parameters, all else in the store."""

    store: ObjectStore

    def __call__(self, value: Any, annotation: Any, who: str) -> Any:
        try:
            form = to_json(value, annotation, who)
        except NotJson:
            return artifacts.save(self.store, value, annotation, who)
        if len(canonical_json(form)) > PARAMETER_BYTES:
            return artifacts.save(self.store, value, annotation, who)
        return form


@dataclass(frozen=True, slots=True)
class Fan:
    """The arguments of each call of a map; `sources`: the invocations that the lists came from."""

    arguments: tuple[Mapping[str, Any], ...]
    sources: tuple[str, ...]


def zipped(arguments: Mapping[str, Any], who: str) -> Fan:
    """One call for each item: the lists go side by side, and are of one length."""
    lists, rest, sources = _lists(arguments, who)
    lengths = {name: len(items) for name, items in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise AuthoringError(
            f"the lists that it is mapped over are of different lengths: {told}",
            who=who,
            fix="Give lists of one length, unmapped(...) for one that each call gets whole, or .product().",
        )
    rows = zip(*lists.values(), strict=True)
    return Fan(tuple({**rest, **dict(zip(lists, row, strict=True))} for row in rows), sources)


def crossed(arguments: Mapping[str, Any], who: str) -> Fan:
    """One call for each combination of items."""
    lists, rest, sources = _lists(arguments, who)
    rows = itertools.product(*lists.values())
    return Fan(tuple({**rest, **dict(zip(lists, row, strict=True))} for row in rows), sources)


def _lists(
    arguments: Mapping[str, Any], who: str
) -> tuple[dict[str, Sequence[Any]], dict[str, Any], tuple[str, ...]]:
    lists: dict[str, Sequence[Any]] = {}
    sources: list[str] = []
    for name, value in arguments.items():
        if isinstance(value, StepFuture | Output):
            lists[name] = _loaded(value, f"{who}, input {name!r}")
            sources.append(value.invocation)
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
            lists[name] = cast("Sequence[Any]", value)
    if not lists:
        raise AuthoringError(
            "none of its arguments is a list to map over",
            who=who,
            value=", ".join(f"{name}={type(value).__name__}" for name, value in arguments.items()),
            fix="Give at least one a list, or the output of a step that is one.",
        )
    return lists, {name: value for name, value in arguments.items() if name not in lists}, tuple(sources)


def _loaded(value: StepFuture | Output, who: str) -> Sequence[Any]:
    found = value.load()
    if isinstance(found, list | tuple):
        return cast("Sequence[Any]", found)
    raise AuthoringError(
        f"output of step {value.invocation!r} is no list to map over",
        who=who,
        value=type(found).__name__,
        fix="Return a list from that step, or give unmapped(...) to have each call get it whole.",
    )


def numbered(name: str, fan: Fan) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The id of each call, and its arguments."""
    return ((f"map:{name}:{number}", given) for number, given in enumerate(fan.arguments))
