"""What calls of steps give in a dynamic pipeline: no values yet, and values once they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Never, Protocol

from skylift.authoring.handles import InvocationHandle, NoValue, OutputHandle
from skylift.named import UnknownKey
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Called(Protocol):
    """A call that was made: what the futures of it ask.

    `given`: what the pipeline's function is given for it.
    """

    returns_many: bool
    outputs: tuple[Output, ...]

    @property
    def given(self) -> Any: ...

    def wait(self) -> None: ...

    def finish(self) -> None:
        """Wait; raise what became of it, unless it succeeded."""
        ...

    def load(self, output: str) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Output(OutputHandle):
    """One output of one call: pass it on to another step, or `load` its value."""

    call: Called = field(repr=False, kw_only=True)

    def wait(self) -> None:
        """Return when the step has ended, however it did."""
        self.call.wait()

    def result(self) -> Output:
        """Itself, once it is there; raises `StepFailed` where it never will be."""
        self.call.finish()
        return self

    def load(self) -> Any:
        """The value; waits for it, and raises `StepFailed` where the step failed."""
        return self.call.load(self.output)

    def _refuse(self, doing: str) -> Never:
        raise AuthoringError(
            f"it stands for what the step made, and is no value to {doing}",
            who=f"output {self.output!r} of step {self.invocation!r}",
            fix="Use its value: .load().",
        )


@dataclass(frozen=True, slots=True, eq=False)
class StepFuture(NoValue, InvocationHandle):
    """One call: what it will give, to be waited for, unpacked, or passed on to another step."""

    call: Called = field(repr=False)

    def wait(self) -> StepFuture:
        """Return when the step has ended, however it did."""
        self.call.wait()
        return self

    def result(self) -> Any:
        """What calling the step gives: an `Output`, a tuple of them, or None where it has none.

        Raises `StepFailed` where the step failed, or could not run.
        """
        self.call.finish()
        return self.call.given

    def load(self) -> Any:
        """The value, or a tuple of values; raises as `result` does."""
        found = [output.load() for output in self.outputs]
        self.call.finish()
        return tuple(found) if self.call.returns_many else (found[0] if found else None)

    @property
    def outputs(self) -> tuple[Output, ...]:
        return self.call.outputs

    def __getitem__(self, which: int | str) -> Output:
        """An output, by its number or by its name."""
        if not isinstance(which, int | str):  # pyright: ignore[reportUnnecessaryIsInstance] -- a slice of its value is meant
            self._refuse("index")
        if isinstance(which, int):
            try:
                return self.outputs[which]
            except IndexError:
                number = len(self.outputs)
                raise IndexError(
                    f"step {self.invocation!r} has {number} output{'s' * (number != 1)}; "
                    f"of its value, an item is .load()[{which}]"
                ) from None
        named = {output.output: output for output in self.outputs}
        if which not in named:
            raise UnknownKey("output", which, named, who=f"step {self.invocation!r}")
        return named[which]

    def __iter__(self) -> Iterator[Output]:
        if not self.call.returns_many:
            raise AuthoringError(
                "it is no tuple of outputs, to unpack or to loop over",
                who=f"step {self.invocation!r}",
                fix="Use its value: .load().",
            )
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)

    def _refuse(self, doing: str) -> Never:
        raise AuthoringError(
            f"it is no value to {doing}",
            who=f"future of step {self.invocation!r}",
            fix="Use its value: .load().",
        )


class MapFuture(tuple[StepFuture, ...]):  # noqa: SLOT001 -- a tuple's own class can have none
    """The calls of a `map` or a `product`, in the order of their items; each is a `StepFuture`.

    Passed on to another step it is the list of their outputs.
    """

    width: int = 1
    """How many outputs each call has, also where there is no call."""

    def wait(self) -> MapFuture:
        """Return when all of them have ended, however they did."""
        for future in self:
            future.wait()
        return self

    def result(self) -> list[Any]:
        """What each call gives; raises `StepFailed` for the first that failed."""
        return [future.result() for future in self]

    def load(self) -> list[Any]:
        """The value of each; raises as `result` does."""
        return [future.load() for future in self]

    def unpack(self) -> tuple[list[Output], ...]:
        """For a step with several outputs a list for each of them."""
        return tuple([future.outputs[number] for future in self] for number in range(self.width))
