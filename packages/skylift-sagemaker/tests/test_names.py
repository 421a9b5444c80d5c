from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from skylift_sagemaker_model import shapes

from skylift_sagemaker import limits
from skylift_sagemaker.names import (
    PREFIX,
    execution_name,
    job_name,
    pipeline_name,
    prefix_of,
    request_token,
    schedule_name,
    step_names,
)

NAMES = st.text(min_size=1, max_size=200)


def takes(shape: str, name: str, service: str = "sagemaker") -> bool:
    found = shapes(service)[shape]
    return len(name) <= found["max"] and re.fullmatch(found["pattern"], name) is not None


@given(st.lists(NAMES, unique=True, min_size=1, max_size=9))
@example(["train_2", "train-2", "Train", "träin", "map:score:0"])
def test_steps_stay_apart_and_are_taken(names: list[str]) -> None:
    found = step_names(names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert all(takes("StepName", name) for name in found.values())


def test_a_step_that_fits_keeps_its_name() -> None:
    assert step_names(["train_2", "Load"]) == {"train_2": "train_2", "Load": "Load"}


@given(NAMES, NAMES, NAMES)
def test_what_is_made_has_a_name_that_is_taken(project: str, name: str, owner: str) -> None:
    pipeline, schedule = pipeline_name(project, name, owner), schedule_name(project, name, owner)
    assert takes("PipelineName", pipeline)
    assert len(pipeline) <= limits.PIPELINE_NAME
    assert takes("PipelineName", schedule)  # a schedule's pipeline has its name
    assert takes("Name", schedule, "scheduler")
    assert takes("ProcessingJobName", job_name(name, owner))
    assert takes("TrainingJobName", job_name(name, owner))
    assert takes("PipelineExecutionName", execution_name(owner))
    assert pipeline.startswith(prefix_of(name))
    assert prefix_of(name).startswith(PREFIX)


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES))
@example(("p", "train_2", "o"), ("p", "train-2", "o"))
@example(("a", "b", "cd"), ("a", "bc", "d"))
def test_different_ones_have_different_names(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (pipeline_name(*one) == pipeline_name(*other)) == (one == other)
    assert (schedule_name(*one) == schedule_name(*other)) == (one == other)
    assert (job_name(*one) == job_name(*other)) == (one == other)
    assert pipeline_name(*one) != schedule_name(*one)


@given(st.lists(NAMES, max_size=3))
def test_a_token_is_one_that_the_service_takes(of: list[str]) -> None:
    limits.TOKEN.check(len(request_token(*of)), "token")
    assert request_token(*of) == request_token(*of)
    assert request_token(*of) != request_token(*of, "more")
