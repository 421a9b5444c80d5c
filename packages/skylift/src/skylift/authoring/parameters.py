"""Values that are known before the run: validated through their annotations, kept as JSON."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from skylift.authoring.signature import describe
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_PLAIN: Final = (int, str, bool, type(None))
"""Types whose values are their own JSON, and need no adapter when the annotation is exact."""


def to_json(value: Any, annotation: Any, who: str) -> Any:
    """The JSON form of a parameter.

    Raises `AuthoringError` when it does not fit its annotation, or has no JSON form.
    """
    if type(value) in _PLAIN and (annotation is type(value) or annotation is Any):
        return value
    from pydantic import PydanticSchemaGenerationError, ValidationError
    from pydantic_core import PydanticSerializationError

    try:
        adapter = _adapter(annotation)
        return adapter.dump_python(adapter.validate_python(value), mode="json", warnings="error")
    except ValidationError as error:
        raise _refused(value, annotation, who, error.errors(include_url=False)[0]["msg"]) from None
    except (PydanticSchemaGenerationError, PydanticSerializationError, TypeError):
        raise AuthoringError(
            "a parameter must be plain data that fits in JSON",
            who=who,
            value=type(value).__name__,
            fix="Make the value in a step, and pass on what that returns.",
        ) from None


def from_json(value: Any, annotation: Any, who: str) -> Any:
    """The value that a step is called with: `to_json`'s inverse."""
    if type(value) in _PLAIN and (annotation is type(value) or annotation is Any):
        return value
    from pydantic import ValidationError

    try:
        return _adapter(annotation).validate_python(value)
    except ValidationError as error:
        raise _refused(value, annotation, who, error.errors(include_url=False)[0]["msg"]) from None


def _refused(value: Any, annotation: Any, who: str, message: str) -> AuthoringError:
    return AuthoringError(
        f"{message[0].lower()}{message[1:]}", who=who, value=value, limit=describe(annotation)
    )


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return _cached_adapter(annotation)
    except TypeError:  # an annotation that cannot be hashed, such as one with a list in it
        return _new_adapter(annotation)


def _new_adapter(annotation: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(annotation, config=ConfigDict(ser_json_inf_nan="strings"))
    except PydanticUserError:  # models and dataclasses bring a config of their own
        return TypeAdapter(annotation)


_cached_adapter = lru_cache(maxsize=1024)(_new_adapter)
