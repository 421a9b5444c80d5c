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

from skylift import pipeline
from skylift.authoring.parameters import from_json, to_json
from skylift.cli.parameters import arguments_of, value_of
from skylift_contract.errors import AuthoringError, ConfigurationError

if TYPE_CHECKING:
    from skylift_tests_support.commands import Project


class Color(Enum):
    RED = "red"


@pipeline
def daily(depth: int = 4, label: str = "", Label: str = "") -> None: ...  # noqa: N803


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


def test_json_that_is_nested_too_deeply_is_no_value(project: Project) -> None:
    project.write("flow.py", FLOW)
    answer = project.skylift("run", "flow.py", "--param", "depth=1", "--param", f"names={'[' * 100_000}")
    assert answer.code == 2
    assert answer.err.startswith(
        "error: pipeline 'daily', parameter 'names': input should be a valid list (got '[[["
    )


@given(st.sampled_from([None, 1]), st.sampled_from([None, 2]), st.sampled_from([None, 3]))
def test_the_order_is_command_line_environment_file_default(
    typed: int | None, variable: int | None, configured: int | None
) -> None:
    found = arguments_of(
        daily,
        [f"depth={typed}"] if typed else [],
        {"depth": configured} if configured else {},
        {"SKYLIFT_PARAM_DEPTH": str(variable)} if variable else {"OTHER": "9"},
    )
    said = [value for value in (typed, variable, configured) if value]
    assert int(found.values["depth"]) == (said or [4])[0]
    is_taken = variable is not None and typed is None
    assert found.notes == (("parameter 'depth' is from SKYLIFT_PARAM_DEPTH",) if is_taken else ())


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DEPHT", "8", ": there is no parameter named 'depht'. Did you mean 'depth'? Else unset it."),
        ("depth", "8", ": a parameter's variable is all capitals. Write SKYLIFT_PARAM_DEPTH."),
        ("LABEL", "x", ": it is for several parameters: label, Label. Give them with --param, and unset it."),
        ("DEPTH", "deep", ", parameter 'depth': input should be a valid integer, unable to parse string as an integer (got 'deep', limit: int). Give a value of that type."),
    ],
)  # fmt: skip
def test_variables_that_are_refused(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        arguments_of(daily, [], {}, {f"SKYLIFT_PARAM_{variable}": value})
    assert str(refused.value) == f"pipeline 'daily', SKYLIFT_PARAM_{variable}{sentence}"


def test_a_variable_reaches_the_step_and_is_noted_with_the_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("flow.py", FLOW)
    project.write("run.yaml", "parameters: {depth: 1, names: [file], label: file}")
    monkeypatch.setenv("SKYLIFT_PARAM_NAMES", '["x", "y"]')
    monkeypatch.setenv("SKYLIFT_PARAM_LABEL", "variable")
    answer = project.skylift("run", "flow.py", "--config", "run.yaml", "--param", "label=typed")
    assert (answer.code, answer.out) == (0, "1 ['x', 'y'] typed\n")
    assert "note: parameter 'names' is from SKYLIFT_PARAM_NAMES\n" in answer.err
    assert "parameter 'names' is from SKYLIFT_PARAM_NAMES" in project.skylift("runs", "describe", "last").out
