from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_pipelinespec.texts import escaped
from skylift_testkit.emulator.server import Refusal
from skylift_vertex.emulator.texts import environment, expanded, placed, with_inputs

TEXT = st.text(alphabet="$()AB5{}x ", max_size=20)


@given(TEXT)
def test_what_the_plugin_escapes_comes_out_as_it_was(text: str) -> None:
    assert expanded(escaped(text), {"A": "1", "B": "2", "": "3", "5": "4"}) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [("$(A)", "1"), ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("a$$b", "a$b"), ("$(A", "$(A")],
)
def test_a_container_expands_what_it_knows(text: str, found: str) -> None:
    assert expanded(text, {"A": "1"}) == found


def test_variables_may_name_those_before_them() -> None:
    told = [("A", "$(B)"), ("B", "$(SERVICE)"), ("C", "$(A) $(B)")]
    assert environment(told, {"SERVICE": "s"}) == {"SERVICE": "s", "A": "$(B)", "B": "s", "C": "$(B) s"}


def test_the_services_own_variables_stay_what_they_are() -> None:
    assert environment([("OWN", "x"), ("A", "$(OWN)")], {"OWN": "s"}) == {"OWN": "s", "A": "s"}


def test_inputs() -> None:
    text = "a={{$.inputs.parameters['a']}} {{$.pipeline_job_name}}"
    assert with_inputs(text, {"a": "1"}) == "a=1 {{$.pipeline_job_name}}"
    with pytest.raises(Refusal, match="names no input parameter"):
        with_inputs(text, {})


def test_a_placeholder_is_one_as_a_whole_and_not_as_a_part() -> None:
    job = {"{{$.pipeline_job_name}}": "job-1"}
    assert placed("{{$.pipeline_job_name}}", job) == "job-1"
    assert placed("<{{$.pipeline_job_name}}>", job) == "<{{$.pipeline_job_name}}>"
