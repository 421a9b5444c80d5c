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

from skylift.runtime.checks import check_type
from skylift_contract.errors import MaterializationError

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
