"""What random programs mean: their steps' functions called here and now, with no run at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from skylift.authoring.trace import Ids
from skylift_tests_support.programs import INNER, STEPS, WITHIN, Interpreter, Program, items_of


@dataclass
class PlainCall:
    """What became of a call; `upstream`: those that made its inputs."""

    id: str
    status: str
    reason: str
    upstream: tuple[PlainCall, ...]
    is_noticed: bool = False

    @property
    def raised(self) -> str:
        return f"it was skipped: {self.reason}" if self.status == "skipped" else self.reason

    def failures(self) -> list[PlainCall]:
        """Itself, or those for whose failure it was skipped."""
        return (
            [self]
            if self.status == "failed"
            else [one for above in self.upstream for one in above.failures()]
        )

    def notice(self) -> None:
        self.is_noticed = True
        for one in self.upstream:
            if one.status != "completed":
                one.notice()


@dataclass(frozen=True)
class PlainOutput:
    call: PlainCall
    value: Any

    def load(self) -> Any:
        if self.call.status != "completed":
            self.call.notice()
            raise PlainFailure(self.call)
        return self.value


class PlainFailure(Exception):
    def __init__(self, call: PlainCall) -> None:
        self.step, self.reason, self.call = call.id, call.raised, call
        super().__init__(call)


@dataclass
class Plain:
    """Functions called here and now; what fails raises where it is awaited."""

    failure = PlainFailure
    calls: list[PlainCall] = field(default_factory=list[PlainCall])
    ids: Ids = field(default_factory=lambda: Ids("plain"))
    maps: Ids = field(default_factory=lambda: Ids("plain"))

    def call(self, name: str, *arguments: Any) -> Any:
        made = self.submit(name, *arguments)
        for one in items_of(made):
            self.load(one)
        return made

    def submit(self, name: str, *arguments: Any) -> Any:
        return self._made(name, self.ids.take(name), arguments)

    def _made(self, name: str, id: str, arguments: tuple[Any, ...]) -> Any:
        many, values = name == "split", (None, None)
        upstream = tuple(one.call for given in arguments for one in _outputs_in(given))
        call = self._noted(id, upstream)
        if call.status == "completed":
            try:
                made = STEPS[name].entrypoint(*map(_value_of, arguments))
                values = made if many else (made,)
            except ValueError as error:
                call.status, call.reason = "failed", f"ValueError: {error}"
        outputs = tuple(PlainOutput(call, value) for value in values)
        return outputs if many else outputs[0]

    def _noted(self, id: str, upstream: tuple[PlainCall, ...]) -> PlainCall:
        bad = next((one for one in upstream if one.status != "completed"), None)
        if bad is None:
            call = PlainCall(id, "completed", "", upstream)
        else:
            reason = bad.reason if bad.status == "skipped" else f"step {bad.id!r} failed"
            call = PlainCall(id, "skipped", reason, upstream)
        self.calls.append(call)
        return call

    def map(self, name: str, over: Any, whole: Any) -> Any:
        given = (whole,) if name == "add" else ()
        made = self._fanned(name, [(item, *given) for item in self._items(over)])
        return ([one[0] for one in made], [one[1] for one in made]) if name == "split" else made

    def product(self, left: Any, right: Any) -> Any:
        one, other = self._items(left), self._items(right)
        return self._fanned("add", [(x, y) for x in one for y in other])

    def _items(self, over: Any) -> list[Any]:
        return items_of(self.load(over) if isinstance(over, PlainOutput) else over)

    def _fanned(self, name: str, rows: list[tuple[Any, ...]]) -> list[Any]:
        base = self.maps.take(name)
        return [
            self._made(name, self.ids.take(name, f"map:{base}:{number}"), row)
            for number, row in enumerate(rows)
        ]

    def nest(self, which: int, x: Any, xs: Any) -> Any:
        name = self.ids.take("inner")
        call = self._noted(name, tuple(one.call for given in (x, xs) for one in _outputs_in(given)))
        world, returned = Plain(), None
        if call.status == "completed":
            taken = PlainCall("input", "completed", "", ())
            x, xs = _handed_on(x, taken), _handed_on(xs, taken)
            WITHIN.append([])
            returned, reason = world.end(INNER[which], x, xs, WITHIN[-1])
            if not reason and (
                lost := [one.call for one in _outputs_in(returned) if one.call.status != "completed"]
            ):
                reason = f"it returned an output of step {lost[0].id!r}, which {lost[0].status}"
            if reason:
                call.status, call.reason = "failed", reason
        PlainOutput(call, None).load()
        return _handed_on(returned, call)

    def end(self, program: Program, x: Any, xs: Any, seen: list[Any]) -> tuple[Any, str]:
        """What a program gives back, and why its run fails; empty where it completes."""
        try:
            returned = Interpreter(self, seen).play(program, x, xs)
        except PlainFailure as error:
            cause = min(error.call.failures(), key=self.calls.index)
            return None, f"step {cause.id!r}: {cause.reason}"
        except KeyError as error:
            return None, f"KeyError: {error}"
        missed = [call for call in self.calls if call.status == "failed" and not call.is_noticed]
        return returned, f"step {missed[0].id!r}: {missed[0].reason}" if missed else ""

    def is_output(self, value: Any) -> bool:
        return isinstance(value, PlainOutput)

    def load(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.load(item) for item in items_of(value)]
        return value.load() if isinstance(value, PlainOutput) else value


def _outputs_in(value: Any) -> list[PlainOutput]:
    if isinstance(value, list | tuple):
        return [one for item in items_of(value) for one in _outputs_in(item)]
    return [value] if isinstance(value, PlainOutput) else []


def _value_of(value: Any) -> Any:
    if isinstance(value, list):
        return [_value_of(item) for item in items_of(value)]
    return value.value if isinstance(value, PlainOutput) else value


def _handed_on(value: Any, call: PlainCall) -> Any:
    """Outputs of one run as those of a call of another."""
    if isinstance(value, list | tuple):
        made = [_handed_on(item, call) for item in items_of(value)]
        return made if isinstance(value, list) else tuple(made)
    return PlainOutput(call, value.value) if isinstance(value, PlainOutput) else value
