from __future__ import annotations

import pytest
from skylift_vertex_answers import Answers
from skylift_vertex_snapshots import PARENT, pipeline_job

from skylift_contract.errors import ConfigurationError, QuotaExceeded, Transient
from skylift_contract.snapshot import PipelineSnapshot
from skylift_vertex import deploying
from skylift_vertex.client import VertexClient
from skylift_vertex.names import job_id

Either = tuple[Answers, VertexClient]
OWN = job_id("submission-1")
NAME = f"projects/123456/locations/europe-west4/pipelineJobs/{OWN}"


def test_a_submission_is_one_call_of_any_size(either: Either, snapshot: PipelineSnapshot) -> None:
    answers, client = either
    answers.say("create_pipeline_job", {"name": NAME})
    assert deploying.start(client, pipeline_job(snapshot), "submission-1", PARENT) == OWN
    ((method, asked),) = answers.requests
    assert (method, asked["pipelineJobId"]) == ("create_pipeline_job", OWN)


def test_a_start_whose_answer_is_lost_makes_one_job(either: Either, snapshot: PipelineSnapshot) -> None:
    """The connection ends after the call took effect; sent again with its id, it is refused as taken."""
    answers, client = either
    job = pipeline_job(snapshot)
    answers.say("create_pipeline_job", None)
    answers.then("create_pipeline_job", {"error": {"message": "it is there"}}, status=409)
    answers.say("get_pipeline_job", {"name": NAME, "labels": job["labels"]})
    assert deploying.start(client, job, "submission-1", PARENT) == OWN
    first, again = answers.asked("create_pipeline_job")
    assert first == again


def test_a_job_of_somebody_else_is_never_taken_for_ours(either: Either, snapshot: PipelineSnapshot) -> None:
    answers, client = either
    job = pipeline_job(snapshot)
    answers.refuse("create_pipeline_job", 409, "it is there")
    answers.say("get_pipeline_job", {"name": NAME, "labels": {**job["labels"], "skylift_project": "other"}})
    expected = (
        rf"^pipeline job '{OWN}': it is there already, and its label skylift_project is not that of this "
        r"pipeline \(got 'other'\)\. Submit it again: another submission has another id\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        deploying.start(client, job, "submission-1", PARENT)


def test_a_refusal_is_no_job(either: Either, snapshot: PipelineSnapshot) -> None:
    answers, client = either
    answers.refuse("create_pipeline_job", 429, "quota")
    with pytest.raises(QuotaExceeded):
        deploying.start(client, pipeline_job(snapshot), "submission-1", PARENT)
    assert len(answers.requests) == 1
    answers.refuse("create_pipeline_job", 503, "later")
    with pytest.raises(Transient):
        deploying.start(client, pipeline_job(snapshot), "submission-1", PARENT)
