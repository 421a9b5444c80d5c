"""How runs stand, against a server that tells what Vertex would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from skylift_vertex_answers import Answers
from skylift_vertex_snapshots import PARENT, pipeline_job, snapshot_of, step

from skylift.coordination.polling import PAUSES_S
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import NotFound, PermissionDenied
from skylift_vertex import watching
from skylift_vertex.client import VertexClient
from skylift_vertex.paths import Path

RUN = Path.of_run(f"{PARENT}/skylift-0a")
CUSTOM = Path.of_run(f"{PARENT}/77")
DOCUMENT = pipeline_job(snapshot_of(step("load"), step("Größe", "load"), name="load"))["pipelineSpec"]
OTHER = next(name for name in DOCUMENT["root"]["dag"]["tasks"] if name != "load")


def stands(state: str, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": str(RUN),
        "state": f"PIPELINE_STATE_{state}",
        "pipelineSpec": DOCUMENT,
        "jobDetail": {"taskDetails": [{"taskId": "1", "taskName": "load", "state": "RUNNING"}, *tasks]},
        **more,
    }


def task(name: str, state: str, *jobs: str, **more: Any) -> dict[str, Any]:
    """A task of the pipeline, the last of whose custom jobs is the newest."""
    ran = [f"projects/9/locations/europe-west4/customJobs/{job}" for job in jobs]
    container = {"failedMainJobs": ran[:-1], "mainJob": ran[-1]} if ran else {}
    detail = {"executorDetail": {"containerDetail": container}} if ran else {}
    return {
        "taskId": f"{len(jobs)}7",
        "parentTaskId": "1",
        "taskName": name,
        "state": state,
        **detail,
        **more,
    }


def entry(id: str, text: str, second: int) -> dict[str, Any]:
    return {"insertId": id, "timestamp": f"2030-01-01T00:00:{second:02}Z", "textPayload": text}


def test_a_wait_ends_when_the_run_does_and_not_before(answers: Answers, client: VertexClient) -> None:
    """However long: the pauses grow to the last of them, and there is no cap."""
    looks = 100
    answers.say("get_pipeline_job", *[stands("RUNNING")] * looks, stands("CANCELLED"))
    pauses: list[float] = []
    watching.wait(client, RUN, pauses.append)
    assert len(pauses) == looks
    assert tuple(pauses[:5]) == PAUSES_S
    assert set(pauses[5:]) == {PAUSES_S[-1]}


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_looks_again_where_vertex_did_not_answer(
    answers: Answers, client: VertexClient, status: int
) -> None:
    answers.refuse("get_pipeline_job", status, "later")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        answers.refuse("get_pipeline_job", 403, "no longer")

    with pytest.raises(PermissionDenied):
        watching.wait(client, RUN, pause)
    assert len(pauses) == 1


def test_a_run_and_its_steps_are_one_look(answers: Answers, client: VertexClient) -> None:
    """The whole is told as a task, too, here of the same name as a step."""
    failed = task(OTHER, "FAILED", "5", "6", error={"code": 9, "message": "exit code 1"})
    why = {"code": 9, "message": "a task failed"}
    answers.say("get_pipeline_job", stands("FAILED", task("load", "SUCCEEDED", "4"), failed, error=why))
    found = watching.run_status(client, RUN)
    assert (found.status, found.reason, found.url) == (Status.FAILED, "a task failed", RUN.console)
    assert {name: (one.status, one.reason, one.attempt) for name, one in found.steps.items()} == {
        "load": (Status.COMPLETED, "", 1),
        "Größe": (Status.FAILED, "exit code 1", 2),
    }
    assert found.steps["Größe"].url.startswith(
        "https://console.cloud.google.com/vertex-ai/locations/europe-west4/training/6?"
    )
    assert len(answers.requests) == 1


def test_the_newest_of_a_tasks_details_counts(answers: Answers, client: VertexClient) -> None:
    old = task("load", "FAILED", "4", createTime="2030-01-01T00:00:00Z")
    new = task("load", "RUNNING", "4", "5", createTime="2030-01-01T00:01:00Z")
    answers.say("get_pipeline_job", stands("RUNNING", new, old))
    assert watching.run_status(client, RUN).steps["load"].status is Status.RUNNING


def test_a_run_that_is_one_job_has_no_steps(answers: Answers, client: VertexClient) -> None:
    answers.say("get_custom_job", {"name": str(CUSTOM), "state": "JOB_STATE_SUCCEEDED"})
    found = watching.run_status(client, CUSTOM)
    assert (found.status, dict(found.steps), found.url) == (Status.COMPLETED, {}, CUSTOM.console)


def test_a_run_that_is_gone_is_not_found(answers: Answers, client: VertexClient) -> None:
    answers.refuse("get_pipeline_job", 404, "none")
    with pytest.raises(
        NotFound, match=r"^aiplatform:get_pipeline_job: there is no pipeline job 'skylift-0a'\.$"
    ):
        watching.run_status(client, RUN)


def test_a_steps_log_is_that_of_all_its_attempts(answers: Answers, client: VertexClient) -> None:
    answers.say("get_pipeline_job", stands("RUNNING", task("load", "RUNNING", "4", "5")))
    answers.say("log_entries", {"entries": [entry("a", "first\n", 1)]})
    answers.then("log_entries", {"entries": [entry("b", "second", 2), entry("b", "second", 2)]})
    assert list(watching.logs(client, RUN, "load", None)) == ["first\n", "second\n"]
    assert [one["filter"] for one in answers.asked("log_entries")] == [
        f'resource.type="ml_job" AND resource.labels.job_id="{job}" '
        'AND resource.labels.task_name="workerpool0-0"'
        for job in ("4", "5")
    ]


def test_a_log_is_followed_until_its_step_has_ended(answers: Answers, client: VertexClient) -> None:
    answers.say("get_pipeline_job", stands("RUNNING"), stands("RUNNING", task("load", "RUNNING", "4")))
    answers.then("get_pipeline_job", stands("RUNNING", task("load", "SUCCEEDED", "4")))
    answers.say("log_entries", {"entries": [entry("a", "one", 1)]})
    both = [entry("a", "one", 1), entry("b", "two", 1)]
    answers.then("log_entries", {"entries": both})
    pauses: list[float] = []
    assert list(watching.logs(client, RUN, "load", pauses.append)) == ["one\n", "two\n"]
    assert len(pauses) == 2
    assert answers.asked("log_entries")[1]["filter"].endswith('AND timestamp>="2030-01-01T00:00:01Z"')


def test_what_a_program_logs_as_json_is_its_message(answers: Answers, client: VertexClient) -> None:
    answers.say("get_custom_job", {"name": str(CUSTOM), "state": "JOB_STATE_SUCCEEDED"})
    said = {"insertId": "a", "timestamp": "2030-01-01T00:00:00Z", "jsonPayload": {"message": "hello"}}
    answers.say("log_entries", {"entries": [said]})
    assert list(watching.logs(client, CUSTOM, "any", None)) == ["hello\n"]


def test_a_step_that_has_not_begun_has_no_log(answers: Answers, client: VertexClient) -> None:
    answers.say("get_pipeline_job", stands("RUNNING"))
    with pytest.raises(NotFound, match=r"^aiplatform:get_pipeline_job: step 'load' has not begun\.$"):
        list(watching.logs(client, RUN, "load", None))


def test_a_log_is_not_followed_of_a_run_that_is_over(answers: Answers, client: VertexClient) -> None:
    answers.say("get_pipeline_job", stands("FAILED"))
    assert list(watching.logs(client, RUN, "load", lambda _: pytest.fail("it is over"))) == []


def test_executions_are_those_with_the_labels(answers: Answers, client: VertexClient) -> None:
    made = {
        "name": "projects/9/locations/europe-west4/pipelineJobs/daily-20300101",
        "state": "PIPELINE_STATE_FAILED",
        "createTime": "2030-01-01T03:00:07.123456Z",
        "error": {"code": 8, "message": "no quota"},
    }
    answers.say("list_pipeline_jobs", {"pipelineJobs": [made]})
    since = datetime(2029, 12, 31, tzinfo=UTC)
    (found,) = watching.executions(client, {"skylift_schedule": "daily"}, since, PARENT)
    assert found.orchestrator_run_id == f"{PARENT}/daily-20300101"
    assert (found.status.status, found.status.reason) == (Status.FAILED, "no quota")
    assert found.fired_at == datetime(2030, 1, 1, 3, 0, tzinfo=UTC)
    (asked,) = answers.asked("list_pipeline_jobs")
    assert asked["filter"] == 'labels.skylift_schedule="daily" AND create_time>="2029-12-31T00:00:00Z"'
