"""What listings are asked for: comparisons joined by AND, as far as google.aip.dev/160 is needed here."""

from __future__ import annotations

import re
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, Final

from skylift_vertex.emulator.protos import at, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PAGE: Final = 100
_ONE: Final = re.compile(r'([A-Za-z_][\w.-]*?)\s*(>=|<=|!=|=|>|<)\s*"([^"]*)"')
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": eq, "!=": ne, ">=": ge, "<=": le, ">": gt, "<": lt
}  # fmt: skip
_MOMENTS: Final = ("timestamp", "Time")


def matching(items: Sequence[Mapping[str, Any]], asked: str) -> list[Mapping[str, Any]]:
    """Those that a filter lets through; raises the service's INVALID_ARGUMENT for one that is none."""
    tests = [_test(part) for part in asked.split(" AND ")] if asked else []
    return [one for one in items if all(test(one) for test in tests)]


def page(items: Sequence[Mapping[str, Any]], query: Mapping[str, Any], field: str) -> dict[str, Any]:
    """One page of a listing, and the token of the next."""
    first = int(query.get("pageToken") or 0)
    last = first + int(query.get("pageSize") or PAGE)
    found: dict[str, Any] = {field: list(items[first:last])}
    return found | ({"nextPageToken": str(last)} if last < len(items) else {})


def _test(part: str) -> Callable[[Mapping[str, Any]], bool]:
    found = _ONE.fullmatch(part.strip())
    if found is None:
        raise invalid(f"Invalid filter: {part!r}.")
    path, operator, value = found.groups()
    first, _, rest = path.partition(".")
    keys = [_camel(first), *_rest(first, rest)]

    def test(item: Mapping[str, Any]) -> bool:
        told = at(item, keys)
        if told is None:
            return operator == "!="
        if keys[-1].endswith(_MOMENTS):
            return _OPERATORS[operator](datetime.fromisoformat(str(told)), datetime.fromisoformat(value))
        return _OPERATORS[operator](told, value)

    return test


def _rest(first: str, rest: str) -> list[str]:
    """A label's key is whole, dots and all."""
    if not rest:
        return []
    return [rest] if first == "labels" else rest.split(".")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
