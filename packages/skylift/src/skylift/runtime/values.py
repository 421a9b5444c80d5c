"""A step's arguments out of the store, and what it returns into it."""

from __future__ import annotations

import types
import typing
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from skylift import artifacts
from skylift.authoring.parameters import from_json
from skylift.authoring.signature import StepSignature, describe
from skylift_contract.errors import DamagedObject, MaterializationError
from skylift_contract.snapshot import InputSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import TypeAdapter, ValidationError

    from skylift.runtime.active import ActiveRun
    from skylift_contract.snapshot import ArtifactRef, Step


def load_arguments(run: ActiveRun, step: Step, signature: StepSignature) -> dict[str, Any]:
    """What the function is called with: parameters, and outputs of upstream steps."""
    arguments: dict[str, Any] = {}
    for name, given in signature.inputs.items():
        who = f"run {run.id}, step {step.spec.invocation_id!r}, input {name!r}"
        if name in step.config.parameters:
            arguments[name] = from_json(step.config.parameters[name], given.annotation, who)
        elif isinstance(source := step.spec.inputs.get(name), InputSource):
            arguments[name] = _load(run, source, given.annotation)
        elif source is not None:
            arguments[name] = [_load(run, one, Any) for one in source]
    return arguments


def _load(run: ActiveRun, source: InputSource, annotation: Any) -> Any:
    who = f"run {run.id}, step {source.invocation!r}, output {source.output!r}"
    outputs = run.outputs_of(source.invocation)
    if outputs is None or source.output not in outputs:
        raise DamagedObject("it was not committed", who=who, fix="Run the step that makes it first.")
    return artifacts.load(run.ledger.store, outputs[source.output], annotation, who)


def save_outputs(
    run: ActiveRun, step: Step, signature: StepSignature, returned: Any
) -> Mapping[str, ArtifactRef]:
    """Store what a step returned; raises `MaterializationError` for what does not fit."""
    who = f"run {run.id}, step {step.spec.invocation_id!r}"
    values = _by_output(signature, returned, who)
    for output in signature.outputs:
        check_type(values[output.name], output.annotation, f"{who}, output {output.name!r}")
    return {
        output.name: artifacts.save(
            run.ledger.store, values[output.name], output.annotation, f"{who}, output {output.name!r}"
        )
        for output in signature.outputs
    }


def _by_output(signature: StepSignature, returned: Any, who: str) -> dict[str, Any]:
    names = [output.name for output in signature.outputs]
    if not names:
        if returned is not None:
            raise MaterializationError(
                "it returned a value, and is annotated to return None",
                who=who,
                value=Shown.of(returned),
                fix="Annotate what it returns.",
            )
        return {}
    if not signature.returns_many:
        return {names[0]: returned}
    if not isinstance(returned, tuple):
        raise _not_as_many(names, Shown.of(returned), who)
    values = cast("tuple[Any, ...]", returned)
    if len(values) != len(names):
        raise _not_as_many(names, Shown(f"{len(values)}: {Shown.of(values)}"), who)
    return dict(zip(names, values, strict=True))


def _not_as_many(names: list[str], returned: Shown, who: str) -> MaterializationError:
    return MaterializationError(
        f"it is annotated to return {len(names)} outputs ({', '.join(names)})",
        who=who,
        value=returned,
        fix="Return a tuple of that many.",
    )


class Shown(str):
    """Part of an error message: a value, cut to be read, without another pair of quotes around it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    @classmethod
    def of(cls, value: Any) -> Shown:
        """The value where it is short, else its type alone."""
        try:
            text = repr(value)
        except Exception:  # noqa: BLE001 -- anybody's code
            text = ""
        kind = cast("type[Any]", type(value))
        is_short = 0 < len(text) <= MOST_SHOWN and "\n" not in text
        return cls(text if is_short else f"a {kind.__module__}.{kind.__qualname__}")


MOST_SHOWN: Final = 80
"""Characters of a value in an error."""


def check_type(value: Any, annotation: Any, who: str) -> None:
    """Raise `MaterializationError` when a value is not what its annotation says.

    Strictly, without conversion: 1 is a float, as for type checkers, and numpy's int64 is no
    int. Classes that pydantic does not know are checked with `isinstance`; an annotation
    that it makes nothing of is not checked.
    """
    if annotation is Any or type(value) is annotation:
        return
    from pydantic import ValidationError

    adapter = _adapter(annotation)
    if adapter is None:
        return
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError as error:
        raise _mismatch(value, annotation, who, error) from None


def _mismatch(value: Any, annotation: Any, who: str, error: ValidationError) -> MaterializationError:
    found = error.errors(include_url=False)[0]
    path, culprit = _followed(value, found["loc"])
    message = "" if is_union(annotation) else f": {found['msg'][0].lower()}{found['msg'][1:]}"
    return MaterializationError(
        f"it does not match its annotation{path and f' at {path}'}{message}",
        who=who,
        value=Shown.of(culprit),
        limit=describe(annotation),
        fix=_fix(culprit),
    )


def is_union(annotation: Any) -> bool:
    """Of a union pydantic says only what the first member wanted."""
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _followed(value: Any, location: tuple[int | str, ...]) -> tuple[str, Any]:
    """Where in the value the error lies, and what lies there; pydantic's labels of branches are left out."""
    path = ""
    for part in location:
        try:
            value = value[part]
        except (TypeError, LookupError):
            break
        path += f"[{part!r}]"
    return path, value


def _fix(value: Any) -> str:
    if type(value).__module__ == "numpy":
        plain = getattr(value, "item", None)
        if plain is not None and getattr(value, "ndim", None) == 0:
            return f"Return {type(plain()).__name__}(…) of it, or annotate numpy's own type."
        return "Return .tolist() of it, or annotate numpy's own type."
    return "Return that type, or change the annotation."


def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    try:
        return _cached_adapter(annotation)
    except TypeError:  # an annotation that cannot be hashed, such as one with a list in it
        return _new_adapter(annotation)


def _new_adapter(annotation: Any) -> TypeAdapter[Any] | None:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter
    from pydantic_core import SchemaError

    try:
        return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":
            return None
        return TypeAdapter(annotation)  # models and dataclasses bring a config of their own
    except (SchemaError, NameError):
        return None


_cached_adapter = lru_cache(maxsize=1024)(_new_adapter)
