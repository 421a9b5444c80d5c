from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from skylift_tests_support.round_trips import new_store

from skylift.authoring.signature import read_signature
from skylift.ledger.ledger import Ledger
from skylift.runtime import values
from skylift.runtime.active import ActiveRun
from skylift.runtime.values import check_type, load_arguments, save_outputs
from skylift_contract.errors import AuthoringError, DamagedObject, MaterializationError
from skylift_contract.snapshot import ArtifactRef, InputSource

np: Any = import_module("numpy")
pd: Any = import_module("pandas")
npt: Any = import_module("numpy.typing")

T = TypeVar("T")
WHO = "run r1, step 'train', output 'score'"


class Booster:
    pass


class Color(Enum):
    RED = 1


class Model(BaseModel):
    x: int


@dataclass
class Point:
    x: float


class Split(NamedTuple):
    train: int
    test: int


FITS: list[tuple[Any, Any]] = [
    (1, int),
    (1, float),
    (np.float64(1.5), float),
    (None, int | None),
    (None, None),
    (1, Any),
    ([1, 2], list[int]),
    ((1, 2), Sequence[int]),
    ({"a": [1]}, dict[str, list[int]]),
    ({"a": 1}, Mapping[str, Any]),
    (Booster(), Booster),
    ([Booster()], list[Booster]),
    (Booster(), Booster | None),
    (Model(x=1), Model),
    ([Model(x=1)], list[Model]),
    (Point(1.0), Point),
    (Split(1, 2), Split),
    (Color.RED, Color),
    ("a", Literal["a", "b"]),
    (Decimal(1), Decimal),
    (Path("x"), Path),
    (np.zeros(2), np.ndarray),
    (np.zeros(2), npt.NDArray[np.float64]),
    (pd.DataFrame({"a": [1]}), pd.DataFrame),
    (5, Annotated[int, Field(gt=0)]),
    ([1, "a"], list[int | str]),
    (len, Callable[..., Any]),
    ([1], Iterable[int]),
    ("anything", T),
    ("anything", object),
    ((1, 2, 3), tuple[int, ...]),
]


@pytest.mark.parametrize(("value", "annotation"), FITS)
def test_what_fits(value: Any, annotation: Any) -> None:
    check_type(value, annotation, WHO)


REFUSED: list[tuple[Any, Any, str]] = [
    (
        "0.5",
        float,
        (
            "it does not match its annotation: input should be a valid number (got '0.5', limit: float). "
            "Return that type, or change the annotation."
        ),
    ),
    (
        None,
        int,
        (
            "it does not match its annotation: input should be a valid integer (got None, limit: int). "
            "Return that type, or change the annotation."
        ),
    ),
    (
        True,
        int,
        (
            "it does not match its annotation: input should be a valid integer (got True, limit: int). "
            "Return that type, or change the annotation."
        ),
    ),
    (
        {"a": [1, "x"]},
        dict[str, list[int]],
        (
            "it does not match its annotation at ['a'][1]: input should be a valid integer "
            "(got 'x', limit: dict[str, list[int]]). Return that type, or change the annotation."
        ),
    ),
    (
        1.5,
        int | str,
        "it does not match its annotation (got 1.5, limit: int | str). Return that type, or change the annotation.",
    ),
    (
        [1, 2.5],
        list[int | str],
        (
            "it does not match its annotation at [1] (got 2.5, limit: list[int | str]). "
            "Return that type, or change the annotation."
        ),
    ),
    (
        -1,
        Annotated[int, Field(gt=0)],
        (
            "it does not match its annotation: input should be greater than 0 "
            "(got -1, limit: Annotated[int, FieldInfo(annotation=NoneType, required=True, metadata=[Gt(gt=0)])]). "
            "Return that type, or change the annotation."
        ),
    ),
    (
        3,
        Booster,
        (
            "it does not match its annotation: input should be an instance of Booster (got 3, limit: Booster). "
            "Return that type, or change the annotation."
        ),
    ),
    (
        (1, 2),
        Split,
        (
            "it does not match its annotation: input should be an instance of Split "
            "(got (1, 2), limit: Split). Return that type, or change the annotation."
        ),
    ),
    (
        {"x": 1},
        Model,
        (
            "it does not match its annotation: input should be an instance of Model "
            "(got {'x': 1}, limit: Model). Return that type, or change the annotation."
        ),
    ),
    (
        list(range(100)),
        dict[str, int],
        (
            "it does not match its annotation: input should be a valid dictionary "
            "(got a builtins.list, limit: dict[str, int]). Return that type, or change the annotation."
        ),
    ),
    (
        (1, 2, 3),
        tuple[int, int],
        (
            "it does not match its annotation: tuple should have at most 2 items after validation, not 3 "
            "(got (1, 2, 3), limit: tuple[int, int]). Return that type, or change the annotation."
        ),
    ),
]


