"""Calling a pipeline's function with placeholders, and noting each call of a step."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skylift.authoring.handles import InvocationHandle, OutputHandle, OutputHandles
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from skylift.authoring.steps import StepFunction


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
    _used: dict[str, int] = field(default_factory=dict[str, int])

    def record(
        self, step: StepFunction[Any], arguments: Mapping[str, Any], after: object, id: str | None
    ) -> InvocationHandle | OutputHandle | OutputHandles:
        invocation = self._new_id(step.name, id)
        self.calls[invocation] = Call(invocation, step, arguments, invocations_in(after, step.who))
        return handles_of(step, invocation)

    def _new_id(self, name: str, asked: str | None) -> str:
        if asked is None:
            count = self._used.get(name, 0) + 1
            self._used[name] = count
            candidate = name if count == 1 else f"{name}_{count}"
            return candidate if candidate not in self.calls else self._new_id(name, None)
        if asked in self.calls:
            raise AuthoringError(
                "two calls have one id", who=f"pipeline {self.pipeline!r}", value=asked, fix="Choose another."
            )
        return asked


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


_ACTIVE: ContextVar[Trace | None] = ContextVar("skylift_trace", default=None)


def active() -> Trace | None:
    """The trace of the pipeline whose function is being called, if one is."""
    return _ACTIVE.get()


@contextmanager
def tracing(pipeline: str) -> Generator[Trace]:
    trace = Trace(pipeline)
    token = _ACTIVE.set(trace)
    try:
        yield trace
    finally:
        _ACTIVE.reset(token)
