"""A step's inputs and outputs, read from its annotations."""

from __future__ import annotations

import inspect
import sys
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESERVED: Final = ("after", "id")
"""Words that a call of a step takes for itself."""

_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_PYDANTIC_READS_TYPED_DICT: Final = sys.version_info >= (3, 12)
"""Before, `typing.TypedDict` does not say of an inherited key whether it is required."""

NOTHING: Final = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Input:
    """`default` is `NOTHING` for an input that must be given."""

    name: str
    annotation: Any
    default: Any = NOTHING


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    annotation: Any


@dataclass(frozen=True, slots=True)
class StepSignature:
    """`returns_many`: whether the function returns a tuple of its outputs."""

    inputs: Mapping[str, Input]
    outputs: tuple[Output, ...]
    returns_many: bool


def check_callable(function: Callable[..., Any], who: str) -> None:
    """Refuse, when it is decorated, what could never run as a step or be read as a pipeline."""
    if inspect.isclass(function) or not callable(function):
        raise AuthoringError("it is no function", who=who, value=function, fix="Decorate a function.")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise AuthoringError("it is async", who=who, fix="Make it plain, and call asyncio.run in a step.")
    if inspect.isgeneratorfunction(function):
        raise AuthoringError("it is a generator", who=who, fix="Return a list instead of yielding.")
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in _VARIADIC:
            raise AuthoringError(
                "its inputs must be named one by one",
                who=who,
                value=str(parameter.replace(annotation=NOTHING)),
                fix="Name each input.",
            )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise AuthoringError(
                "its inputs are passed by name, and one is positional-only",
                who=who,
                value=parameter.name,
                fix="Take the `/` out of its parameters.",
            )


def check_words(function: Callable[..., Any], who: str) -> None:
    """Refuse a step's input of a name that a call of the step takes for itself."""
    for name in RESERVED:
        if name in inspect.signature(function).parameters:
            raise AuthoringError(
                f"{name!r} is what a call of a step takes for itself", who=who, fix="Rename the input."
            )


def read_signature(function: Callable[..., Any], who: str) -> StepSignature:
    """The inputs and outputs of a step's function; unannotated ones are `Any`."""
    hints = resolve_hints(function, who)
    inputs = {
        p.name: Input(p.name, hints.get(p.name, Any), p.default)
        for p in inspect.signature(function).parameters.values()
    }
    outputs, many = _outputs(hints.get("return", Any), who)
    return StepSignature(inputs, outputs, many)


def resolve_hints(function: Callable[..., Any], who: str) -> dict[str, Any]:
    """A function's annotations; raises `AuthoringError` for one that nothing could be made of."""
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise AuthoringError(
            f"an annotation uses {error.name!r}, which is not defined when the program runs",
            who=who,
            fix="Import it outside `if TYPE_CHECKING`.",
        ) from error
    for name, annotation in hints.items():
        _check_typed_dicts(annotation, who if name == "return" else f"{who}, input {name!r}")
    return hints


def _check_typed_dicts(annotation: Any, who: str) -> None:
    if _PYDANTIC_READS_TYPED_DICT:
        return
    if typing.is_typeddict(annotation) and type(annotation).__module__ == "typing":
        raise AuthoringError(
            "before Python 3.12 a TypedDict from `typing` cannot be read",
            who=who,
            value=annotation.__qualname__,
            fix="Make it of typing_extensions.TypedDict.",
        )
    for part in typing.get_args(annotation):
        _check_typed_dicts(part, who)


def _outputs(returned: Any, who: str) -> tuple[tuple[Output, ...], bool]:
    if returned is None or returned is type(None):
        return (), False
    arguments = typing.get_args(returned)
    is_tuple = typing.get_origin(returned) is tuple and Ellipsis not in arguments
    if not is_tuple:
        return (_named(returned, "output"),), False
    outputs = tuple(_named(item, f"output_{i}") for i, item in enumerate(arguments))
    names = [output.name for output in outputs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise AuthoringError(
            "two outputs have one name", who=who, value=twice, fix="Give each its own in Annotated."
        )
    return outputs, True


def _named(annotation: Any, default: str) -> Output:
    """`Annotated[T, "name"]` names an output; other metadata is left alone."""
    if typing.get_origin(annotation) is not Annotated:
        return Output(default, annotation)
    inner, *metadata = typing.get_args(annotation)
    names = [item for item in metadata if isinstance(item, str)]
    return Output(names[0] if names else default, inner if len(metadata) == len(names[:1]) else annotation)


def describe(annotation: Any) -> str:
    """An annotation as a person would write it."""
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__qualname__
    return str(annotation).replace("typing.", "")
