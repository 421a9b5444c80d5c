"""Steps: what they return is stored, and loaded for those that come after."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import pytest
from skylift_tests_support.round_trips import new_store

from skylift.authoring.signature import read_signature
from skylift.ledger.ledger import Ledger
from skylift.runtime.active import ActiveRun
from skylift.runtime.values import load_arguments, save_outputs
from skylift_contract.errors import AuthoringError, DamagedObject, MaterializationError
from skylift_contract.snapshot import ArtifactRef, InputSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class Point:
    x: float


class Split(NamedTuple):
    train: int
    test: int


class FakeConfig:
    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters


class FakeSpec:
    def __init__(self, invocation: str, inputs: dict[str, Any]) -> None:
        self.invocation_id, self.inputs = invocation, inputs


class FakeStep:
    """As much of a `Step` as matters here."""

    def __init__(self, invocation: str, inputs: dict[str, Any] | None = None, **parameters: Any) -> None:
        self.spec, self.config = FakeSpec(invocation, inputs or {}), FakeConfig(parameters)


class FakeRun(ActiveRun):
    """A run whose results are given."""

    def __init__(self) -> None:
        store: Any = new_store()
        self.ledger = Ledger(store)
        self.made: dict[str, Mapping[str, ArtifactRef]] = {}

    @property
    def id(self) -> str:
        return "r1"

    def outputs_of(self, invocation: str) -> Mapping[str, ArtifactRef] | None:
        return self.made.get(invocation)


def returned(run: FakeRun, function: Callable[..., Any], value: Any) -> None:
    """The function as a step that returned the value, and committed."""
    name = function.__name__
    step: Any = FakeStep(name)
    run.made[name] = save_outputs(run, step, read_signature(function, name), value)


def arguments(
    run: FakeRun, function: Callable[..., Any], inputs: dict[str, Any], **parameters: Any
) -> dict[str, Any]:
    step: Any = FakeStep(function.__name__, inputs, **parameters)
    return load_arguments(run, step, read_signature(function, "step"))


def source(invocation: str, output: str = "output") -> InputSource:
    return InputSource(invocation=invocation, output=output)


def make() -> tuple[Annotated[Point, "model"], Annotated[float, "score"]]: ...  # pyright: ignore[reportReturnType]
def single() -> Split: ...  # pyright: ignore[reportReturnType]
def nothing() -> None: ...
def untyped():  # type: ignore[no-untyped-def]
    ...


def take(data: Any) -> None: ...
def use(
    model: Point, score: Any, every: list[float], depth: int = 6, limit: Decimal | None = None
) -> None: ...


def test_outputs_become_arguments() -> None:
    run = FakeRun()
    returned(run, make, (Point(1.5), 0.25))
    assert set(run.made["make"]) == {"model", "score"}
    inputs = {
        "model": source("make", "model"),
        "score": source("make", "score"),
        "every": (source("make", "score"), source("make", "score")),
    }
    found = arguments(run, use, inputs, limit="1.50")
    assert found == {"model": Point(1.5), "score": 0.25, "every": [0.25, 0.25], "limit": Decimal("1.50")}


def test_one_output_that_is_a_tuple() -> None:
    run = FakeRun()
    returned(run, single, Split(1, 2))
    (value,) = arguments(run, take, {"data": source("single")}).values()
    assert value == Split(1, 2)
    assert type(value) is Split


def test_a_step_without_outputs() -> None:
    run = FakeRun()
    returned(run, nothing, None)
    assert run.made["nothing"] == {}


def test_what_is_not_annotated_is_stored_as_it_is() -> None:
    run = FakeRun()
    returned(run, untyped, {"a": (1, None)})
    assert arguments(run, take, {"data": source("untyped")}) == {"data": {"a": (1, None)}}


@pytest.mark.parametrize(
    ("function", "value", "sentence"),
    [
        (
            nothing,
            5,
            "it returned a value, and is annotated to return None (got 5). Annotate what it returns.",
        ),
        (
            make,
            (Point(1.0),),
            "it is annotated to return 2 outputs (model, score) (got 1: (Point(x=1.0),)). Return a tuple of that many.",
        ),
        (
            make,
            (1, 2, 3),
            "it is annotated to return 2 outputs (model, score) (got 3: (1, 2, 3)). Return a tuple of that many.",
        ),
        (
            make,
            [1, 2],
            "it is annotated to return 2 outputs (model, score) (got [1, 2]). Return a tuple of that many.",
        ),
        (
            make,
            None,
            "it is annotated to return 2 outputs (model, score) (got None). Return a tuple of that many.",
        ),
    ],
)
def test_what_is_not_what_was_announced(function: Any, value: Any, sentence: str) -> None:
    run = FakeRun()
    with pytest.raises(MaterializationError) as caught:
        returned(run, function, value)
    assert str(caught.value) == f"run r1, step '{function.__name__}': {sentence}"


def test_nothing_is_stored_unless_every_output_fits() -> None:
    run = FakeRun()
    with pytest.raises(
        MaterializationError, match=r"^run r1, step 'make', output 'score': it does not match"
    ):
        returned(run, make, (Point(1.0), "high"))
    assert run.ledger.store.list("") == []


def test_an_input_that_was_not_committed() -> None:
    with pytest.raises(DamagedObject) as caught:
        arguments(FakeRun(), take, {"data": source("make", "model")})
    assert str(caught.value) == (
        "run r1, step 'make', output 'model': it was not committed. Run the step that makes it first."
    )


def test_a_parameter_that_does_not_fit_any_more() -> None:
    with pytest.raises(
        AuthoringError, match=r"^run r1, step 'use', input 'depth': input should be a valid integer"
    ):
        arguments(FakeRun(), use, {}, depth=[1])
