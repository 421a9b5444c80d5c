"""Random functions of dynamic pipelines, as data, and what they mean.

One interpreter goes through a program in one of two worlds: `Dynamic` makes the calls of a run,
`Plain` calls the steps' functions here and now. A program decides on loaded values only, so
both must see the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from skylift import get_step_context, pipeline, step, unmapped
from skylift_contract.errors import ConfigurationError, StepFailed

CALLED: list[tuple[str, str]] = []
"""Run and invocation of each call of a step's function in a run, in their order."""

INNER: list[Program] = []
"""What `inner` does, by its number."""

WITHIN: list[list[Any]] = []
"""What programs saw that others called; it counts where they succeeded, for a failure is not played again."""


def called() -> None:
    try:
        context = get_step_context()
    except ConfigurationError:
        return  # called plainly
    CALLED.append((context.run_id, context.invocation))


@step(enable_cache=False)
def double(x: int) -> int:
    called()
    return 2 * x % 1000


@step(enable_cache=False)
def add(x: int, y: int) -> int:
    called()
    return (x + y) % 1000


@step(enable_cache=False)
def picky(x: int) -> int:
    called()
    if x % 3 == 0:
        raise ValueError(f"not {x}")
    return x


@step(enable_cache=False)
def split(x: int) -> tuple[Annotated[int, "tens"], Annotated[int, "ones"]]:
    called()
    return x // 10, x % 10


@step(enable_cache=False)
def numbers(x: int) -> list[int]:
    called()
    return list(range(x % 4))


@step(enable_cache=False)
def total(xs: list[int]) -> int:
    called()
    return sum(xs) % 1000


@pipeline(dynamic=True)
def inner(which: int, x: int, xs: list[int]) -> Any:
    WITHIN.append([])
    return Interpreter(Dynamic(), WITHIN[-1]).play(INNER[which], x, xs)


STEPS: dict[str, Any] = {one.name: one for one in (double, add, picky, split, numbers, total)}


@dataclass(frozen=True)
class Calls:
    """A step with variables, called or submitted."""

    step: str
    submitted: bool
    of: tuple[int, int]


@dataclass(frozen=True)
class Load:
    of: int


@dataclass(frozen=True)
class LoadAll:
    of: int


@dataclass(frozen=True)
class Map:
    step: str
    over: int
    whole: int


@dataclass(frozen=True)
class Product:
    over: tuple[int, int]


@dataclass(frozen=True)
class Collect:
    of: tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    of: int
    body: Program


@dataclass(frozen=True)
class Branch:
    of: int
    body: Program
    otherwise: Program


@dataclass(frozen=True)
class Try:
    body: Program


@dataclass(frozen=True)
class Nest:
    which: int
    x: int
    xs: int


@dataclass(frozen=True)
class Raise:
    word: str


@dataclass(frozen=True)
class Return:
    """Gives back a variable, a list, or a pair of both."""

    what: str
    of: int


Statement: TypeAlias = (
    Calls | Load | LoadAll | Map | Product | Collect | Loop | Branch | Try | Nest | Raise | Return
)
Program: TypeAlias = tuple[Statement, ...]


class Returned(Exception):
    """Carries what a program gives back out of its loops."""


def items_of(value: Any) -> list[Any]:
    """Those of a list or a tuple; of anything else itself."""
    return list(value) if isinstance(value, list | tuple) else [value]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


class Dynamic:
    """The calls of the run that goes on."""

    failure = StepFailed

    def call(self, name: str, *arguments: Any) -> Any:
        return STEPS[name](*arguments)

    def submit(self, name: str, *arguments: Any) -> Any:
        made = STEPS[name].submit(*arguments)
        return tuple(made) if name == "split" else made

    def map(self, name: str, over: Any, whole: Any) -> Any:
        if name == "add":
            return add.map(over, unmapped(whole))
        made = STEPS[name].map(over)
        return made.unpack() if name == "split" else made

    def product(self, left: Any, right: Any) -> Any:
        return add.product(left, right)

    def nest(self, which: int, x: Any, xs: Any) -> Any:
        return inner(which, x, xs)

    def is_output(self, value: Any) -> bool:
        return hasattr(value, "load") and not isinstance(value, tuple)

    def load(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.load(item) for item in items_of(value)]
        return value.load() if hasattr(value, "load") else value


