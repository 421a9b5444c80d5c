"""Values of globals that a function uses, where they are plain data: they stand in no source.

A module may take them from its environment or the command line, and others may set them:
`settings.DEPTH = 50`. They are followed through the project's own functions, classes and
modules, as far as these are referred to by name.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from skylift.authoring.steps import StepFunction
from skylift.source_text import names_in
from skylift_contract.canonical import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ROOM: Final = 65_536
"""Characters and items of one value: what is larger is data, and its digest would cost more than it tells."""
DEEPEST: Final = 20
_ATOMS: Final = frozenset[Any]({int, float, bool, type(None)})


class NotPlain(Exception):
    """A value of other types than are compared, or too large."""


def values_used(
    function: FunctionType, is_ours: Callable[[str], bool], roots: Sequence[Path]
) -> dict[str, str]:
    """Name → digest of the value that it has now; names of other modules begin with theirs.

    `is_ours`: whether a module of that name is followed. `roots`: folders of the project, which
    may lie elsewhere on another machine: a text that begins with one counts without it.
    """
    walk = _Walk(function.__module__, is_ours, [f"{root}/" for root in roots])
    walk.function(function)
    return dict(sorted(walk.found.items()))


class _Walk:
    """What has been found so far, and where it has been looked."""

    def __init__(self, own: str, is_ours: Callable[[str], bool], roots: Sequence[str]) -> None:
        self.found: dict[str, str] = {}
        self._own, self._is_ours, self._roots = own, is_ours, roots
        self._been: dict[tuple[int, int], object] = {}  # what is kept alive keeps its id

    def function(self, function: FunctionType) -> None:
        """Whatever it refers to by name, and what it encloses."""
        if self._has_been(function, function):
            return
        names, place = set(names_in(function.__code__)), function.__globals__.get("__name__", self._own)
        for name in names & function.__globals__.keys():
            self._use(place, name, function.__globals__[name], names)
        for cell in function.__closure__ or ():
            try:
                self._definition(cell.cell_contents)
            except ValueError:  # a cell that is empty
                continue

    def _has_been(self, place: object, asked: object) -> bool:
        key = id(place), id(asked)
        known = key in self._been
        self._been[key] = place, asked
        return known

    def _use(self, place: str, name: str, value: Any, names: set[str]) -> None:
        if isinstance(value, ModuleType):
            if self._is_ours(value.__name__) and not self._has_been(value, names):
                for used in names & vars(value).keys():
                    self._use(value.__name__, used, vars(value)[used], names)
        elif not self._definition(value) and not name.rpartition(".")[2].startswith("__"):
            self._note(name if place == self._own else f"{place}.{name}", value)

    def _definition(self, value: Any) -> bool:
        """Follow a function or a class; False for anything else."""
        if isinstance(value, StepFunction):
            value = cast("StepFunction[Any]", value).entrypoint
        if isinstance(value, FunctionType):
            if self._is_ours(value.__globals__.get("__name__", "")):
                self.function(value)
        elif isinstance(value, type):
            self._class(cast("type[Any]", value))
        else:
            return False
        return True

    def _class(self, kind: type[Any]) -> None:
        for base in kind.__mro__:
            if not self._is_ours(base.__module__) or self._has_been(base, base):
                continue
            for name, member in list(vars(base).items()):
                function = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
                if not isinstance(function, type):
                    self._use(base.__module__, f"{base.__qualname__}.{name}", function, set())

    def _note(self, name: str, value: Any) -> None:
        try:
            self.found[name] = digest(repr(self._plain(value, [ROOM], 0)).encode())
        except (NotPlain, ValueError):  # an integer may be too long to be written
            return

    def _plain(self, value: Any, room: list[int], depth: int) -> Any:
        """The value without the project's own folder; exact types only, so that `repr` tells all of it."""
        kind = cast("type[Any]", type(value))
        room[0] -= 1 + (len(value) if kind in {str, bytes} else 0)
        if room[0] < 0 or depth > DEEPEST:
            raise NotPlain
        if kind in _ATOMS or kind is bytes:
            return value
        if kind is str:
            return next((value[len(root) :] for root in self._roots if value.startswith(root)), value)
        if kind in {list, tuple}:
            return [kind.__name__, *(self._plain(item, room, depth + 1) for item in value)]
        if kind is dict:
            return [
                "dict",
                *(
                    (self._plain(key, room, depth + 1), self._plain(item, room, depth + 1))
                    for key, item in list(value.items())
                ),
            ]
        raise NotPlain
