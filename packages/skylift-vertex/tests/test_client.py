"""The real SDK, by both of its transports, against a server that says what it is told."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from skylift_vertex_answers import Answers
from skylift_vertex_snapshots import PARENT, config_of, pipeline_job

from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Transient,
)
from skylift_contract.snapshot import PipelineSnapshot
from skylift_vertex.client import VertexClient

Either = tuple[Answers, VertexClient]
JOB = f"{PARENT}/pipelineJobs/job"
SCHEDULE = f"{PARENT}/schedules/7"


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        # Over REST the session first asks for another token, which nobody has not.
        (
            401,
            AuthenticationError,
            r"^aiplatform:cancel_pipeline_job: (told \[401\]|Anonymous .* be refreshed)\. Log in \(gcloud auth ",
        ),
        (
            403,
            PermissionDenied,
            r"^aiplatform:cancel_pipeline_job: told \[403\]\. Grant it to whoever calls: ",
        ),
        (404, NotFound, r"^aiplatform:cancel_pipeline_job: told \[404\]\.$"),
        (429, QuotaExceeded, r"^aiplatform:cancel_pipeline_job: told \[429\]\.$"),
        (400, BackendError, r"^aiplatform:cancel_pipeline_job: told \[400\]\.$"),
        (409, BackendError, r"^aiplatform:cancel_pipeline_job: told \[409\]\.$"),
        (500, Transient, r"^aiplatform:cancel_pipeline_job: told \[500\]\.$"),
        (503, Transient, r"^aiplatform:cancel_pipeline_job: told \[503\]\.$"),
    ],
)
def test_a_refusal_is_the_contracts_error_in_the_services_words(
    either: Either, status: int, kind: type[BackendError], sentence: str
) -> None:
    answers, client = either
    answers.refuse("cancel_pipeline_job", status, "told")
    with pytest.raises(BackendError, match=sentence) as caught:
        client.cancel_pipeline_job(JOB)
    assert type(caught.value) is kind
    assert caught.value.operation == "aiplatform:cancel_pipeline_job"


def test_what_is_not_there_is_none(either: Either) -> None:
    answers, client = either
    for noun in ("pipeline_job", "custom_job", "schedule"):
        answers.refuse(f"get_{noun}", 404, "none")
    found = (client.pipeline_job(JOB), client.custom_job(f"{PARENT}/customJobs/1"), client.schedule(SCHEDULE))
    assert found == (None, None, None)


def test_a_job_is_made_as_it_was_compiled(either: Either, snapshot: PipelineSnapshot) -> None:
    """The document arrives whole, and the answer comes back as REST has it."""
    answers, client = either
    answers.say("create_pipeline_job", {"name": JOB, "state": "PIPELINE_STATE_PENDING"})
    job = pipeline_job(snapshot)
    assert client.create_pipeline_job(job, "job")["state"] == "PIPELINE_STATE_PENDING"
    (asked,) = answers.asked("create_pipeline_job")
    assert asked == {"parent": PARENT, "pipelineJob": job, "pipelineJobId": "job"}


def test_a_listing_is_read_to_its_last_page(either: Either) -> None:
    answers, client = either
    answers.say("list_pipeline_jobs", {"pipelineJobs": [{"name": "a"}], "nextPageToken": "more"})
    answers.then("list_pipeline_jobs", {"pipelineJobs": [{"name": "b"}]})
    assert [one["name"] for one in client.pipeline_jobs('labels.a="b"')] == ["a", "b"]
    first, second = answers.asked("list_pipeline_jobs")
    assert second == {**first, "pageToken": "more"}
    assert first["filter"] == 'labels.a="b"'
    assert "pipelineSpec" not in first["readMask"]


def test_an_update_names_what_it_writes(either: Either) -> None:
    answers, client = either
    answers.say("update_schedule", {"name": SCHEDULE})
    client.update_schedule({"name": SCHEDULE, "cron": "TZ=UTC 0 3 * * *", "maxConcurrentRunCount": "1"})
    (asked,) = answers.asked("update_schedule")
    assert asked["updateMask"] == "cron,maxConcurrentRunCount"
    assert asked["schedule"]["name"] == SCHEDULE


def test_a_schedule_is_gone_when_its_deletion_is_done(either: Either) -> None:
    answers, client = either
    done = {
        "name": f"{PARENT}/operations/1",
        "done": True,
        "response": {"@type": "type.googleapis.com/google.protobuf.Empty"},
    }
    answers.say("delete_schedule", done)
    client.delete_schedule(SCHEDULE)
    assert answers.asked("delete_schedule") == [{"name": SCHEDULE}]


def test_a_call_that_may_be_repeated_is_until_it_is_answered(either: Either) -> None:
    answers, client = either
    answers.say("get_pipeline_job", None, None, {"name": JOB})
    assert client.pipeline_job(JOB) == {"name": JOB}
    assert len(answers.requests) == 3


def test_a_call_that_is_never_answered_is_an_error(either: Either) -> None:
    answers, client = either
    answers.say("get_pipeline_job", None)
    with pytest.raises(Transient, match=r"^aiplatform:get_pipeline_job: "):
        client.pipeline_job(JOB)
    assert len(answers.requests) == 5


@pytest.mark.parametrize("method", ["create_custom_job", "create_schedule"])
def test_what_would_make_another_is_sent_once(either: Either, method: str) -> None:
    answers, client = either
    answers.say(method, None)
    with pytest.raises(Transient):
        getattr(client, method)({"displayName": "d"})
    assert len(answers.requests) == 1


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    client = VertexClient(config_of(api_endpoint="http://127.0.0.1:9", api_transport="rest"))
    with pytest.raises(
        Transient,
        match=r"^aiplatform:get_schedule: Vertex AI cannot be reached at 127.0.0.1:9: Connection refused",
    ):
        client.schedule(SCHEDULE)


def test_logs_are_read_to_their_last_page(answers: Answers, client: VertexClient) -> None:
    answers.say("log_entries", {"entries": [{"insertId": "a"}], "nextPageToken": "more"})
    answers.then("log_entries", {"entries": [{"insertId": "b"}]})
    assert [one["insertId"] for one in client.log_entries("x")] == ["a", "b"]
    first, second = answers.asked("log_entries")
    assert first["resourceNames"] == ["projects/my-project"]
    assert second["pageToken"] == "more"


def test_a_log_that_is_refused_is_an_error(answers: Answers, client: VertexClient) -> None:
    answers.refuse("log_entries", 403, "told")
    with pytest.raises(PermissionDenied, match=r"^logging:entries\.list: told \[403\]\. Grant it"):
        list(client.log_entries("x"))


def test_nobody_is_told_to_log_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    client = VertexClient(config_of())
    with pytest.raises(AuthenticationError, match=r"^auth:credentials: Your default credentials were not "):
        client.pipeline_job(JOB)


def test_the_sdk_is_loaded_when_it_is_used_and_not_before() -> None:
    program = (
        "import sys; from skylift_vertex.flavor import VertexOrchestratorFlavor as F; "
        "f = F(); f.implementation_class; f.config_class.parse({'project': 'my-project', 'location': 'us-east1'}); "
        "print([name for name in ('google.auth', 'google.cloud.aiplatform_v1', 'grpc', 'requests', 'google.protobuf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
