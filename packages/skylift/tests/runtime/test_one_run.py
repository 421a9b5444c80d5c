"""One submission is one run: of two ids, the second step stops, and says so where people look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.backends import (
    Here,
    IdPerStep,
    OtherIdAfterwards,
    OtherIdBeforehand,
    Processes,
    Synchronous,
    counting,
)
from skylift_tests_support.runs import SUPPORT, make_record, make_snapshot, make_step

from skylift import Client, ExecutionStatus
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import ResultRecord, RunEndRecord, StartRecord
from skylift.models import PipelineRun
from skylift.runtime.one_run import check_one_run
from skylift_contract.errors import RunFailed, RunIdError
from skylift_contract.snapshot import OrchestratorSource, SnapshotRuntime

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.ledger.records import RunRecord
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import PipelineSnapshot

SNAPSHOT = make_snapshot(make_step("a"), make_step("b"))


def joined(
    ledger: Ledger, orchestrator_run_id: str, invocation: str, submission: str | None = "S"
) -> RunRecord:
    """What a step's process does before it runs."""
    record = make_record(SNAPSHOT, orchestrator_run_id, submission_id=submission)
    check_one_run(ledger, SNAPSHOT, record, invocation)
    standing = ledger.open_run(record)
    ledger.claim(standing.run_id, StartRecord(invocation_id=invocation, attempt=1))
    return standing


@pytest.fixture
def ledger(memory_store: ObjectStore) -> Ledger:
    return Ledger(memory_store)


def test_steps_with_one_id_are_one_run(ledger: Ledger) -> None:
    assert joined(ledger, "x", "a").run_id == joined(ledger, "x", "b").run_id == ledger.run_of_submission("S")


def test_a_second_id_stops_its_step_and_leaves_no_run(ledger: Ledger) -> None:
    first, second = joined(ledger, "x", "a"), make_record(SNAPSHOT, "y", submission_id="S")
    with pytest.raises(
        RunIdError,
        match=rf"^environment variable TESTED_RUN_ID of flavor 'test': one submission for two runs: submission S is "
        rf"run {first.run_id} already, and this step's id makes it run {second.run_id} \(got 'y'\)\. "
        r"get_orchestrator_run_id must give the same id in every step of a run, ",
    ):
        joined(ledger, "y", "b")
    assert [record.run_id for record in newest_runs(ledger)] == [first.run_id]
    assert ledger.run(second.run_id) is None


def test_the_run_that_waits_for_it_is_told(ledger: Ledger) -> None:
    first = joined(ledger, "x", "a")
    with pytest.raises(RunIdError) as error:
        joined(ledger, "y", "b")
    failure = ledger.failure(first.run_id)
    assert failure is not None
    assert (failure.invocation_id, failure.reason) == ("b", str(error.value))


def test_trying_again_with_a_third_id_is_refused_too(ledger: Ledger) -> None:
    joined(ledger, "x", "a")
    for orchestrator_run_id in ("y", "z"):
        with pytest.raises(RunIdError, match="one submission for two runs"):
            joined(ledger, orchestrator_run_id, "b")


