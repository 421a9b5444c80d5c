from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.authoring.parameters import from_json, to_json
from skylift.cli.parameters import value_of
from skylift_contract.errors import AuthoringError

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project


class Color(Enum):
    RED = "red"


def read(text: str, annotation: Any) -> Any:
    """What the pipeline's function gets."""
    return from_json(to_json(value_of(text, annotation, "p"), annotation, "p"), annotation, "p")


@given(st.text())
def test_text_is_left_as_it_is(text: str) -> None:
    assert read(text, str) == text
    assert read(text, Annotated[str, "a name"]) == text


@given(st.integers(), st.floats(allow_nan=False), st.booleans(), st.lists(st.integers()), st.text())
def test_what_json_says_is_what_is_read(
    number: int, fraction: float, flag: bool, numbers: list[int], text: str
) -> None:
    assert read(json.dumps(number), int) == number
    assert read(repr(fraction), float) == fraction
    assert read(json.dumps(flag), bool) is flag
    assert read(json.dumps(numbers), list[int]) == numbers
    assert read(json.dumps({text: numbers}), dict[str, list[int]]) == {text: numbers}
    assert read(json.dumps(number), int | None) == number


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("8", int, 8),
        ("8", str, "8"),
        ("null", str, "null"),
        ("null", int | None, None),
        ("null", str | None, None),
        ("red", str | None, "red"),
        ("8", int | str, 8),
        ("8", str | None, "8"),
        ('["a"]', str | list[str], ["a"]),
        ("yes", bool, True),
        ("inf", float, float("inf")),
        ("1.10", Decimal, Decimal("1.10")),
        ("2026-08-01", date, date(2026, 8, 1)),
        ("a/b", Path, Path("a/b")),
        ("red", Color, Color.RED),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
        ("[1, 2]", tuple[int, int], (1, 2)),
        ("plain", Any, "plain"),
        ('{"a": 1}', Any, {"a": 1}),
        ("", str, ""),
    ],
)
def test_values(text: str, annotation: Any, value: Any) -> None:
    assert read(text, annotation) == value


@pytest.mark.parametrize(
    ("text", "annotation"), [("x", int), ("[1, 'a']", list[int]), ("NaN", int | None), ("", int)]
)
def test_what_does_not_fit_is_refused(text: str, annotation: Any) -> None:
    with pytest.raises(AuthoringError):
        value_of(text, annotation, "p")


FLOW = """
from skylift import pipeline, step

@step
def show(depth: int, names: list[str], label: str) -> None:
    print(depth, names, label)

@pipeline
def daily(depth: int, names: list[str] = ["a"], label: str = "none") -> None:
    show(depth, names, label)
"""


def test_parameters_reach_the_step(project: Project) -> None:
    project.write("flow.py", FLOW)
    given = ("--param", "depth=8", "--param", 'names=["x", "y"]', "--param", "label=a=b")
    answer = project.skylift("run", "flow.py", *given)
    assert (answer.code, answer.out) == (0, "8 ['x', 'y'] a=b\n")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((), "pipeline 'daily', parameter 'depth': it needs a value. Give one: --param depth=…"),
        (
            ("depht=8",),
            "pipeline 'daily': there is no parameter named 'depht'. Did you mean 'depth'?",
        ),
        (("depth",), "--param: it is no name=value (got 'depth'). --param depth=8"),
        (("depth=1", "depth=2"), "--param depth: it is given twice. Give it once."),
        (
            ("depth=x",),
            (
                "pipeline 'daily', parameter 'depth': input should be a valid integer, unable to parse string "
                "as an integer (got 'x', limit: int). Give a value of that type."
            ),
        ),
        (
            ("depth=1", "names=x"),
            "pipeline 'daily', parameter 'names': input should be a valid list (got 'x', limit: list[str]). Give a value of that type.",
        ),
    ],
)
def test_refusals(project: Project, given: tuple[str, ...], sentence: str) -> None:
    project.write("flow.py", FLOW)
    answer = project.skylift("run", "flow.py", *(part for one in given for part in ("--param", one)))
    assert (answer.code, answer.err) == (2, f"error: {sentence}\n")
