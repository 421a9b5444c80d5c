"""`--param name=value`, read through the pipeline function's own annotations."""

from __future__ import annotations

import inspect
import json
import types
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from skylift.authoring.parameters import to_json
from skylift.authoring.signature import resolve_hints
from skylift_contract.errors import AuthoringError, ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift.authoring.pipelines import PipelineFunction


def arguments_of(
    pipeline: PipelineFunction, texts: Iterable[str], configured: Mapping[str, Any]
) -> dict[str, Any]:
    """What the pipeline is called with: defaults, then the configuration's, then the command line's.

    Raises `ConfigurationError`: a name that the pipeline has not (offering the nearest), one
    that is given twice or missing, a value that does not fit its annotation.
    """
    wanted = inspect.signature(pipeline.entrypoint).parameters
    hints = resolve_hints(pipeline.entrypoint, pipeline.who)
    given = _pairs(texts)
    for name in (*configured, *given):
        if name not in wanted:
            raise UnknownName("parameter", name, wanted, who=pipeline.who)
    values = {
        **configured,
        **{name: value_of(text, hints.get(name, Any), _who(pipeline, name)) for name, text in given.items()},
    }
    for name, parameter in wanted.items():
        if parameter.default is inspect.Parameter.empty and name not in values:
            raise ConfigurationError(
                "it needs a value", who=_who(pipeline, name), fix=f"Give one: --param {name}=…"
            )
    return pipeline.bind((), values)


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
    except ValueError:
        return []


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
