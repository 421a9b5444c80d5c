"""JSON through pydantic's TypeAdapter, proved to come back as it was.

Valid and deterministic JSON: the floats it has no word for are spelled, a set is sorted by
the JSON of its items, bytes are base64, and a dict keeps its order, which is part of it.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from skylift.materializers.equality import same

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class NoJsonForm(Exception):
    """The value would not come back from JSON as it is; the message says why."""


def adapter_of(annotation: Any) -> TypeAdapter[Any]:
    """A cached adapter; raises pydantic's own errors for what it cannot make one for."""
    try:
        return _cached(annotation)
    except TypeError:  # an annotation that cannot be hashed, such as one with a list in it
        return _adapter(annotation)


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    config = ConfigDict(ser_json_inf_nan="strings", ser_json_bytes="base64", val_json_bytes="base64")
    try:
        return TypeAdapter(annotation, config=config)
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":  # models and dataclasses bring their own
            raise
        return TypeAdapter(annotation)


_cached = lru_cache(maxsize=1024)(_adapter)


def to_form(value: Any, adapter: TypeAdapter[Any]) -> Any:
    """The value as plain JSON data.

    Raises `NoJsonForm` unless `from_form` gives the same value, types included.
    """
    try:
        form = _form(value, adapter)
        back = from_form(form, adapter)
        if same(value, back):
            return form
    except Exception as error:
        # Validators, serializers and comparisons are anybody's code, and may raise anything.
        raise NoJsonForm(_reason(error)) from error
    raise NoJsonForm("it would come back from JSON as another value or type")


def from_form(form: Any, adapter: TypeAdapter[Any]) -> Any:
    """`to_form`'s inverse; raises `pydantic.ValidationError`."""
    return adapter.validate_json(text(form))


def text(form: Any) -> bytes:
    """The bytes of plain JSON data; `ValueError` for NaN, infinities and lone surrogates."""
    return json.dumps(form, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _form(value: Any, adapter: TypeAdapter[Any]) -> Any:
    form = adapter.dump_python(value, mode="json", warnings="error")
    return _arranged(value, form)


def _arranged(value: Any, form: Any) -> Any:
    """Sort what came of sets and spell floats; a wrong guess about a custom form fails its proof."""
    if isinstance(form, float):
        return form if math.isfinite(form) else _spelled(form)
    if isinstance(form, dict):
        return _arranged_members(value, cast("dict[Any, Any]", form))
    if not isinstance(form, list):
        return form
    forms = cast("list[Any]", form)
    is_sized = isinstance(value, list | tuple | set | frozenset) and len(cast("list[Any]", value)) == len(
        forms
    )
    items: list[Any] = list(cast("list[Any]", value)) if is_sized else [None] * len(forms)
    arranged = list(map(_arranged, items, forms))
    return sorted(arranged, key=text) if isinstance(value, set | frozenset) else arranged


def _arranged_members(value: Any, form: dict[Any, Any]) -> dict[Any, Any]:
    if isinstance(value, dict) and len(cast("dict[Any, Any]", value)) == len(form):
        items = cast("dict[Any, Any]", value).values()
        return {key: _arranged(item, form[key]) for key, item in zip(form, items, strict=True)}
    return {
        key: _arranged(getattr(cast("object", value), str(key), None), member) for key, member in form.items()
    }


def _spelled(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _reason(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return error.errors(include_url=False)[0]["msg"]
    if str(error).startswith("Pydantic serializer warnings"):
        return "it is not what its annotation says"
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
