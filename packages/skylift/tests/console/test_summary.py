"""What is said of a run at its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.console.progress import Progress
from skylift.console.summary import MOST_STEPS, Summary
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunEndRecord, Writer
from skylift.models import PipelineRun
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.status import RunStatus, StepStatus

NAMES = [f"s{number}" for number in range(100)]


@pytest.fixture
def run() -> PipelineRun:
    """A run that began an hour before its end, whoever watched it."""
    ledger = Ledger(open_store("memory://"))
    snapshot = make_snapshot(*map(make_step, NAMES))
    ledger.put_snapshot(snapshot)
    writer = Writer.this_process()
    record = ledger.open_run(make_record(snapshot, writer.nonce, writer=writer))
    ended = record.created + timedelta(hours=1)
    ledger.add_end(record.run_id, 0, RunEndRecord(status=Status.FAILED, ended=ended))
    return PipelineRun.of_record(ledger, record)


def summary(run: PipelineRun, reason: str, told: set[str] | None = None, **steps: Status) -> Summary:
    known = {name: StepStatus(steps.get(name, Status.COMPLETED), attempt=1) for name in NAMES}
    return Summary(run, RunStatus(Status.FAILED, reason, known), Progress(NAMES), told or set())


def outcome(found: Summary) -> str:
    return next(line for line, _ in found.lines() if line.startswith("run "))


def test_the_time_is_the_runs_and_not_the_watchings(run: PipelineRun) -> None:
    found = summary(run, "the process died", s9=Status.FAILED)
    assert outcome(found) == (f"run {run.id} failed in 1 h 0 min (99 completed, 1 failed): the process died")


def test_a_reason_that_stands_above_is_not_said_again(run: PipelineRun) -> None:
    reason = "step 's9': ValueError: \x1b[31mno"
    whole = r": step 's9': ValueError: \x1b[31mno"
    assert outcome(summary(run, reason, {"s9"}, s9=Status.FAILED)).endswith(": step 's9'")
    assert outcome(summary(run, reason, {"s1"}, s9=Status.FAILED)).endswith(whole)
    assert outcome(summary(run, reason, {"s9"})).endswith(whole)  # of its call, in the pipeline's function


def test_of_many_steps_what_went_wrong_comes_first(run: PipelineRun) -> None:
    found = summary(run, "", s90=Status.FAILED, s80=Status.STOPPED, s99=Status.FAILED, s95=Status.SKIPPED)
    shown = [row.name for row in found.rows]

    assert shown[:5] == ["s90", "s99", "s80", "s0", "s1"]
    assert len(shown) == MOST_STEPS
    assert found.left_out == {Status.COMPLETED: 69, Status.SKIPPED: 1}
    assert not any("more steps" in line for line, _ in found.lines())