@pytest.mark.parametrize(("value", "annotation", "sentence"), REFUSED)
def test_what_does_not_fit(value: Any, annotation: Any, sentence: str) -> None:
    with pytest.raises(MaterializationError) as caught:
        check_type(value, annotation, WHO)
    assert str(caught.value) == f"{WHO}: {sentence}"


NUMPY: list[tuple[Any, Any, str]] = [
    (np.int64(5), int, "Return int(…) of it, or annotate numpy's own type."),
    (np.bool_(True), bool, "Return bool(…) of it, or annotate numpy's own type."),
    ([np.float32(5)], list[float], "Return float(…) of it, or annotate numpy's own type."),
    (np.zeros(2), list[float], "Return .tolist() of it, or annotate numpy's own type."),
    (np.array(1.5), float, "Return float(…) of it, or annotate numpy's own type."),
]


@pytest.mark.parametrize(("value", "annotation", "fix"), NUMPY)
def test_numpys_values_are_not_pythons_and_the_fix_says_how(value: Any, annotation: Any, fix: str) -> None:
    with pytest.raises(MaterializationError, match="it does not match its annotation") as caught:
        check_type(value, annotation, WHO)
    assert caught.value.fix == fix


def test_a_frame_is_named_and_not_printed() -> None:
    with pytest.raises(MaterializationError, match=r"\(got a pandas\.[\w.]*DataFrame, limit: dict\)"):
        check_type(pd.DataFrame({"a": [1, 2]}), dict, WHO)


def test_a_value_that_cannot_be_shown_is_named() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(MaterializationError, match=r"\(got a .*Mute, limit: int\)"):
        check_type(Mute(), int, WHO)


@given(st.integers() | st.text() | st.none() | st.booleans() | st.lists(st.integers()))
def test_every_value_fits_its_own_type_and_no_other(value: Any) -> None:
    for kind in (int, str, bool, list[int], None):
        own = kind is None if value is None else type(value) is getattr(kind, "__origin__", kind)
        try:
            check_type(value, kind, WHO)
        except MaterializationError:
            assert not own
        else:
            assert own


def test_adapters_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import pydantic

    check_type([1], list[int], WHO)
    monkeypatch.setattr(pydantic, "TypeAdapter", None)
    check_type([2], list[int], WHO)
    assert values is import_module("skylift.runtime.values")


# Steps: what they return is stored, and loaded for those that come after.


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
        self.committed: dict[str, Mapping[str, ArtifactRef]] = {}

    @property
    def id(self) -> str:
        return "r1"

    def outputs_of(self, invocation: str) -> Mapping[str, ArtifactRef] | None:
        return self.committed.get(invocation)


def returned(run: FakeRun, function: Callable[..., Any], value: Any) -> None:
    """The function as a step that returned the value, and committed."""
    name = function.__name__
    step: Any = FakeStep(name)
    run.committed[name] = save_outputs(run, step, read_signature(function, name), value)


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
    assert set(run.committed["make"]) == {"model", "score"}
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
    assert run.committed["nothing"] == {}


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
