"""Where a run and its steps are at their backend, as `skylift runs describe` has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from skylift_tests_support.backends import Here, Processes
from skylift_tests_support.runs import make_request

from skylift import backends, pipeline, step
from skylift.cli import main
from skylift.launch.plan import plan
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunEndRecord, RunRecord
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import PermissionDenied
from skylift_contract.run_id import run_id
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_contract import run as contract
    from skylift_contract.orchestrator import BaseOrchestrator

EXECUTION, JOB = "arn:acme:execution/7", "arn:acme:job/first"
TOLD = RunStatus(
    Status.FAILED,
    "what it says of one that has ended is not asked for",
    {"first": StepStatus(Status.COMPLETED, url="https://acme/job", id=JOB)},
    url="https://acme/execution",
)


@step
def first() -> int:
    return 1


@step
def second(value: int) -> None: ...


@pipeline
def flow() -> None:
    second(first())


class Telling(Processes):
    told: RunStatus | Exception = TOLD

    def fetch_status(self, run: contract.PipelineRun, include_steps: bool = False) -> RunStatus:
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


@pytest.fixture
def describe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """What a run that has completed is described as, in JSON and in lines."""

    def named(_: str, flavor: str) -> BaseOrchestrator:
        return Telling(Here(), name="mine", flavor=flavor)

    monkeypatch.setattr(backends, "orchestrator_named", named)

    def described(store: str = "", **fields: Any) -> tuple[dict[str, Any], list[str]]:
        uri = store or f"memory://{uuid4().hex}"
        ledger, snapshot = Ledger(open_store(uri)), plan(flow, {}).snapshot
        ledger.put_snapshot(snapshot)
        known: dict[str, Any] = {"flavor": "acme", "orchestrator_run_id": EXECUTION, **fields}
        record = RunRecord(
            run_id=str(run_id("acme", EXECUTION)),
            project="default",
            pipeline="flow",
            snapshot=snapshot.digest,
            **known,
        )
        ledger.open_run(record)
        ledger.seal(record.run_id, RunEndRecord(status=Status.COMPLETED))
        assert main(["runs", "describe", record.run_id, "--store", uri, "--output", "json"]) == 0
        found = json.loads(capsys.readouterr().out)["run"]
        assert main(["runs", "describe", record.run_id, "--store", uri]) == 0
        return found, capsys.readouterr().out.splitlines()

    return described


def test_ids_and_pages_of_a_run_and_its_steps(describe: Callable[..., Any]) -> None:
    """Of one that has ended, too; how it stands is what its records say all the same."""
    found, lines = describe()
    assert (found["status"], found["reason"]) == ("completed", "")
    assert (found["orchestrator_run_id"], found["links"]) == (EXECUTION, {"backend": TOLD.url})
    assert [(one["job"], one["links"]) for one in found["steps"]] == [
        (JOB, {"backend": "https://acme/job"}),
        (None, {"backend": None}),
    ]
    assert f"backend     {EXECUTION}" in lines
    assert f"console     {TOLD.url}" in lines
    assert lines[-2:] == ["STEP   JOB", "first  https://acme/job"]


def test_a_job_without_a_page_is_named(describe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {"second": StepStatus(Status.RUNNING, id=JOB)}
    monkeypatch.setattr(Telling, "told", RunStatus(Status.RUNNING, "busy", steps))
    _, lines = describe()
    assert lines[-2:] == ["STEP    JOB", f"second  {JOB}"]
    assert not [line for line in lines if line.startswith("console")]


def test_a_backend_that_does_not_answer(
    describe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Telling, "told", PermissionDenied("not you", operation="acme:Describe"))
    found, lines = describe()
    assert (found["status"], found["links"]) == ("completed", {"backend": None})
    assert f"backend     {EXECUTION}" in lines
    assert "console     not known: the backend could not be asked: acme:Describe: not you." in lines


@pytest.mark.parametrize(
    "fields",
    [
        {"flavor": "local"},
        {"submission_id": "s" * 32, "orchestrator_run_id": f"component/{'s' * 32}"},
        {"orchestrator_run_id": None},
        {"parent": "r"},
    ],
    ids=["here", "coordinated here", "all cached", "part of another"],
)
def test_what_no_backend_has_is_described_as_ever(
    describe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    monkeypatch.setattr(Telling, "told", AssertionError("it was asked"))
    _, lines = describe(**fields)
    assert not [line for line in lines if line.startswith(("backend", "console", "STEP  JOB"))]


def test_nobody_asks_a_cloud_for_what_an_emulator_ran(
    describe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Telling, "told", AssertionError("it was asked"))
    uri, submission = f"memory://{uuid4().hex}", "s" * 32
    request = make_request(plan(flow, {}).snapshot, submission, is_emulated=True)
    Ledger(open_store(uri)).submit(request)
    found, _ = describe(uri, submission_id=submission)
    assert found["links"] == {"backend": None}
