"""`--param name=value` and `SKYLIFT_PARAM_NAME`, read through the pipeline function's own annotations."""

from __future__ import annotations

import inspect
import json
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin

from skylift.authoring.parameters import to_json
from skylift.authoring.signature import resolve_hints
from skylift_contract.errors import AuthoringError, ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skylift.authoring.pipelines import PipelineFunction

PREFIX: Final = "SKYLIFT_PARAM_"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a pipeline is called with; `notes` say which values are from the environment."""

    values: dict[str, Any]
    notes: tuple[str, ...] = ()


def arguments_of(
    pipeline: PipelineFunction,
    texts: Iterable[str],
    configured: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Arguments:
    """What is called with: defaults, the configuration's, the environment's, then the command line's.

    Raises `ConfigurationError`: a name that the pipeline has not (offering the nearest), one
    that is given twice or missing, a value that does not fit its annotation.
    """
    wanted = inspect.signature(pipeline.entrypoint).parameters
    hints = resolve_hints(pipeline.entrypoint, pipeline.who)
    given = _pairs(texts)
    for name in (*configured, *given):
        if name not in wanted:
            raise UnknownName("parameter", name, wanted, who=pipeline.who)
    variables = variables_of(wanted, environment, pipeline.who)
    taken = {name: variable for name, variable in variables.items() if name not in given}

    def read(name: str, text: str, who: str) -> Any:
        return value_of(text, hints.get(name, Any), f"{who}, parameter {name!r}")

    values = {
        **configured,
        **{name: read(name, environment[found], f"{pipeline.who}, {found}") for name, found in taken.items()},
        **{name: read(name, text, pipeline.who) for name, text in given.items()},
    }
    _check_complete(pipeline, wanted, values)
    notes = tuple(f"parameter {name!r} is from {variable}" for name, variable in taken.items())
    return Arguments(pipeline.bind((), values), notes)


def variables_of(parameters: Iterable[str], environment: Mapping[str, str], who: str) -> dict[str, str]:
    """Parameter → the variable of the environment that is for it.

    Raises `ConfigurationError` for a variable that is for none: it was meant for something.
    """
    names, found = list(parameters), dict[str, str]()
    for variable in sorted(name for name in environment if name.startswith(PREFIX)):
        found[_meant(variable, names, f"{who}, {variable}")] = variable
    return found


def _meant(variable: str, names: Sequence[str], who: str) -> str:
    asked = variable.removeprefix(PREFIX)
    meant = [name for name in names if name.upper() == asked]
    if len(meant) == 1:
        return meant[0]
    if meant:
        several, fix = ", ".join(meant), "Give them with --param, and unset it."
        raise ConfigurationError(f"it is for several parameters: {several}", who=who, fix=fix)
    if any(name.upper() == asked.upper() for name in names):
        fix = f"Write {PREFIX}{asked.upper()}."
        raise ConfigurationError("a parameter's variable is all capitals", who=who, fix=fix)
    raise UnknownName("parameter", asked.lower(), names, who=who, fix="Else unset it.")


def _check_complete(
    pipeline: PipelineFunction, wanted: Mapping[str, inspect.Parameter], values: Mapping[str, Any]
) -> None:
    for name, parameter in wanted.items():
        if parameter.default is inspect.Parameter.empty and name not in values:
            raise ConfigurationError(
                "it needs a value", who=_who(pipeline, name), fix=f"Give one: --param {name}=…"
            )


def _who(pipeline: PipelineFunction, name: str) -> str:
    return f"{pipeline.who}, parameter {name!r}"


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigurationError("it is no name=value", who="--param", value=text, fix="--param depth=8")
        if name.strip() in found:
            raise ConfigurationError("it is given twice", who=f"--param {name.strip()}", fix="Give it once.")
        found[name.strip()] = value
    return found


def value_of(text: str, annotation: Any, who: str) -> Any:
    """A text as its annotation takes it: for `str` as it is, else as JSON or as pydantic reads it.

    Where several types are possible JSON comes first: `null` is None and `8` a number.
    Raises `AuthoringError` when neither fits.
    """
    inner = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if inner is str:
        return text
    several = inner is Any or get_origin(inner) in {Union, types.UnionType}
    candidates = [*_as_json(text), text] if several else [text, *_as_json(text)]
    refused: AuthoringError | None = None
    for candidate in candidates:
        try:
            to_json(candidate, annotation, who)
        except AuthoringError as error:
            refused = error
        else:
            return candidate
    assert refused is not None
    raise refused


def _as_json(text: str) -> list[Any]:
    """The value, if the text is JSON; NaN and infinities are left to what reads floats."""
    try:
        return [json.loads(text, parse_constant=_refuse)]
    except (ValueError, RecursionError):
        return []


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
