"""Which step comes after which: pure."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Graph:
    """Names of steps, in an order in which they could run.

    Args:
        after: Each step, and the steps it waits for.

    Raises `UnknownName` where a step waits for none of these, and `ConfigurationError` for a circle.
    """

    def __init__(self, after: Mapping[str, Collection[str]]) -> None:
        for name, upstream in after.items():
            for one in upstream:
                if one not in after:
                    raise UnknownName("step", one, after, who=f"step {name!r}")
        self.after = {name: tuple(dict.fromkeys(upstream)) for name, upstream in after.items()}
        try:
            self.names = tuple(TopologicalSorter(self.after).static_order())
        except CycleError as error:
            circle = " → ".join(error.args[1])
            raise ConfigurationError(f"steps wait for each other: {circle}", who="graph") from error

    def ready(self, succeeded: set[str], begun: set[str]) -> list[str]:
        """What can start: not begun, and all it waits for has succeeded."""
        return [name for name in self.names if name not in begun and succeeded.issuperset(self.after[name])]

    def downstream(self, names: Collection[str]) -> set[str]:
        """All that waits for one of these, however far off."""
        found: set[str] = set()
        for name in self.names:  # in their order, so one look at each is enough
            if any(one in found or one in names for one in self.after[name]):
                found.add(name)
        return found
