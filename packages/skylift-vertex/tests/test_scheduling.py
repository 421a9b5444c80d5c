from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from skylift_vertex_answers import Answers
from skylift_vertex_snapshots import PARENT, pipeline_job

from skylift_contract.errors import NotFound, QuotaExceeded, Transient
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import PipelineSnapshot
from skylift_vertex import scheduling
from skylift_vertex.client import VertexClient
from skylift_vertex.schedule import Trigger, trigger

NAME = f"{PARENT}/schedules/7"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
STANDING: dict[str, Any] = {
    "name": NAME,
    "displayName": "skylift-daily-1",
    "state": "ACTIVE",
    "cron": "TZ=UTC 0 1 * * *",
}


def when(**asked: Any) -> Trigger:
    return trigger(Schedule.parse({"cron_expression": "0 3 * * *", **asked}), NOW)


@pytest.fixture
def job(snapshot: PipelineSnapshot) -> dict[str, Any]:
    return pipeline_job(snapshot)


def test_a_schedule_is_made_whole(answers: Answers, client: VertexClient, job: dict[str, Any]) -> None:
    answers.say("list_schedules", {})
    answers.say("create_schedule", STANDING)
    assert scheduling.deploy(client, "skylift-daily-1", job, when(), PARENT) == NAME
    (asked,) = answers.asked("create_schedule")
    assert asked["schedule"] == {
        "displayName": "skylift-daily-1",
        "cron": "TZ=UTC 0 3 * * *",
        "maxConcurrentRunCount": "1",
        "createPipelineJobRequest": {"parent": PARENT, "pipelineJob": job},
    }
    assert [one["filter"] for one in answers.asked("list_schedules")] == ['display_name="skylift-daily-1"']


def test_deploying_again_writes_the_one_that_is_there(
    answers: Answers, client: VertexClient, job: dict[str, Any]
) -> None:
    answers.say("list_schedules", {"schedules": [STANDING]})
    answers.say("update_schedule", STANDING)
    assert scheduling.deploy(client, "skylift-daily-1", job, when(), PARENT) == NAME
    (asked,) = answers.asked("update_schedule")
    assert asked["schedule"]["createPipelineJobRequest"]["pipelineJob"] == job
    assert set(asked["updateMask"].split(",")) == {
        *("createPipelineJobRequest", "cron", "maxConcurrentRunCount", "allowQueueing")
    }
    assert answers.asked("create_schedule") == []
    assert answers.asked("resume_schedule") == []


def test_deploying_again_wakes_a_paused_one(
    answers: Answers, client: VertexClient, job: dict[str, Any]
) -> None:
    answers.say("list_schedules", {"schedules": [{**STANDING, "state": "PAUSED"}]})
    answers.say("update_schedule", STANDING)
    answers.say("resume_schedule", {})
    scheduling.deploy(client, "skylift-daily-1", job, when(), PARENT)
    assert answers.asked("resume_schedule") == [{"name": NAME}]


def test_one_whose_answer_was_lost_is_found(
    answers: Answers, client: VertexClient, job: dict[str, Any]
) -> None:
    answers.say("list_schedules", {}, {"schedules": [STANDING]})
    answers.say("create_schedule", None)
    assert scheduling.deploy(client, "skylift-daily-1", job, when(), PARENT) == NAME
    assert len(answers.asked("create_schedule")) == 1


def test_one_that_was_not_made_is_an_error(
    answers: Answers, client: VertexClient, job: dict[str, Any]
) -> None:
    answers.say("list_schedules", {})
    answers.say("create_schedule", None)
    with pytest.raises(Transient):
        scheduling.deploy(client, "skylift-daily-1", job, when(), PARENT)
    answers.refuse("create_schedule", 429, "quota")
    with pytest.raises(QuotaExceeded):
        scheduling.deploy(client, "skylift-daily-1", job, when(), PARENT)


def test_an_end_that_is_no_more_is_moved_to_the_end_of_time(answers: Answers, client: VertexClient) -> None:
    """The service takes no field away; a start that is past is that of its making."""
    bounds = {"startTime": "2031-01-01T00:00:00Z", "endTime": "2032-01-01T00:00:00Z"}
    answers.say("get_schedule", {**STANDING, **bounds, "createTime": "2029-12-01T00:00:00Z"})
    answers.say("update_schedule", STANDING)
    scheduling.retime(client, NAME, when())
    (asked,) = answers.asked("update_schedule")
    assert asked["schedule"]["endTime"] == "9999-12-31T00:00:00Z"
    assert asked["schedule"]["startTime"] == "2029-12-01T00:00:00Z"
    assert {"startTime", "endTime"} <= set(asked["updateMask"].split(","))


def test_a_window_that_is_new_is_written(answers: Answers, client: VertexClient) -> None:
    answers.say("get_schedule", STANDING)
    answers.say("update_schedule", STANDING)
    scheduling.retime(client, NAME, when(end_time=NOW + timedelta(days=1)))
    (asked,) = answers.asked("update_schedule")
    assert asked["schedule"]["endTime"] == "2030-01-02T00:00:01Z"
    assert "createPipelineJobRequest" not in asked["updateMask"]


def test_a_description_is_without_what_it_starts(
    answers: Answers, client: VertexClient, job: dict[str, Any]
) -> None:
    answers.say("get_schedule", {**STANDING, "createPipelineJobRequest": {"pipelineJob": job}})
    assert scheduling.describe(client, NAME) == STANDING


def test_one_that_is_gone_is_not_found(answers: Answers, client: VertexClient) -> None:
    answers.refuse("get_schedule", 404, "none")
    with pytest.raises(NotFound, match=rf"^aiplatform:get_schedule: there is no schedule '{NAME}'\.$"):
        scheduling.describe(client, NAME)
    with pytest.raises(NotFound):
        scheduling.retime(client, NAME, when())
