"""The order of a pipeline's calls."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from skylift_contract.errors import AuthoringError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_order(upstream: Mapping[str, tuple[str, ...]], who: str) -> tuple[str, ...]:
    """Invocation ids in topological order; ties keep the order of the calls.

    Raises `UnknownName` for an upstream that is not there, `AuthoringError` for a cycle,
    naming the steps on it.
    """
    for name, needed in upstream.items():
        for other in needed:
            if other not in upstream:
                raise UnknownName("step", other, upstream, who=f"{who}, step {name!r}, after")
    known: set[str] = set()
    for name, needed in upstream.items():
        if not known.issuperset(needed):
            return _sorted(upstream, who)
        known.add(name)
    return tuple(upstream)


def _sorted(upstream: Mapping[str, tuple[str, ...]], who: str) -> tuple[str, ...]:
    position = {name: i for i, name in enumerate(upstream)}
    sorter = TopologicalSorter(upstream)
    try:
        sorter.prepare()
    except CycleError as error:
        path = " → ".join(error.args[1])
        raise AuthoringError(
            f"its steps wait for each other: {path}", who=who, fix="Take one `after` away."
        ) from None
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=position.__getitem__)
        ordered.extend(ready)
        sorter.done(*ready)
    return tuple(ordered)
