"""What stands for a step's outputs while a pipeline is traced: no value yet, only a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Never

from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, eq=False)
class InvocationHandle:
    """A call of a step that has no outputs: good for `after=`, and for nothing else."""

    invocation: str


class NoValue:
    """What stands for a value refuses to be used as one; for lists and sets of them it is itself."""

    __slots__ = ()

    def _refuse(self, doing: str) -> Never:
        """Raise `AuthoringError`; each kind of these names itself, and the way to a value."""
        raise NotImplementedError

    def __bool__(self) -> bool:  # noqa: PLE0304 -- never returns
        self._refuse("decide on")

    def __eq__(self, other: object) -> bool:
        return self is other if isinstance(other, NoValue) else self._refuse("compare")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: object) -> bool:
        self._refuse("compare")

    __le__ = __gt__ = __ge__ = __lt__

    __hash__ = object.__hash__

    def __add__(self, other: object) -> Any:
        self._refuse("calculate with")

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __add__

    def __index__(self) -> int:  # noqa: PLE0305 -- never returns
        self._refuse("count with")

    def __float__(self) -> float:
        self._refuse("calculate with")

    __int__ = __index__

    def __format__(self, spec: str) -> str:
        self._refuse("put into text")

    def __str__(self) -> str:  # noqa: PLE0307 -- never returns
        self._refuse("put into text")


@dataclass(frozen=True, slots=True, eq=False)
class OutputHandle(NoValue):
    """One output of one call of a step."""

    invocation: str
    output: str
    annotation: Any = None

    def _refuse(self, doing: str) -> Never:
        raise AuthoringError(
            f"a static pipeline is built before it runs, so there is no value yet to {doing}",
            who=f"output {self.output!r} of step {self.invocation!r}",
            fix="Do it inside a step, and pass this output to that.",
        )

    def __len__(self) -> int:  # noqa: PLE0303 -- never returns
        self._refuse("take the length of")

    def __iter__(self) -> Iterator[Any]:
        self._refuse("unpack or loop over (a step with several outputs returns tuple[...])")

    def __getitem__(self, key: object) -> Any:
        self._refuse("index")

    def load(self) -> Any:
        self._refuse("load")


class OutputHandles(tuple[OutputHandle, ...]):
    """The outputs of one call of a step that returns several, in their order."""

    __slots__ = ()


def check_none_within(value: object, who: str) -> None:
    """Refuse what holds a step's output somewhere inside, where nobody would put the value in its place."""
    if (found := next(handles_within(value), None)) is not None:
        raise AuthoringError(
            f"what step {found.invocation!r} made is inside a {type(value).__name__}, and would not be "
            "replaced by its value there",
            who=who,
            fix="Pass it as an input of its own, or as a list of outputs.",
        )


def handles_within(value: object) -> Iterator[InvocationHandle | OutputHandle]:
    """Those in nested lists, tuples, sets and dicts; what holds itself is looked at once."""
    left, seen = [value], set[int]()
    while left:
        one: Any = left.pop()
        if isinstance(one, InvocationHandle | OutputHandle):
            yield one
        elif not isinstance(one, dict | list | tuple | set | frozenset):
            continue
        elif id(one) not in seen:  # pyright: ignore[reportUnknownArgumentType] -- whatever was given is looked at
            seen.add(id(one))  # pyright: ignore[reportUnknownArgumentType]
            left.extend(one)  # pyright: ignore[reportUnknownArgumentType]
            left.extend(one.values() if isinstance(one, dict) else ())  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
