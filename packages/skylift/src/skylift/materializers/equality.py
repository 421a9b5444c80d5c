"""Whether what was read back is what was written, types included."""

from __future__ import annotations

import math
from datetime import timedelta, tzinfo
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable

_BY_VALUE: Final = frozenset({int, str, bool, bytes, bytearray, type(None), UUID})


def same(one: Any, other: Any) -> bool:  # noqa: PLR0911 -- one branch per kind of value, flat
    """Deep equality: True is not 1, a tuple is no list, a dict has an order, and NaN equals NaN.

    Values of other types are the same when what pickle would store of them is. Of pydantic
    models the fields are compared, and not which of them were set. Raises what the values'
    own code raises, and `RecursionError` for a value that contains itself.
    """
    kind = cast("type[Any]", type(one))
    if kind is not type(other):
        return _same_zone(one, other)
    if one is other:
        return True
    if kind in _BY_VALUE:
        return one == other
    if kind is float:
        return _same_float(one, other)
    if issubclass(kind, Enum | type):  # members and classes are the same object or not
        return False
    if issubclass(kind, set | frozenset):
        return _same_sets(one, other)
    if kind in (list, tuple):
        return _same_items(one, other)
    if kind is dict:
        return _same_items(one.items(), other.items())
    return _same_state(one, other)


def _same_float(one: float, other: float) -> bool:
    if one != one or other != other:  # noqa: PLR0124 -- the test for NaN
        return one != one and other != other  # noqa: PLR0124
    return one == other and math.copysign(1, one) == math.copysign(1, other)


def _same_items(ones: Iterable[Any], others: Iterable[Any]) -> bool:
    first, second = list(ones), list(others)
    return len(first) == len(second) and all(map(same, first, second))


def _same_sets(ones: set[Any], others: set[Any]) -> bool:
    found = {item: item for item in others}
    return len(ones) == len(found) and all(item in found and same(item, found[item]) for item in ones)


def _same_state(one: Any, other: Any) -> bool:
    if hasattr(one, "__pydantic_private__"):
        names = ("__dict__", "__pydantic_extra__", "__pydantic_private__")
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    return same(_reduced(one), _reduced(other))


def _reduced(value: Any) -> Any:
    """What pickle stores: a callable and its arguments, the state, list items, dict items."""
    reduced = value.__reduce_ex__(4)
    if not isinstance(reduced, tuple):
        return reduced
    parts = cast("tuple[Any, ...]", reduced)
    return (*parts[:3], *(list(part) if part is not None else None for part in parts[3:5]))


def _same_zone(one: Any, other: Any) -> bool:
    """Fixed offsets are the same whoever made them; pydantic reads datetimes with its own class."""
    if not (isinstance(one, tzinfo) and isinstance(other, tzinfo)):
        return False
    offset: timedelta | None = one.utcoffset(None)
    return offset is not None and offset == other.utcoffset(None)
