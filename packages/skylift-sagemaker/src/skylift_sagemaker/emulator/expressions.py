"""What the service puts in place of `{"Get": …}` and `{"Std:Join": …}`, and nothing else: pure.

Source: docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-properties.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GET: Final = "Get"
JOIN: Final = "Std:Join"


def is_expression(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value stands for another."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {GET, JOIN}  # pyright: ignore[reportUnknownArgumentType]


def references(value: Any) -> Iterator[str]:
    """What the expressions in a value ask for: `Execution.PipelineName`, `Steps.load.ProcessingJobArn`."""
    if is_expression(value) and GET in value:
        yield str(value[GET])
    elif isinstance(value, dict):
        for _, part in members_of(value):
            yield from references(part)
    elif isinstance(value, list):
        for part in items_of(value):
            yield from references(part)


def resolved(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with its expressions replaced.

    Args:
        value: Of a document.
        names: What the first two parts of a reference stand for: `Parameters.Depth` → "6",
            `Steps.load` → what describes its job.

    Raises `ValueError` for what stands for nothing.
    """
    if is_expression(value):
        return _looked_up(str(value[GET]), names) if GET in value else _joined(value[JOIN], names)
    if isinstance(value, dict):
        return {name: resolved(part, names) for name, part in members_of(value)}
    if isinstance(value, list):
        return [resolved(part, names) for part in items_of(value)]
    return value


def members_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Of a JSON object, whose type says no more than that it is one."""
    yield from value.items()


def items_of(value: Any) -> Iterator[Any]:
    """Of a JSON array."""
    yield from value


def _looked_up(reference: str, names: Mapping[str, Any]) -> Any:
    first, second, *path = reference.split(".") if "." in reference else (reference, "")
    try:
        found = names[f"{first}.{second}"]
        for key in path:
            found = found[key]
    except (LookupError, TypeError) as error:
        raise ValueError(f"Cannot resolve property reference [{reference}]") from error
    return found


def _joined(told: Any, names: Mapping[str, Any]) -> str:
    values = resolved(told["Values"], names)
    return str(told.get("On", "")).join(str(one) for one in values)