class Interpreter:
    """Goes through a program; `seen`: every value that was loaded, and every failure that was caught."""

    def __init__(self, world: Any, seen: list[Any]) -> None:
        self.world, self.seen = world, seen
        self.variables: list[Any] = []
        self.lists: list[Any] = []

    def play(self, program: Program, x: Any, xs: Any) -> Any:
        self.variables, self.lists = [x], [xs]
        try:
            self.run(program)
        except Returned as returned:
            return returned.args[0]
        return None

    def run(self, program: Program) -> None:
        for statement in program:
            getattr(self, f"_{type(statement).__name__.lower()}")(statement)

    def _variable(self, number: int) -> Any:
        return self.variables[number % len(self.variables)]

    def _list(self, number: int) -> Any:
        return self.lists[number % len(self.lists)]

    def _loaded(self, value: Any) -> Any:
        self.seen.append(self.world.load(value))
        return self.seen[-1]

    def _calls(self, one: Calls) -> None:
        make = self.world.submit if one.submitted else self.world.call
        if one.step == "total":
            self.variables.append(make(one.step, self._list(one.of[0])))
            return
        count = 2 if one.step == "add" else 1
        made = make(one.step, *(self._variable(number) for number in one.of[:count]))
        if one.step == "numbers":
            self.lists.append(made)
        else:
            self.variables.extend(items_of(made))

    def _load(self, one: Load) -> None:
        self.variables.append(self._loaded(self._variable(one.of)))

    def _loadall(self, one: LoadAll) -> None:
        self.lists.append(list(self._loaded(self._list(one.of))))

    def _map(self, one: Map) -> None:
        made = self.world.map(one.step, self._list(one.over), self._variable(one.whole))
        self.lists.extend(made if one.step == "split" else (made,))

    def _product(self, one: Product) -> None:
        over = [self._list(number) for number in one.over]
        self.lists.append(
            self.world.product(*(items_of(one)[:3] if isinstance(one, list | tuple) else one for one in over))
        )

    def _collect(self, one: Collect) -> None:
        found = [self._variable(number) for number in one.of]
        self.lists.append([value for value in found if self.world.is_output(value)])

    def _loop(self, one: Loop) -> None:
        for _ in range(self._loaded(self._variable(one.of)) % 3):
            self.run(one.body)

    def _branch(self, one: Branch) -> None:
        self.run(one.body if self._loaded(self._variable(one.of)) % 2 else one.otherwise)

    def _try(self, one: Try) -> None:
        try:
            self.run(one.body)
        except self.world.failure as error:
            self.seen.append((error.step, error.reason))

    def _nest(self, one: Nest) -> None:
        if one.which >= len(INNER):
            return
        depth = len(WITHIN)
        try:
            made = self.world.nest(one.which, self._variable(one.x), self._list(one.xs))
            self.seen.append(WITHIN[depth])
        finally:
            del WITHIN[depth:]
        if isinstance(made, tuple):
            value, values = made  # pyright: ignore[reportUnknownVariableType]
            self.variables.append(value)
            self.lists.append(values)
        elif isinstance(made, list):
            self.lists.append(made)
        elif made is not None:
            self.variables.append(made)

    def _raise(self, one: Raise) -> None:
        raise KeyError(one.word)

    def _return(self, one: Return) -> None:
        value, values = self._variable(one.of), self._list(one.of)
        if self.world.is_output(values):  # a step's list, which is one output
            values = self.world.load(values)
        found = {"variable": value, "list": values, "both": (value, values)}[one.what]
        raise Returned(list(found) if one.what == "list" else found)
