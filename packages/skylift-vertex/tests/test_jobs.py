from __future__ import annotations

from typing import Any

import pytest
from skylift_vertex_answers import Answers
from skylift_vertex_snapshots import PARENT

from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import NotFound, QuotaExceeded, Transient
from skylift_vertex import jobs
from skylift_vertex.client import VertexClient
from skylift_vertex.paths import Path

PATH = Path.of_run(f"{PARENT}/77")
JOB: dict[str, Any] = {"displayName": "train", "labels": {"team": "churn"}}
MADE = {"name": "projects/123456/locations/europe-west4/customJobs/77"}
NONE: dict[str, Any] = {"customJobs": []}


def test_a_job_is_started_with_its_token(answers: Answers, client: VertexClient) -> None:
    answers.say("list_custom_jobs", NONE)
    answers.say("create_custom_job", MADE)
    assert jobs.start(client, JOB, "t0") == "77"
    (asked,) = answers.asked("create_custom_job")
    assert asked["customJob"]["labels"] == {"team": "churn", "skylift_token": "t0"}
    assert [one["filter"] for one in answers.asked("list_custom_jobs")] == ['labels.skylift_token="t0"']


def test_a_job_that_is_there_is_not_started_again(answers: Answers, client: VertexClient) -> None:
    answers.say("list_custom_jobs", {"customJobs": [MADE]})
    assert jobs.start(client, JOB, "t0") == "77"
    assert answers.asked("create_custom_job") == []


def test_a_job_whose_answer_was_lost_is_found(answers: Answers, client: VertexClient) -> None:
    """The connection ends after the call took effect."""
    answers.say("list_custom_jobs", NONE, {"customJobs": [MADE]})
    answers.say("create_custom_job", None)
    assert jobs.start(client, JOB, "t0") == "77"
    assert len(answers.asked("create_custom_job")) == 1


def test_a_job_that_was_not_made_is_an_error(answers: Answers, client: VertexClient) -> None:
    answers.say("list_custom_jobs", NONE)
    answers.say("create_custom_job", None)
    with pytest.raises(Transient):
        jobs.start(client, JOB, "t0")
    answers.refuse("create_custom_job", 429, "custom_model_training_cpus exceeded")
    with pytest.raises(QuotaExceeded, match="custom_model_training_cpus exceeded"):
        jobs.start(client, JOB, "t0")


def test_a_job_stands_as_the_service_says(answers: Answers, client: VertexClient) -> None:
    answers.say(
        "get_custom_job",
        {**MADE, "state": "JOB_STATE_FAILED", "error": {"code": 8, "message": "out of memory"}},
    )
    found = jobs.status(client, PATH)
    assert (found.status, found.reason) == (Status.FAILED, "out of memory")
    assert found.url == PATH.console


def test_a_job_that_is_gone_is_not_found(answers: Answers, client: VertexClient) -> None:
    answers.refuse("get_custom_job", 404, "none")
    with pytest.raises(NotFound, match=r"^aiplatform:get_custom_job: there is no custom job '77'\.$"):
        jobs.status(client, PATH)


def test_a_job_that_has_ended_is_left_as_it_is(answers: Answers, client: VertexClient) -> None:
    answers.say("get_custom_job", {**MADE, "state": "JOB_STATE_SUCCEEDED"})
    jobs.stop(client, PATH)
    assert answers.asked("cancel_custom_job") == []


def test_a_job_is_stopped(answers: Answers, client: VertexClient) -> None:
    answers.say("get_custom_job", {**MADE, "state": "JOB_STATE_RUNNING"})
    answers.say("cancel_custom_job", {})
    jobs.stop(client, PATH)
    assert answers.asked("cancel_custom_job") == [{"name": str(PATH)}]
