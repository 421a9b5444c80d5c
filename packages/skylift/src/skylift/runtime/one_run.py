"""A submission becomes one run: the step that would make a second one of it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.ledger.records import FailureRecord
from skylift_contract.errors import RunIdError

if TYPE_CHECKING:
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import RunRecord
    from skylift_contract.snapshot import PipelineSnapshot


def check_one_run(ledger: Ledger, snapshot: PipelineSnapshot, record: RunRecord, invocation: str) -> None:
    """Raise `RunIdError` where a step's submission is another run, which still waits for this step.

    A firing of a schedule carries no submission. An execution that was started again from the
    backend's own console carries the first one's, and is a run of its own: it shows by what
    it repeats, an invocation that has started there or a run that has ended.
    """
    submission, own = record.submission_id, record.run_id
    if submission is None:
        return
    linked = ledger.run_of_submission(submission)
    if linked == own or ledger.run(own) is not None:
        return
    # Before the run's record: of two steps with two ids one wins, and the other leaves no run behind.
    linked = linked or ledger.link_submission(submission, own)
    if linked == own or _is_repeated(ledger, linked, invocation):
        return
    error = _two_runs(snapshot, record, linked)
    # Where whoever waits for the run looks; an attempt of its own would look like a repetition.
    ledger.fail(linked, FailureRecord(invocation_id=invocation, attempt=0, reason=error.sentence()))
    raise error


def who_says_the_id(snapshot: PipelineSnapshot) -> str:
    """Whose word a run's id is: the orchestrator's own code, or the sources that it names."""
    runtime = snapshot.runtime
    if runtime.run_id_sources or runtime.orchestrator is None:
        sources = ", ".join(source.describe() for source in runtime.run_id_sources)
        return f"{sources} of flavor {runtime.flavor!r}"
    return f"{runtime.orchestrator.implementation}.get_orchestrator_run_id"


def _is_repeated(ledger: Ledger, run: str, invocation: str) -> bool:
    listing = ledger.step_listing(run, invocation)
    if listing.attempts or listing.committed:
        return True
    newest = ledger.newest_end(run)
    return newest is not None and not newest[1].is_open


def _two_runs(snapshot: PipelineSnapshot, record: RunRecord, linked: str) -> RunIdError:
    return RunIdError(
        f"one submission for two runs: submission {record.submission_id} is run {linked} already, "
        f"and this step's id makes it run {record.run_id}",
        who=who_says_the_id(snapshot),
        value=record.orchestrator_run_id,
        fix="get_orchestrator_run_id must give the same id in every step of a run, "
        "and SubmissionResult.orchestrator_run_id, where it is given, must be that id.",
    )
