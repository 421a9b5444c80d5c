from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypedDict

import pytest
import typing_extensions
from pydantic import Field

from skylift.authoring.signature import Output, describe, read_signature
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from fractions import Fraction


class Pair(NamedTuple):
    left: int
    right: int


def _none() -> None: ...


_untyped: Any = eval("lambda x, y=2: None")


def _single() -> int: ...  # pyright: ignore[reportReturnType]
def _named() -> Annotated[int, "count"]: ...  # pyright: ignore[reportReturnType]
def _many() -> tuple[Annotated[int, "count"], str]: ...  # pyright: ignore[reportReturnType]
def _open_tuple() -> tuple[int, ...]: ...  # pyright: ignore[reportReturnType]
def _pair() -> Pair: ...  # pyright: ignore[reportReturnType]
def _twice() -> tuple[Annotated[int, "a"], Annotated[int, "a"]]: ...  # pyright: ignore[reportReturnType]
def _constrained() -> Annotated[int, "count", Field(gt=0)]: ...  # pyright: ignore[reportReturnType]
def _hidden() -> Fraction: ...  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize(
    ("function", "outputs", "many"),
    [
        (_none, (), False),
        (_untyped, (Output("output", Any),), False),
        (_single, (Output("output", int),), False),
        (_named, (Output("count", int),), False),
        (_many, (Output("count", int), Output("output_1", str)), True),
        (_open_tuple, (Output("output", tuple[int, ...]),), False),
        (_pair, (Output("output", Pair),), False),
    ],
)
def test_outputs(function: Any, outputs: tuple[Output, ...], many: bool) -> None:
    signature = read_signature(function, "step")
    assert (signature.outputs, signature.returns_many) == (outputs, many)


def test_other_metadata_of_an_output_is_kept() -> None:
    (output,) = read_signature(_constrained, "step").outputs
    assert output.name == "count"
    assert "gt=0" in describe(output.annotation) or "Gt" in describe(output.annotation)


def test_inputs_keep_their_defaults() -> None:
    inputs = read_signature(_untyped, "step").inputs
    assert (inputs["x"].annotation, inputs["y"].default) == (Any, 2)


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(AuthoringError, match=r"^step 's': two outputs have one name \(got 'a'\)\."):
        read_signature(_twice, "step 's'")


class Record(TypedDict):
    size: int


class Extended(typing_extensions.TypedDict):
    size: int


def _takes_record(records: list[Annotated[Record, "rows"] | None]) -> None: ...
def _returns_record() -> tuple[int, Record]: ...  # pyright: ignore[reportReturnType]
def _extended(record: Extended) -> Extended: ...  # pyright: ignore[reportReturnType]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="pydantic reads typing's own there")
@pytest.mark.parametrize(
    ("function", "who"), [(_takes_record, "step 's', input 'records'"), (_returns_record, "step 's'")]
)
def test_a_typed_dict_that_cannot_be_read_is_refused(function: Any, who: str) -> None:
    with pytest.raises(
        AuthoringError,
        match=rf"^{who}: before Python 3\.12 a TypedDict from `typing` cannot be read \(got 'Record'\)\. "
        r"Make it of typing_extensions\.TypedDict\.$",
    ):
        read_signature(function, "step 's'")


def test_a_typed_dict_that_can_be_read_is_taken() -> None:
    assert read_signature(_extended, "step").inputs["record"].annotation is Extended


def test_an_annotation_that_is_not_there_at_run_time_is_refused() -> None:
    with pytest.raises(AuthoringError, match=r"an annotation uses 'Fraction'.*outside `if TYPE_CHECKING`"):
        read_signature(_hidden, "step 's'")
