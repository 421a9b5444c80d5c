"""What botocore's own model of a service says of a request, and the service's words for it.

botocore itself checks what is required and what is too little; the service, the rest, too.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

from botocore.loaders import Loader  # pyright: ignore[reportMissingTypeStubs]
from botocore.model import ServiceModel  # pyright: ignore[reportMissingTypeStubs]

from skylift_sagemaker.emulator.expressions import is_expression, items_of, members_of
from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLASSES: Final = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}
"""Of Java's patterns, what `re` has another name for."""

PYTHONS: Final = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "float": int | float,
    "double": int | float,
    "structure": dict,
    "map": dict,
    "list": list,
}


@functools.cache
def service(name: str) -> Any:
    """The model of a service, in which nothing has types."""
    loader: Any = Loader()
    return ServiceModel(loader.load_service_model(name, "service-2"), name)


def check_request(name: str, operation: str, request: Any) -> None:
    """Raise the service's `ValidationException` for a request that it would refuse."""
    found = list(violations(service(name).operation_model(operation).input_shape, request))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        raise Refusal(
            400, "ValidationException", f"{len(found)} validation {errors} detected: {'; '.join(found)}"
        )


def violations(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """What is wrong with a value of that shape; an expression in a document is right as any value."""
    if is_expression(value):
        return
    kind = PYTHONS.get(shape.type_name)
    if kind is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
        yield _wrong(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _bounds(shape, value, path)
    if shape.type_name in _INSIDE:
        yield from _INSIDE[shape.type_name](shape, value, path)


def _bounds(shape: Any, value: Any, path: str) -> Iterator[str]:
    told, is_number = shape.metadata, isinstance(value, int | float)
    if isinstance(value, bool) or shape.type_name in {"structure", "timestamp"}:
        return
    size, what = (value, "value") if is_number else (len(value), "length")
    if "min" in told and size < told["min"]:
        yield _wrong(value, path, f"Member must have {what} greater than or equal to {told['min']}")
    if "max" in told and size > told["max"]:
        yield _wrong(value, path, f"Member must have {what} less than or equal to {told['max']}")
    if isinstance(value, str):
        if (pattern := told.get("pattern")) and not _matches(pattern, value):
            yield _wrong(value, path, f"Member must satisfy regular expression pattern: {pattern}")
        if (known := told.get("enum")) and value not in known:
            yield _wrong(value, path, f"Member must satisfy enum value set: [{', '.join(known)}]")


def _matches(pattern: str, value: str) -> bool:
    for java, python in CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True  # what `re` cannot read, it cannot refuse either


def _of_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _wrong(None, _member(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from violations(member, value[name], _member(path, name))


def _of_map(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for key, member in value.items():
        yield from violations(shape.key, key, path)
        yield from violations(shape.value, member, f"{path}.{key}.member")


def _of_list(shape: Any, value: list[Any], path: str) -> Iterator[str]:
    for n, member in enumerate(value, 1):
        yield from violations(shape.member, member, f"{path}.{n}.member")


_INSIDE: Final[dict[str, Callable[[Any, Any, str], Iterator[str]]]] = {
    "structure": _of_structure,
    "map": _of_map,
    "list": _of_list,
}


def unknown_members(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Names in a document that the model does not know."""
    if is_expression(value):
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, part in members_of(value):
            inner = f"{path}.{name}".lstrip(".")
            if name in shape.members:
                yield from unknown_members(shape.members[name], part, inner)
            else:
                yield inner
    if shape.type_name == "list" and isinstance(value, list):
        for part in items_of(value):
            yield from unknown_members(shape.member, part, path)


def _member(path: str, name: str) -> str:
    return f"{path}.{name[0].lower()}{name[1:]}".lstrip(".")


def _wrong(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
