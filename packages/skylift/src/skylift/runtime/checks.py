"""Whether what a step returns is what its annotation says."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.authoring.signature import describe
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import TypeAdapter, ValidationError


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

    Strictly, and nothing is converted: numpy's int64 is no int, and a dict no model. As for
    type checkers, an int will do for a float. Classes that pydantic does not know are checked
    with `isinstance`; an annotation that it makes nothing of is not checked.
    """
    if annotation is Any or type(value) is annotation:
        return
    from pydantic import ValidationError

    adapter = _adapter(annotation)
    if adapter is None:
        return
    try:
        found = adapter.validate_python(value, strict=True)
    except ValidationError as error:
        raise _mismatch(annotation, *_error_in(value, error), who) from None
    if (made := _made_of(value, found)) is not None:
        raise _mismatch(annotation, *made, who)


def _mismatch(annotation: Any, path: str, message: str, culprit: Any, who: str) -> MaterializationError:
    return MaterializationError(
        f"it does not match its annotation{path and f' at {path}'}{message and f': {message}'}",
        who=who,
        value=Shown.of(culprit),
        limit=describe(annotation),
        fix=_fix(culprit),
    )


def _error_in(value: Any, error: ValidationError) -> tuple[str, str, Any]:
    """Where in the value the first error lies, what pydantic says of it, and what lies there."""
    errors = error.errors(include_url=False)
    path, culprit = _followed(value, errors[0]["loc"])
    if len(errors) > 1 and _followed(value, errors[1]["loc"])[0] == path:
        return path, "", culprit  # a union: each error says only what one of its members wanted
    message = errors[0]["msg"]
    return path, f"{message[0].lower()}{message[1:]}", culprit


def _followed(value: Any, location: tuple[int | str, ...]) -> tuple[str, Any]:
    """The path within the value, and what lies there; pydantic's labels of branches are left out."""
    path = ""
    for part in location:
        try:
            value = value[part]
        except (TypeError, LookupError):
            break
        path += f"[{part!r}]"
    return path, value


def _made_of(value: Any, found: Any) -> tuple[str, str, Any] | None:
    """What pydantic made something else of, even strictly: a model of a dict, a float of numpy's float32."""
    if value is found:
        return None
    if _is_made(found) and not isinstance(value, type(found)):
        is_promoted = type(found) is float and isinstance(value, int)
        return (
            None if is_promoted else ("", f"input should be an instance of {type(found).__qualname__}", value)
        )
    for key, one, other in _items(value, found):
        if (made := _made_of(one, other)) is not None:
            path, message, culprit = made
            return f"[{key!r}]{path}", message, culprit
    return None


def _is_made(found: Any) -> bool:
    names = ("__pydantic_fields_set__", "__dataclass_fields__", "_fields")
    return type(found) is float or any(hasattr(found, name) for name in names)


def _items(value: Any, found: Any) -> Iterable[tuple[Any, Any, Any]]:
    if isinstance(value, list | tuple) and isinstance(found, list | tuple):
        pairs = zip(cast("list[Any]", value), cast("list[Any]", found), strict=False)
        return ((place, *pair) for place, pair in enumerate(pairs))
    if isinstance(value, dict) and isinstance(found, dict):
        members = zip(
            cast("dict[Any, Any]", value).items(), cast("dict[Any, Any]", found).values(), strict=False
        )
        return ((key, one, other) for (key, one), other in members)
    return ()


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
