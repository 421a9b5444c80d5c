"""What a run called before: its function must call the same again, in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift_contract.errors import ReplayDiverged
from skylift_contract.snapshot import ArtifactRef, InputSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skylift_contract.snapshot import RecordedCall, Step


class Script:
    """The recorded calls, followed one by one; beyond them everything is new.

    Args:
        pipeline: Whose function it is.
        calls: In their order.
        committed: Those of them whose outputs are there, and must be made from the same.
    """

    def __init__(self, pipeline: str, calls: Sequence[RecordedCall], committed: frozenset[str]) -> None:
        self._who, self._calls, self._committed = f"pipeline {pipeline!r}", calls, committed
        self._next = 0

    def follow(self, step: Step) -> RecordedCall | None:
        """The record of a call; None for a new one. Raises `ReplayDiverged` for another than was recorded."""
        place, self._next = self._next, self._next + 1
        if place >= len(self._calls):
            return None
        recorded, name = self._calls[place], step.spec.invocation_id
        if recorded.invocation_id != name:
            raise self._diverged(
                f"call {place + 1} of its function is {name!r} now, and was {recorded.invocation_id!r}"
            )
        is_taken = name in self._committed or recorded.failure is not None
        if is_taken and (differences := list(_differences(recorded, step))):
            raise self._diverged(f"its function calls {name!r} with {'; '.join(differences)}")
        return recorded

    def end(self) -> None:
        """Raise `ReplayDiverged` where the function ended before a call that it made before."""
        if self._next < len(self._calls):
            missed = self._calls[self._next].invocation_id
            raise self._diverged(f"its function ended, and called {missed!r} next when it ran before")

    @property
    def place(self) -> int:
        """How many calls were made."""
        return self._next

    def _diverged(self, what: str) -> ReplayDiverged:
        return ReplayDiverged(
            what,
            who=self._who,
            fix="Have it decide on nothing but its parameters and what steps made (no time, no chance, no "
            "order of ending), give it the same parameters as before, and change of its source only what "
            "comes after; or start a new run.",
        )


def _differences(recorded: RecordedCall, step: Step) -> Iterator[str]:
    if recorded.source != step.spec.source:
        yield f"{step.spec.source} now, and with {recorded.source} before"
    before, now = (
        _shown(recorded.inputs, recorded.parameters),
        _shown(step.spec.inputs, step.config.parameters),
    )
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            yield f"{name}={now.get(name, 'nothing')} now, and with {before.get(name, 'nothing')} before"


def _shown(inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, str]:
    return {
        **{name: _source(given) for name, given in inputs.items()},
        **{n: repr(v) for n, v in parameters.items()},
    }


def _source(given: InputSource | ArtifactRef | tuple[InputSource, ...]) -> str:
    if isinstance(given, ArtifactRef):
        return f"a {given.type} ({given.digest[:12]})"
    if isinstance(given, InputSource):
        return f"{given.invocation}.{given.output}"
    return f"[{', '.join(map(_source, given))}]"
