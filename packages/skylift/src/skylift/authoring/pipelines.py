"""The `pipeline` decorator."""

from __future__ import annotations

import inspect
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from skylift.authoring import imports, trace
from skylift.authoring.options import PipelineOptions, changed
from skylift.authoring.signature import check_callable
from skylift.authoring.steps import StepFunction
from skylift_contract.errors import AuthoringError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class PipelineFunction:
    """A function that calls steps. Calling it runs it, or deploys its schedule.

    `entrypoint` is the function as it was written.
    """

    def __init__(self, function: Callable[..., Any], options: PipelineOptions) -> None:
        self.entrypoint, self.options = function, options
        self.who = f"pipeline {self.name!r}"
        if isinstance(function, StepFunction):
            raise AuthoringError(
                "it is a step already", who=self.who, fix="Call the step in a pipeline function."
            )
        check_callable(function, self.who)
        update_wrapper(self, function)

    @property
    def name(self) -> str:
        return self.options.name or getattr(self.entrypoint, "__name__", "pipeline")

    @property
    def file(self) -> Path | None:
        """Where its function stands; None for one of a notebook or a prompt."""
        found = inspect.getsourcefile(self.entrypoint)
        return Path(found) if found and Path(found).is_file() else None

    def with_options(self, **changes: Any) -> PipelineFunction:
        """The same pipeline with other options; see `pipeline` for them."""
        return PipelineFunction(self.entrypoint, changed(self.options, changes, self.who))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the pipeline and return its run; with a schedule, deploy that instead.

        Inside a static pipeline's function its steps become that pipeline's; inside a dynamic
        one's it is a run of its own, and gives what its function returns.
        """
        __tracebackhide__ = True  # for a notebook and pytest: the caller's line, not this one
        if (caller := trace.active()) is not None:
            return caller.nest(self, args, kwargs)
        if module := imports.under_way():
            raise AuthoringError(
                f"it is called while {module!r} is imported, so every process that imports it would run it",
                who=self.who,
                fix='Put the call below `if __name__ == "__main__":`.',
            )
        from skylift.launch.submit import launch

        try:
            return launch(self, self.bind(args, kwargs))
        except SkyliftError as error:
            # Its sentence is for whoever called; the way it came is ours, and hides theirs.
            raise error.with_traceback(None) from error.__cause__
        except Exception as error:
            error.__traceback__ = self._from_own_function(error)
            raise

    def __getattr__(self, name: str) -> Any:
        if name in {"submit", "map", "product"}:
            raise AuthoringError(
                f"a pipeline has no .{name}(): inside another its function runs where that one's does",
                who=self.who,
                fix="Call it plainly, and make what is to run side by side steps.",
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _from_own_function(self, error: Exception) -> TracebackType | None:
        """The way from the pipeline's function on; the whole one, where what failed is ours."""
        code, found = getattr(self.entrypoint, "__code__", None), error.__traceback__
        while found is not None and found.tb_frame.f_code is not code:
            found = found.tb_next
        return found or error.__traceback__

    def run_now(self, *args: Any, **kwargs: Any) -> Any:
        """Run once, now, whatever its schedule."""
        return self.with_options(schedule=None)(*args, **kwargs)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The parameters by name; raises `AuthoringError` when they do not fit."""
        signature = inspect.signature(self.entrypoint)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise AuthoringError(str(error), who=self.who, fix=f"It is {self.name}{signature}.") from None
        bound.apply_defaults()
        return dict(bound.arguments)

    def __repr__(self) -> str:
        return f"<pipeline {self.name!r}>"


@overload
def pipeline(function: Callable[..., Any], /) -> PipelineFunction: ...
@overload
def pipeline(
    function: None = None, /, **options: Any
) -> Callable[[Callable[..., Any]], PipelineFunction]: ...
def pipeline(
    function: Callable[..., Any] | None = None, /, **options: Any
) -> PipelineFunction | Callable[[Callable[..., Any]], PipelineFunction]:
    """Make a function a pipeline.

    Options: those of `step` but `runtime`, as defaults for its steps; `schedule`
    (Schedule); `execution_mode` (ExecutionMode); `dynamic`: run the function
    itself, so that it may decide on what steps made, and of that `max_concurrent_steps`; `tags`; `stack` and
    `orchestrator`, to run it elsewhere than on the active stack. Its `on_failure` and
    `on_success` are called once, when the run has ended.
    """

    def decorate(decorated: Callable[..., Any]) -> PipelineFunction:
        who = f"pipeline {getattr(decorated, '__name__', decorated)!r}"
        return PipelineFunction(decorated, changed(PipelineOptions(), options, who))

    return decorate if function is None else decorate(function)
