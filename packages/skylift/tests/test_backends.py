"""What is asked of a run's backend, and what becomes of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from skylift_tests_support.backends import Here, Processes
from skylift_tests_support.runs import make_record, make_request, make_snapshot, make_step

from skylift import backends
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunEndRecord, Writer
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import QuotaExceeded
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore
    from skylift_contract.orchestrator import BaseOrchestrator

SNAPSHOT = make_snapshot(make_step("a"), flavor="elsewhere")


class Cloud(Processes):
    """Answers what it is told to."""

    answer: RunStatus | Exception = RunStatus(Status.RUNNING)
    asked = 0

    def fetch_status(self, run: Any, include_steps: bool = False) -> RunStatus:
        self.asked += 1
        assert include_steps
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud(Here(), name="prod", flavor="elsewhere")

    def named(name: str, flavor: str) -> BaseOrchestrator:
        assert (name, flavor) == ("prod", "elsewhere")
        return made

    monkeypatch.setattr(backends, "orchestrator_named", named)
    return made


@pytest.fixture
def fields() -> dict[str, Any]:
    """Further ones of the request."""
    return {}


@pytest.fixture
def run(memory_store: ObjectStore, fields: dict[str, Any]) -> PipelineRun:
    """A run of which no step has started."""
    ledger, submission = Ledger(memory_store), str(uuid4())
    ledger.put_snapshot(SNAPSHOT)
    ledger.submit(make_request(SNAPSHOT, submission, **fields))
    return PipelineRun.of_record(ledger, ledger.open_run(make_record(SNAPSHOT, submission_id=submission)))


def test_what_the_backend_says_of_a_step_that_wrote_nothing(run: PipelineRun, cloud: Cloud) -> None:
    cloud.answer = RunStatus(Status.RUNNING, steps={"a": StepStatus(Status.PENDING, "no machine yet")})
    found = run.fetch()
    assert (found.status, found.steps["a"].reason) == (Status.RUNNING, "no machine yet")


def test_a_run_that_its_backend_ended_is_closed_and_not_asked_again(run: PipelineRun, cloud: Cloud) -> None:
    cloud.answer = RunStatus(Status.FAILED, "ResourceLimitExceeded: ml.p3 is 0")
    assert (run.status, run.reason) == (Status.FAILED, "ResourceLimitExceeded: ml.p3 is 0")
    assert run.end is not None
    assert cloud.asked == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (QuotaExceeded("too many", operation="sagemaker:Describe"), "sagemaker:Describe: too many."),
        (ValueError("odd"), "Cloud.fetch_status of flavor 'elsewhere' of "),
    ],
)
def test_a_backend_that_cannot_be_asked(run: PipelineRun, cloud: Cloud, error: Exception, said: str) -> None:
    cloud.answer = error
    found = run.fetch()
    assert found.status is Status.UNKNOWN
    assert found.reason.startswith(f"the backend could not be asked: {said}")
    assert run.end is None


def test_a_backend_that_tells_nothing_is_not_asked(
    run: PipelineRun, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cloud, "fetch_status", Processes.fetch_status)
    assert run.reason == "the backend could not be asked"


def test_a_flavor_that_is_not_installed_here(run: PipelineRun) -> None:
    assert run.status is Status.UNKNOWN
    assert run.reason.startswith("the backend could not be asked: flavor 'elsewhere': ")


def test_a_run_that_has_ended_is_not_asked_about(run: PipelineRun, cloud: Cloud) -> None:
    run.ledger.seal(str(run.id), RunEndRecord(status=Status.STOPPED, reason="enough"))
    assert (run.status, cloud.asked) == (Status.STOPPED, 0)


def _of_former_process() -> Writer:
    """One that is gone, and whose number this process was given."""
    return Writer.this_process().model_copy(update={"process_start": "0"})


@pytest.mark.parametrize(
    ("fields", "status", "asked"),
    [
        ({"is_emulated": True}, Status.RUNNING, 1),
        ({"is_emulated": True, "writer": _of_former_process()}, Status.FAILED, 0),
    ],
    ids=["this process", "another"],
)
def test_an_emulated_run_is_asked_of_the_process_that_has_its_emulator(
    run: PipelineRun, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, status: Status, asked: int
) -> None:
    """And what it stands for is asked by nobody."""
    monkeypatch.setitem(backends.EMULATED, "prod", cloud)
    monkeypatch.setattr(backends, "orchestrator_named", None)
    assert (run.fetch().status, cloud.asked) == (status, asked)
