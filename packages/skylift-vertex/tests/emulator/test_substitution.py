from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_pipelinespec.texts import escaped
from skylift_vertex.emulator.substitution import expanded, parameters_of, with_parameters


@given(st.text("$()A5 "))
def test_what_is_escaped_arrives_as_it_was(text: str) -> None:
    """One writes and the other reads, and they share no code."""
    assert expanded(escaped(text), {"A": "replaced", "": "replaced", "5": "replaced"}) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [("$(A)", "1"), ("$(B)", "$(B)"), ("$$(A)", "$(A)"), ("$A", "$A"), ("a$$b", "a$b"), ("$(A", "$(A")],
)
def test_a_container_expands_what_it_knows(text: str, found: str) -> None:
    assert expanded(text, {"A": "1"}) == found


def test_a_placeholder_is_one_as_a_whole_and_not_as_a_part() -> None:
    constants = {"whole": "{{$.pipeline_job_name}}", "part": "x-{{$.pipeline_job_name}}"}
    task = {
        "inputs": {
            "parameters": {name: {"runtimeValue": {"constant": one}} for name, one in constants.items()}
        }
    }
    found = parameters_of(task, {"{{$.pipeline_job_name}}": "job-1"})
    assert found == {"whole": "job-1", "part": "x-{{$.pipeline_job_name}}"}


def test_a_parameter_may_be_part_of_a_word() -> None:
    assert with_parameters("A={{$.inputs.parameters['a']}}!", {"a": "1"}) == "A=1!"
    with pytest.raises(ValueError, match=r"^Input parameter 'b' is not found\.$"):
        with_parameters("{{$.inputs.parameters['b']}}", {"a": "1"})
