from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_sagemaker.emulator.expressions import references, resolved

NAMES = {
    "Execution.PipelineName": "daily",
    "Parameters.Depth": "6",
    "Steps.load": {"Outputs": {"a": "s3://b"}},
}
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text().filter(lambda key: key not in {"Get", "Std:Join"}), inner, max_size=3),
    ),
    max_leaves=10,
)


@given(DOCUMENTS)
def test_what_is_no_expression_stays_as_it_is(document: Any) -> None:
    assert resolved(document, NAMES) == document
    assert list(references(document)) == []


@given(DOCUMENTS)
def test_an_expression_is_found_wherever_it_is(document: Any) -> None:
    value = {"a": [document, {"b": {"Get": "Parameters.Depth"}}]}
    assert resolved(value, NAMES) == {"a": [document, {"b": "6"}]}
    assert list(references(value)) == ["Parameters.Depth"]


@given(st.text(max_size=3), st.lists(st.text(), max_size=5))
def test_a_join_joins(on: str, values: list[str]) -> None:
    assert resolved({"Std:Join": {"On": on, "Values": values}}, {}) == on.join(values)


def test_a_join_of_what_is_got() -> None:
    value = {"Std:Join": {"On": "/", "Values": ["x", {"Get": "Execution.PipelineName"}, 3]}}
    assert resolved(value, NAMES) == "x/daily/3"
    assert list(references(value)) == ["Execution.PipelineName"]


def test_the_result_of_a_step() -> None:
    assert resolved({"Get": "Steps.load.Outputs.a"}, NAMES) == "s3://b"


@pytest.mark.parametrize("reference", ["Parameters.Breadth", "Steps.load.Nothing", "Execution", "Env.HOME"])
def test_what_stands_for_nothing(reference: str) -> None:
    with pytest.raises(ValueError, match=rf"^Cannot resolve property reference \[{reference}\]$"):
        resolved({"Get": reference}, NAMES)


@pytest.mark.parametrize("text", ["{{run_id}}", "$(RUN)", "${RUN}", '{"Get": "Parameters.Depth"}'])
def test_nothing_else_is_replaced(text: str) -> None:
    assert resolved({"a": text}, NAMES) == {"a": text}
