"""Values that are known before the run: validated through their annotations, kept as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.authoring.handles import check_none_within
from skylift.authoring.signature import describe
from skylift.utf8 import is_utf8
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from pydantic import ValidationError

_PLAIN: Final = (int, str, bool, type(None))
"""Types whose values are their own JSON, and need no adapter when the annotation is exact."""


class NotJson(AuthoringError):
    """A value that may well be what its annotation says, and that JSON does not hold."""


def to_json(value: Any, annotation: Any, who: str) -> Any:
    """The JSON form of a parameter.

    Raises `AuthoringError` when it does not fit its annotation, and `NotJson` when the step
    would get another value than the one given, since JSON does not hold it.
    """
    if _is_own_json(value, annotation):
        return _recorded(value, who)
    try:
        return _converted(value, annotation, who)
    except AuthoringError:
        check_none_within(value, who)  # which is then what was meant, and the better reason
        raise


def _converted(value: Any, annotation: Any, who: str) -> Any:
    from pydantic import PydanticUserError, ValidationError

    from skylift.materializers.json_form import NoJsonForm, adapter_of, to_form

    try:
        adapter = adapter_of(annotation)
        return to_form(adapter.validate_python(value), adapter)
    except ValidationError as error:
        raise _refused(value, annotation, who, error) from None
    except NoJsonForm as error:
        fix = "Make the value in a step, and pass on what that returns."
        hint = "Annotate the input with the value's exact type. " if annotation is Any else ""
        raise NotJson(
            f"a parameter is kept as JSON, and this value would not come back as it is: {error}",
            who=who,
            value=value,
            fix=f"{hint}{fix}",
        ) from None
    except (PydanticUserError, TypeError, NameError):
        raise NotJson(
            "a parameter must be plain data that fits in JSON",
            who=who,
            value=type(value).__name__,
            fix="Make the value in a step, and pass on what that returns.",
        ) from None


def from_json(value: Any, annotation: Any, who: str) -> Any:
    """The value that a step is called with: `to_json`'s inverse.

    Raises `AuthoringError` for JSON that is no value of the annotation.
    """
    if _is_own_json(value, annotation):
        return value
    from pydantic import ValidationError

    from skylift.materializers.json_form import adapter_of
    from skylift.materializers.json_form import from_form as from_json_form

    try:
        return from_json_form(value, adapter_of(annotation))
    except ValidationError as error:
        raise _refused(value, annotation, who, error) from None


def _recorded(value: Any, who: str) -> Any:
    """A plain value as it is; pydantic refuses such text wherever it has to look itself."""
    if isinstance(value, str) and not is_utf8(value):
        raise NotJson("it is not UTF-8", who=who, value=value, fix="Give text, or bytes for what is none.")
    return value


def _is_own_json(value: Any, annotation: Any) -> bool:
    kind = cast("type[Any]", type(value))
    if annotation is not kind and annotation is not Any:
        return False
    return kind in _PLAIN or (kind is float and math.isfinite(value))


def _refused(value: Any, annotation: Any, who: str, error: ValidationError) -> AuthoringError:
    message = error.errors(include_url=False)[0]["msg"]
    wanted, what = describe(annotation), f"{message[0].lower()}{message[1:]}"
    if value is None:
        return AuthoringError(
            f"{what}, and it is None", who=who, limit=wanted, fix=f"Annotate it `{wanted} | None`."
        )
    return AuthoringError(what, who=who, value=value, limit=wanted, fix="Give a value of that type.")
