"""JSON for whatever pydantic can write and read back.

Plain data (None, bool, int, float, text, and lists and dicts of them) is its own JSON and
needs no adapter. For the rest the type is kept in the record: the annotation, else one that
is read off the value; whichever is first proved to bring the very value back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Union, cast, get_origin

from skylift.materializers.base import BaseMaterializer, NewFiles, StoredFiles
from skylift_contract.errors import MaterializationError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "value.json"
MOST_KINDS: Final = 8
"""Types in one container that are still told apart; more is no structure, but a bag."""

_SCALARS: Final = frozenset({int, str, bool, type(None)})


class JsonMaterializer(BaseMaterializer):
    """`value.json`; `details["type"]` where the JSON alone does not say it."""

    def save(self, value: Any, annotation: Any, files: NewFiles) -> Mapping[str, Any] | None:
        from skylift.materializers.json_form import text

        try:
            if is_plain(value):
                files.write(NAME, text(value))
                return None
            named, form = _typed(value, annotation)
            _refuse_paths(named)
            files.write(NAME, text(form))
        except RecursionError as error:
            raise MaterializationError("it contains itself, or is nested too deeply for JSON") from error
        except ValueError as error:  # lone surrogates, and numbers of thousands of digits
            raise MaterializationError(f"it has no JSON: {error}") from error
        return {"type": named}

    def load(self, files: StoredFiles, details: Mapping[str, Any], annotation: Any) -> Any:
        data = files.read(NAME)
        if "type" not in details:
            return json.loads(data)
        from pydantic import ValidationError

        from skylift.materializers.json_form import adapter_of

        kind = _stored_type(details["type"], annotation)
        try:
            return adapter_of(kind).validate_json(data)
        except ValidationError as error:
            raise MaterializationError(
                f"the stored data does not fit its type as that is here: {error.errors()[0]['msg']}",
                fix="Read it with the version of the type that it was saved with.",
            ) from error


def _refuse_paths(named: Any) -> None:
    """A path alone is stored with its files; in a list it would be a name that only this machine knows."""
    if '"pathlib:' in json.dumps(named):
        raise MaterializationError(
            "a path in a list or dict would be stored without the files it names",
            fix="Return each Path as an output of its own, or text for a place that every step can reach.",
        )


def is_plain(value: Any) -> bool:
    """Whether `json.loads` of its JSON is the very value; raises `RecursionError` for one in itself."""
    kind = cast("type[Any]", type(value))
    if kind in _SCALARS:
        return True
    if kind is float:
        return math.isfinite(value)
    if kind is dict:
        return all(type(key) is str for key in value) and _all_plain(value.values())
    return kind is list and _all_plain(value)


def _all_plain(values: Iterable[Any]) -> bool:
    return set(map(type, values)) <= _SCALARS or all(map(is_plain, values))


def _typed(value: Any, annotation: Any) -> tuple[Any, Any]:
    """The encoded type and the JSON form of a value, by the first type that is proved."""
    from pydantic import PydanticUserError

    from skylift.materializers.json_form import NoJsonForm, adapter_of, to_form
    from skylift.materializers.type_names import Unnameable, decode, encode

    if isinstance(value, Iterator):
        raise MaterializationError("reading an iterator uses it up")
    reason = ""
    for candidate in _types(value, annotation):
        try:
            named = encode(candidate)
            return named, to_form(value, adapter_of(decode(named)))
        except (Unnameable, NoJsonForm) as error:
            reason = str(error)
        except (PydanticUserError, MaterializationError, TypeError, NameError) as error:
            reason = str(error).partition("\n")[0]
    raise MaterializationError(reason or f"it has no plain structure of at most {MOST_KINDS} types")


def _types(value: Any, annotation: Any) -> Iterator[Any]:
    if annotation is not Any:
        yield annotation
    if (read_off := type_of(value)) is not Any:
        yield read_off


def type_of(value: Any) -> Any:
    """The annotation that a value would have had: of a list of ints, `list[int]`; `Any` for a bag."""
    kind = cast("type[Any]", type(value))
    if kind in (list, set, frozenset):
        return _generic(kind, _kinds(value))
    if kind is dict:
        return _generic(kind, _kinds(value), _kinds(value.values()))
    if kind is tuple and len(value) > MOST_KINDS:
        return _row(value)
    return _generic(kind, *({type_of(item)} for item in value)) if kind is tuple else kind


def _row(value: tuple[Any, ...]) -> Any:
    item = _union(_kinds(value))
    return Any if item is Any else tuple[item, ...]


def _kinds(values: Iterable[Any]) -> set[Any]:
    """The items' types, in no order; `{Any}` for too many."""
    kinds = {type_of(value) for value in values}
    return kinds if len(kinds) <= MOST_KINDS else {Any}


def _generic(kind: Any, *arguments: Iterable[Any]) -> Any:
    unions = [_union(kinds) for kinds in arguments]
    if Any in unions:
        return Any
    return kind[tuple(unions)] if unions and None not in unions else kind


def _union(kinds: Iterable[Any]) -> Any:
    """One annotation for several, in an order that does not depend on the process; None for none."""
    found = set(kinds)
    # An empty list fits wherever a list of something is told of.
    ordered = sorted(found - {get_origin(kind) for kind in found if get_origin(kind) is not tuple}, key=str)
    if Any in ordered:
        return Any
    return Union[tuple(ordered)] if ordered else None  # noqa: UP007 -- of a number known only here


def _stored_type(named: Any, annotation: Any) -> Any:
    """The type that the record names; where it is not to be had here, the reader's own will do."""
    from skylift.materializers.type_names import decode

    try:
        return decode(named)
    except MaterializationError:
        if annotation is Any:
            raise
        return annotation
