"""The steps that a dynamic pipeline's function names, found without calling it.

What they ask for is checked before anything starts, and their sources are digested where the
source is at hand. A step that the function comes by in another way is checked when it is called.
"""

from __future__ import annotations

from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, cast

from skylift.authoring.pipelines import PipelineFunction
from skylift.authoring.steps import StepFunction
from skylift.source_text import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def steps_named_in(function: Callable[..., Any]) -> tuple[StepFunction[Any], ...]:
    """Those that it, or a function or a nested pipeline of its own package that it names, refers to."""
    walk = _Walk(function.__module__.partition(".")[0])
    walk.follow(function)
    return tuple(walk.steps)


class _Walk:
    def __init__(self, package: str) -> None:
        self.steps: dict[StepFunction[Any], None] = {}
        self._package = package
        self._been: set[int] = set()

    def follow(self, function: Any) -> None:
        if not isinstance(function, FunctionType) or id(function) in self._been:
            return
        self._been.add(id(function))
        names = set(names_in(function.__code__))
        for value in _values(names, function):
            self._note(value, names)

    def _note(self, value: Any, names: set[str]) -> None:
        if isinstance(value, StepFunction):
            self.steps[cast("StepFunction[Any]", value)] = None
        elif isinstance(value, PipelineFunction):
            self.follow(value.entrypoint)
        elif isinstance(value, ModuleType):
            is_ours = self._is_ours(value.__name__)
            for name in sorted(names & vars(value).keys()):
                found = vars(value)[name]
                is_plain = is_ours and not isinstance(found, ModuleType)
                if is_plain or isinstance(found, StepFunction | PipelineFunction):
                    self._note(found, names)
        elif self._is_ours(getattr(value, "__module__", None) or ""):
            self.follow(value)

    def _is_ours(self, module: str) -> bool:
        return module.partition(".")[0] == self._package


def _values(names: set[str], function: FunctionType) -> Iterator[Any]:
    for name in sorted(names & function.__globals__.keys()):
        yield function.__globals__[name]
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a cell that is empty
            continue
