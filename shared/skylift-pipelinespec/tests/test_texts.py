from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_pipelinespec_documents import expanded

from skylift_contract.errors import ConfigurationError
from skylift_pipelinespec.texts import literal


@given(st.text("$()A5 "))
def test_a_text_arrives_as_it_is(text: str) -> None:
    assert expanded(literal(text, "test")) == text


@given(st.text("$A5 "))
def test_what_nobody_would_replace_is_left_alone(text: str) -> None:
    """So also a reader that replaces nothing gives the text itself."""
    if "$$" not in text:
        assert literal(text, "test") == text


def test_a_reference_is_spelled_out() -> None:
    assert literal("$(HOME) costs $5, or $$5", "test") == "$$(HOME) costs $5, or $$$$5"


@pytest.mark.parametrize("text", ["a {{$.pipeline_job_name}}", '{"Concat": ["a"]}', ' { "IfPresent": {} }'])
def test_a_placeholder_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^variable 'A': it reads as a placeholder of pipelines, which"
    ):
        literal(text, "variable 'A'")


@pytest.mark.parametrize("text", ["{{ jinja }}", '{"Concatenated": 1}', "{}", "$5", "{$"])
def test_what_looks_a_little_like_one_is_not(text: str) -> None:
    assert literal(text, "test") == text