def test_of_two_that_start_at_once_one_wins(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked before either has written."""
    winner = joined(ledger, "x", "a")

    def nothing_yet(_: str) -> None:
        return None

    with monkeypatch.context() as looked_before:
        looked_before.setattr(ledger, "run_of_submission", nothing_yet)
        with pytest.raises(RunIdError, match=f"submission S is run {winner.run_id} already"):
            joined(ledger, "y", "b")
    assert [record.run_id for record in newest_runs(ledger)] == [winner.run_id]


def test_a_firing_of_a_schedule_has_no_submission(ledger: Ledger) -> None:
    runs = {joined(ledger, name, "a", None).run_id for name in ("x", "y")}
    assert len(runs) == 2


def test_an_execution_started_again_is_a_run_of_its_own(ledger: Ledger) -> None:
    """From the backend's console, with the first one's document: it repeats what has started there."""
    first = joined(ledger, "x", "a")
    again = joined(ledger, "y", "a")
    assert joined(ledger, "y", "b").run_id == again.run_id != first.run_id


def test_a_step_that_was_taken_from_the_cache_is_repeated_too(ledger: Ledger) -> None:
    """It has a result and no attempt."""
    first = joined(ledger, "x", "a")
    taken = ResultRecord(invocation_id="b", attempt=0, started=first.created)
    ledger.commit(first.run_id, taken)
    assert joined(ledger, "y", "b").run_id != first.run_id


def test_one_started_again_after_the_first_has_ended(ledger: Ledger) -> None:
    first = joined(ledger, "x", "a")
    ledger.seal(first.run_id, RunEndRecord(status=ExecutionStatus.FAILED))
    assert joined(ledger, "y", "b").run_id != first.run_id


def test_code_that_gives_the_id_is_named_with_its_class() -> None:
    from skylift.runtime.one_run import who_says_the_id

    source = OrchestratorSource(implementation="acme:Orchestrator", config_class="acme:Config")
    runtime = SnapshotRuntime(flavor="acme", python="3", skylift="0", orchestrator=source)
    coded: PipelineSnapshot = SNAPSHOT.model_copy(update={"runtime": runtime})
    assert who_says_the_id(coded) == "acme:Orchestrator.get_orchestrator_run_id"


# Whole runs


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    uri = f"file://{tmp_path}/store"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    monkeypatch.setenv("PYTHONPATH", SUPPORT)
    return uri


def test_a_sound_backend_runs(backend: str) -> None:
    run: PipelineRun = counting.with_options(orchestrator=Processes(Here(), flavor="processes"))()
    assert run.status is ExecutionStatus.COMPLETED
    assert run.steps["more"].outputs["output"].load() == 2


def test_an_id_made_up_in_each_step_fails_the_run_and_says_why(backend: str) -> None:
    orchestrator = IdPerStep(Here(), flavor="processes")
    with pytest.raises(
        RunFailed,
        match=r"failed: step 'more': skylift_tests_support\.backends:IdPerStep\.get_orchestrator_run_id: "
        r"one submission for two runs: .* must give the same id in every step of a run",
    ) as error:
        counting.with_options(orchestrator=orchestrator)()
    assert [str(run.id) for run in Client(backend).runs()] == [error.value.run_id]
    assert [bool(re.search("one submission for two runs", said)) for said in orchestrator.errors] == [
        False,
        True,
    ]


def test_an_id_that_the_steps_did_not_read_is_told_by_the_client(backend: str) -> None:
    with pytest.raises(
        RunIdError,
        match=r"^OtherIdAfterwards\.submit_pipeline of flavor 'processes' \S+ \S+: it returned an orchestrator "
        r"run ID for submission \S+ that its steps do not read: they are run \S+, for they read "
        r"'what-steps-read' \(got 'what-it-returned'\)\. Return what get_orchestrator_run_id gives in each step",
    ):
        counting.with_options(orchestrator=OtherIdAfterwards(Here(), flavor="processes"))()
    (run,) = Client(backend).runs()
    assert run.orchestrator_run_id == "what-steps-read"


def test_a_synchronous_backend_is_looked_at_when_it_has_ended(backend: str) -> None:
    with pytest.raises(RunIdError, match=r"that its steps do not read: .* for they read 'what-steps-read'"):
        counting.with_options(orchestrator=OtherIdBeforehand(Synchronous(), flavor="processes"))()


def test_steps_that_read_another_id_than_was_returned_stop_and_the_client_says_so(backend: str) -> None:
    with pytest.raises(
        RunFailed, match=r"failed: step '(one|more)': .*one submission for two runs: "
    ) as error:
        counting.with_options(orchestrator=OtherIdBeforehand(Here(), flavor="processes"))()
    (run,) = Client(backend).runs()
    assert (str(run.id), run.orchestrator_run_id) == (error.value.run_id, "what-it-returned")
