"""The orchestrator against the emulator: what is sent, and what each refusal becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from skylift___plugin__.config import __Plugin__OrchestratorConfig
from skylift___plugin__.emulator import __Plugin__Emulator
from skylift___plugin__.orchestrator import __Plugin__Orchestrator
from skylift_contract.errors import AuthenticationError, BackendError, PermissionDenied, QuotaExceeded, Transient
from skylift_contract.run import PipelineRun
from skylift_contract.stack import ArtifactStore, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.orchestrator import SubmissionResult
    from skylift_contract.snapshot import PipelineSnapshot


@pytest.fixture
def started() -> list[tuple[list[str], dict[str, str]]]:
    """Command and variables of each task that the platform started."""
    return []


@pytest.fixture
def platform(started: list[tuple[list[str], dict[str, str]]]) -> Iterator[__Plugin__Emulator]:
    with __Plugin__Emulator(lambda command, environment: started.append((command, environment))) as emulator:
        yield emulator


def submit(endpoint: str, snapshot: PipelineSnapshot) -> SubmissionResult:
    config = __Plugin__OrchestratorConfig.parse({"endpoint": endpoint, "token": "a secret"})
    orchestrator = __Plugin__Orchestrator(config)
    stack = Stack("tests", orchestrator, ArtifactStore("memory://"))
    run = PipelineRun(
        pipeline=snapshot.name, snapshot=snapshot.digest, flavor="__plugin__", submission_id="submission-1"
    )
    return orchestrator.submit_pipeline(snapshot, stack, {}, {"load": {"A": "1"}}, run)


def test_a_submission_sends_the_compiled_document_once(
    platform: __Plugin__Emulator, snapshot: PipelineSnapshot, started: list[tuple[list[str], dict[str, str]]]
) -> None:
    run_id = submit(platform.endpoint, snapshot).orchestrator_run_id
    ((path, headers, body),) = platform.requests
    assert [environment["__PLUGIN___RUN_ID"] for _, environment in started] == [run_id, run_id]
    assert path == "/jobs"
    assert (headers["Idempotency-Key"], headers["Authorization"]) == ("submission-1", "Bearer a secret")
    assert [task["environment"] for task in body["tasks"]] == [{"A": "1"}, {}]
    assert body["tasks"][0]["command"][1:3] == ["-m", "skylift.runtime"]


def test_the_same_submission_sent_again_is_the_same_run(
    platform: __Plugin__Emulator, snapshot: PipelineSnapshot, started: list[tuple[list[str], dict[str, str]]]
) -> None:
    first, again = submit(platform.endpoint, snapshot), submit(platform.endpoint, snapshot)
    assert first.orchestrator_run_id == again.orchestrator_run_id
    assert len(started) == len(snapshot.steps)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, AuthenticationError),
        (403, PermissionDenied),
        (429, QuotaExceeded),
        (503, Transient),
        (500, BackendError),
    ],
)
def test_a_refusal_becomes_the_contracts_error(
    platform: __Plugin__Emulator, snapshot: PipelineSnapshot, code: int, error: type[BackendError]
) -> None:
    platform.refuse_with = code
    with pytest.raises(error, match=rf"^__plugin__:POST /jobs: .+ \[{code}\]\.$") as caught:
        submit(platform.endpoint, snapshot)
    assert type(caught.value) is error


def test_a_platform_that_is_not_there_is_worth_another_try(snapshot: PipelineSnapshot) -> None:
    with __Plugin__Emulator() as gone:
        endpoint = gone.endpoint
    with pytest.raises(Transient, match=r"^__plugin__:POST /jobs: it cannot be reached: "):
        submit(endpoint, snapshot)
