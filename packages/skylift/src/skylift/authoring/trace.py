"""What a call of a step means while a pipeline's function runs.

Of a static pipeline each call is noted, and gives placeholders. A dynamic one runs them.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Never, Protocol

from skylift.authoring.handles import InvocationHandle, OutputHandle, OutputHandles
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction


class Caller(Protocol):
    """Takes the calls that the function of a pipeline makes; `after` and `id` as a step's call has them."""

    def call(self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None) -> Any:
        """A call whose outputs are wanted now."""
        ...

    def submit(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> Any:
        """A call that may run while the function goes on."""
        ...

    def map(self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None) -> Any:
        """A call for each item of the arguments that are lists, side by side."""
        ...

    def product(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> Any:
        """A call for each combination of items."""
        ...

    def nest(self, pipeline: PipelineFunction, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """A call of another pipeline."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a step: `arguments` holds values and handles, `after` ids."""

    invocation: str
    step: StepFunction[Any]
    arguments: Mapping[str, Any]
    after: tuple[str, ...]


@dataclass(slots=True)
class Trace:
    """The calls of one pipeline, in the order in which they were made."""

    pipeline: str
    calls: dict[str, Call] = field(default_factory=dict[str, Call])
    _ids: Ids = field(init=False)

    def __post_init__(self) -> None:
        self._ids = Ids(f"pipeline {self.pipeline!r}")

    def call(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> InvocationHandle | OutputHandle | OutputHandles:
        invocation = self._ids.take(step.name, id)
        self.calls[invocation] = Call(invocation, step, arguments, invocations_in(after, step.who))
        return handles_of(step, invocation)

    def submit(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> Never:
        self._refuse(step, "submit", arguments, after, id)

    def map(self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None) -> Never:
        self._refuse(step, "map", arguments, after, id)

    def product(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: Any, id: str | None
    ) -> Never:
        self._refuse(step, "product", arguments, after, id)

    def _refuse(self, step: StepFunction[Any], how: str, *_: object) -> Never:
        raise AuthoringError(
            f".{how}() is for dynamic pipelines, and pipeline {self.pipeline!r} is static: its graph is "
            "built before it runs, and what does not depend on each other runs side by side anyway",
            who=step.who,
            fix="Call the step plainly, or make it @pipeline(dynamic=True).",
        )

    def nest(self, pipeline: PipelineFunction, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Its steps become this pipeline's, so what it asks for itself would be lost."""
        options = pipeline.options
        asked = ("schedule", "settings", "environment", "secrets", "dynamic")
        if own := [name for name in asked if getattr(options, name)]:
            raise AuthoringError(
                f"inside another pipeline its own {', '.join(own)} would be dropped",
                who=pipeline.who,
                fix="Move them to the outer pipeline or to the steps, or make the outer one dynamic.",
            )
        return pipeline.entrypoint(*args, **kwargs)


class Ids:
    """The ids of one pipeline's calls: a step's name, then `name_2`, `name_3` and so on."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._taken: set[str] = set()
        self._used: dict[str, int] = {}

    def take(self, name: str, asked: str | None = None) -> str:
        """The next of a name, or the one asked for; raises `AuthoringError` for one that is taken."""
        if asked is None:
            count = self._used[name] = self._used.get(name, 0) + 1
            candidate = name if count == 1 else f"{name}_{count}"
            return self.take(name) if candidate in self._taken else self._note(candidate)
        if asked in self._taken:
            raise AuthoringError("two calls have one id", who=self._who, value=asked, fix="Choose another.")
        return self._note(asked)

    def _note(self, id: str) -> str:
        self._taken.add(id)
        return id


def handles_of(step: StepFunction[Any], invocation: str) -> InvocationHandle | OutputHandle | OutputHandles:
    signature = step.signature
    if not signature.outputs:
        return InvocationHandle(invocation)
    handles = [OutputHandle(invocation, out.name, out.annotation) for out in signature.outputs]
    return OutputHandles(handles) if signature.returns_many else handles[0]


def invocations_in(after: object, who: str) -> tuple[str, ...]:
    """The ids that `after=` names: one, or a list, of ids and of what calls returned."""
    if after is None:
        return ()
    if isinstance(after, str):
        return (after,)
    if isinstance(after, InvocationHandle | OutputHandle):
        return (after.invocation,)
    if isinstance(after, list | tuple):
        found: list[Any] = list(after)  # pyright: ignore[reportUnknownArgumentType] -- whatever was given is looked at
        return tuple(dict.fromkeys(name for item in found for name in invocations_in(item, who)))
    raise AuthoringError(
        "`after` takes what calls of steps returned, or ids", who=who, value=after, fix="Pass those."
    )


_ACTIVE: ContextVar[Caller | None] = ContextVar("skylift_trace", default=None)


def active() -> Caller | None:
    """Who takes the calls of the pipeline whose function is being called, if one is."""
    return _ACTIVE.get()


_TAKEN: Final[list[Caller]] = []
"""Of the functions of pipelines that are being called, in whichever thread."""


def is_elsewhere() -> bool:
    """Whether the function of a pipeline is being called, though perhaps not here."""
    return bool(_TAKEN)


@contextmanager
def taking_calls(caller: Caller | None) -> Generator[None]:
    """Have somebody take the calls that are made meanwhile; None while a step's own code runs."""
    token = _ACTIVE.set(caller)
    taken = [caller] if caller is not None else []
    _TAKEN.extend(taken)
    try:
        yield
    finally:
        for one in taken:
            _TAKEN.remove(one)
        _ACTIVE.reset(token)


@contextmanager
def tracing(pipeline: str) -> Generator[Trace]:
    trace = Trace(pipeline)
    with taking_calls(trace):
        yield trace
