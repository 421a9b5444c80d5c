"""The `step` decorator."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from skylift.authoring import trace
from skylift.authoring.options import StepOptions, changed
from skylift.authoring.signature import StepSignature, check_callable, check_words, read_signature
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.authoring.futures import MapFuture, StepFuture

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Unmapped:
    value: Any


def unmapped(value: Any) -> Any:
    """An argument of `map` or `product` that every call is given whole, though it is a list."""
    return Unmapped(value)


class StepFunction(Generic[R]):
    """A function that can be a step; call it inside a pipeline's function.

    `entrypoint` is the function as it was written, for tests and for plain calls.
    """

    def __init__(self, function: Callable[..., R], options: StepOptions) -> None:
        self.entrypoint, self.options = function, options
        self.who = f"step {self.name!r}"
        check_callable(function, self.who)
        check_words(function, self.who)
        update_wrapper(self, function)

    @property
    def name(self) -> str:
        return self.options.name or getattr(self.entrypoint, "__name__", "step")

    @cached_property
    def signature(self) -> StepSignature:
        return read_signature(self.entrypoint, self.who)

    @cached_property
    def _parameters(self) -> inspect.Signature:
        return inspect.signature(self.entrypoint)

    def with_options(self, **changes: Any) -> StepFunction[R]:
        """The same step with other options; see `step` for them."""
        return StepFunction(self.entrypoint, changed(self.options, changes, self.who))

    def __call__(self, *args: Any, after: Any = None, id: str | None = None, **kwargs: Any) -> R:
        """Add a call of this step to the pipeline being built, and return its outputs.

        In a dynamic pipeline it runs now.

        `after`: what must have run before, besides what the inputs come from. `id`: the
        invocation's id; by default the step's name, and then `name_2`, `name_3` and so on.
        """
        return cast("R", self._caller().call(self, self.bind(args, kwargs), after, id))

    def submit(self, *args: Any, after: Any = None, id: str | None = None, **kwargs: Any) -> StepFuture:
        """Start a call in a dynamic pipeline, and go on; what it returns is a `StepFuture`."""
        return self._caller().submit(self, self.bind(args, kwargs), after, id)

    def map(self, *args: Any, after: Any = None, id: str | None = None, **kwargs: Any) -> MapFuture:
        """In a dynamic pipeline, a call for each item of the arguments that are lists, side by side.

        Lists are of one length; `unmapped(value)`, and what is no list, goes to each call whole.
        The calls are `map:<step>:0`, `map:<step>:1`, …; `id` stands for the step there.
        """
        return self._caller().map(self, self.bind(args, kwargs), after, id)

    def product(self, *args: Any, after: Any = None, id: str | None = None, **kwargs: Any) -> MapFuture:
        """As `map`, for each combination of items; the last argument's changes fastest."""
        return self._caller().product(self, self.bind(args, kwargs), after, id)

    def _caller(self) -> trace.Caller:
        current = trace.active()
        if current is None:
            raise self._uncalled()
        return current

    def _uncalled(self) -> AuthoringError:
        """Why nobody takes a call of it here."""
        from skylift.runtime.context import is_in_step

        plainly = f"{self.name}.entrypoint(...)"
        if is_in_step():
            what, fix = "it was called inside a step", f"Call it in the pipeline's function; here, {plainly}."
        elif trace.is_elsewhere():
            what = "it was called in a thread, and the calls of a pipeline are made in its function's own"
            fix = "Call it there: .submit() and .map() run side by side."
        else:
            what = "it was called outside a pipeline"
            fix = f"Call it in a @pipeline function, or {plainly} to run it plainly."
        return AuthoringError(what, who=self.who, fix=fix)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name; raises `AuthoringError` when they do not fit."""
        try:
            return dict(self._parameters.bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise AuthoringError(
                str(error), who=self.who, fix=f"It is {self.name}{self._parameters}."
            ) from None

    def __repr__(self) -> str:
        return f"<step {self.name!r}>"


@overload
def step(function: Callable[..., R], /) -> StepFunction[R]: ...
@overload
def step(function: None = None, /, **options: Any) -> Callable[[Callable[..., R]], StepFunction[R]]: ...
def step(
    function: Callable[..., R] | None = None, /, **options: Any
) -> StepFunction[R] | Callable[[Callable[..., R]], StepFunction[R]]:
    """Make a function a step.

    Options: `name`; `settings` ({"resources": ResourceSettings, "docker": DockerSettings,
    "orchestrator.<flavor>": …}); `retry` (StepRetryConfig); `timeout` (seconds or a
    timedelta); `enable_cache` (on unless False); `cache_policy` (CachePolicy); `environment`
    (name → value); `secrets` (["DB_PASSWORD"], or where it is, ["DB_PASSWORD=env:OTHER"]:
    environment variables of the step while it runs, hidden from its output and in no record);
    `on_failure`, `on_success` (functions); `runtime` ("inline" or "isolated", in dynamic
    pipelines).
    """

    def decorate(decorated: Callable[..., R]) -> StepFunction[R]:
        who = f"step {getattr(decorated, '__name__', decorated)!r}"
        return StepFunction(decorated, changed(StepOptions(), options, who))

    return decorate if function is None else decorate(function)
