"""Submitting a plan: record, store, hand over.

Nothing is made anywhere before every check has passed (`plan`). The submission's record
comes before the first call to a backend, so that a submit whose answer is lost is found.
"""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skylift.launch.cached import bound_from_cache, complete
from skylift.launch.environments import base_environment, step_environments
from skylift.launch.images import with_images
from skylift.launch.leaks import refuse_leaks
from skylift.launch.plan import plan
from skylift.launch.provenance import git_state, user
from skylift.launch.put import put_plan
from skylift.launch.schedules import PAUSE, apply, check_free, find, is_paused, record_deployment
from skylift.launch.waiting import left_running, shown
from skylift.ledger.labels import Labels
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Request, RunRecord
from skylift.models import PipelineRun
from skylift.observer import Observer, StepEvent, observed
from skylift.orchestrator_calls import (
    calling,
    checked_result,
    checked_run_id,
    operation,
    submitted_by,
)
from skylift.store.location import open_store
from skylift_contract import run as contract
from skylift_contract.canonical import canonical_json
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import BackendError, RunFailed, RunIdError, RunStopped
from skylift_contract.run_id import run_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.launch.plan import Plan
    from skylift_contract.orchestrator import SubmissionResult
    from skylift_contract.schedule import Schedule
    from skylift_contract.status import RunStatus

FIRES_SHOWN = 3
NO_LABELS = Labels()


def launch(
    pipeline: PipelineFunction, arguments: Mapping[str, Any], observer: Observer | None = None
) -> PipelineRun | contract.DeployedSchedule:
    """Deploy a schedule, or run and wait.

    Raises `RunFailed` or `RunStopped` unless the run completed.
    """
    from skylift.console import default_observer

    return carried_out(plan(pipeline, arguments), observer or default_observer())


def carried_out(planned: Plan, observer: Observer) -> PipelineRun | contract.DeployedSchedule:
    """Submit a plan, and wait; raises `RunFailed` or `RunStopped` for a run that did not complete."""
    submission = Submission(planned, observer)
    made = submission.submit()
    if isinstance(made, PipelineRun):
        submission.check_over(made)
        raise_unless_completed(made)
    return made


def raise_unless_completed(run: PipelineRun) -> None:
    """Raise `RunStopped` or `RunFailed` for a run that has ended otherwise."""
    found = run.fetch()
    if found.status is ExecutionStatus.STOPPED:
        raise RunStopped("it was stopped", who=f"run {run.id}", fix=f"Go on with: skylift runs why {run.id}")
    if found.status.is_finished and found.status is not ExecutionStatus.COMPLETED:
        raise RunFailed(str(run.id), found.reason or found.status.value)


class Submission:
    """One request to run or schedule a plan; its id is the idempotency token.

    `labels`: tags besides the pipeline's own, and at most one note, for the request's record.
    """

    def __init__(
        self, planned: Plan, observer: Observer, *, wait: bool = True, labels: Labels = NO_LABELS
    ) -> None:
        self.plan, self.observer, self.wait = planned, observer, wait
        self.labels = labels
        self._unfinished: RunStatus | None = None
        self.id = str(uuid.uuid4())
        store = planned.stack.artifact_store
        self.ledger = Ledger(open_store(store.uri, store.options))

    def submit(self) -> PipelineRun | contract.DeployedSchedule:
        """Make the records, hand the snapshot over, and wait where that is wanted."""
        with observed(self.observer):
            self._take_from_cache()
            self.plan = with_images(self.plan, self.about)
            snapshot, orchestrator = self.plan.snapshot, self.plan.stack.orchestrator
            self.observer.submitting(snapshot, orchestrator.flavor, self.ledger.store.uri)
            for note in self.plan.notes:
                self.observer.note(note)
            self._refuse_leaks()
            if snapshot.schedule is not None:
                check_free(self.ledger, self.plan)
            self._store()
            for name, bound in snapshot.bindings.items():
                self.observer.step(StepEvent(name, ExecutionStatus.CACHED, f"from run {bound.run_id}"))
            if snapshot.bindings and not snapshot.steps and not snapshot.is_dynamic:
                return self._nothing_left()
            result = self._hand_over()
            for note in result.notes if result else ():
                self.observer.note(note)
            if snapshot.schedule is not None:
                return self._deployed(snapshot.schedule, result)
            return self._run(result)

    def _take_from_cache(self) -> None:
        """Bind what is there already; each firing of a schedule looks for itself, when it starts."""
        if self.plan.snapshot.schedule is None:
            found = bound_from_cache(self.ledger.store, self.plan.snapshot)
            self.plan = replace(self.plan, snapshot=found)

    def _nothing_left(self) -> PipelineRun:
        """A run that no backend hears of."""
        record = complete(self.ledger, self.plan.snapshot, self.id)
        self.observer.started(record.run_id)
        run = PipelineRun.of_record(self.ledger, record)
        self.observer.ended(run, run.fetch())
        return run

    def _run(self, result: SubmissionResult | None) -> PipelineRun:
        orchestrator = self.plan.stack.orchestrator
        found = checked_run_id(result, orchestrator, self.method)
        self._check_agreed(found)
        if found and not orchestrator.config.is_synchronous:
            self.observer.started(self._open(found).run_id)
        wait = result.wait_for_completion if result and self.wait else None
        reference = self._reference().model_copy(update={"orchestrator_run_id": found})
        run = PipelineRun.open(self.ledger, reference)
        if wait is not None:
            leaving = left_running(run) if self.plan.stack.runs_elsewhere else nullcontext()
            asked = calling(orchestrator, "wait_for_completion", self.about)
            with asked, leaving, shown(run, self.observer):
                wait()
        self._check_agreed(found)
        run.refresh()
        status = run.fetch()
        self.observer.ended(run, status)
        if wait is not None and not status.status.is_finished:
            self._unfinished = status
        return run

    def check_over(self, run: PipelineRun) -> None:
        """Raise `RunFailed` for the run that was made, where its wait ended before it did."""
        if (status := self._unfinished) is None:
            return
        name = str(run.id or f"of submission {self.id}")
        if failure := self.ledger.failure(str(run.id)):
            raise RunFailed(name, f"step {failure.invocation_id!r}: {failure.reason}")
        raise RunFailed(
            name,
            f"it was waited for, and is {status.status.value}: {status.reason or 'no step says more'}",
            fix="Look at what the backend says of its steps: they may not have found their run.",
        )

    def _check_agreed(self, returned: str | None) -> None:
        """Raise `RunIdError` where the steps made another run of this submission than was returned."""
        linked = self.ledger.run_of_submission(self.id) if returned else None
        if returned is None or linked in {None, str(run_id(self.plan.snapshot.runtime.flavor, returned))}:
            return
        record = self.ledger.run(str(linked))
        read = f", for they read {record.orchestrator_run_id!r}" if record else ""
        raise RunIdError(
            f"it returned an orchestrator run ID for {self.about} that its steps do not read: "
            f"they are run {linked}{read}",
            who=operation(self.plan.stack.orchestrator, self.method),
            value=returned,
            fix="Return what get_orchestrator_run_id gives in each step, or none: "
            "the run is found by its submission then.",
        )

    def _refuse_leaks(self) -> None:
        """In the request, and in the variables that steps are given: nothing has been stored yet."""
        base = base_environment(self.plan, self.id)
        steps = step_environments(self.plan.snapshot, base)
        request = self._request.to_bytes()
        refuse_leaks(self.plan, {"the request": request, "the environments": canonical_json(steps or base)})

    def _store(self) -> None:
        """Code, snapshot and request: all that a step needs is there before one can start."""
        put_plan(self.ledger, self.plan)
        self.ledger.submit(self._request)

    @cached_property
    def _request(self) -> Request:
        """What is searched for secrets is what is stored; and git is asked once."""
        source, snapshot, stack = self.plan.source, self.plan.snapshot, self.plan.stack
        commit, dirty = git_state(source.root) if source else self.plan.git
        return Request(
            submission_id=self.id,
            project=snapshot.project,
            pipeline=snapshot.name,
            snapshot=snapshot.digest,
            flavor=stack.orchestrator.flavor,
            stack=stack.name,
            orchestrator=stack.orchestrator.name,
            user=user(),
            git_commit=commit,
            git_dirty=dirty,
            tags=tuple(dict.fromkeys((*snapshot.pipeline_configuration.tags, *self.labels.tags))),
            notes=self.plan.notes,
            note="".join(self.labels.notes),
            resumes=self.plan.resumes,
            is_emulated=stack.is_emulated,
        )

    def _hand_over(self) -> SubmissionResult | None:
        snapshot, stack = self.plan.snapshot, self.plan.stack
        base = base_environment(self.plan, self.id)
        orchestrator, reference = stack.orchestrator, self._reference()
        with calling(orchestrator, self.method, self.about):
            if snapshot.is_dynamic:
                result = orchestrator.submit_dynamic_pipeline(snapshot, stack, base, reference)
            else:
                steps = step_environments(snapshot, base)
                result = orchestrator.submit_pipeline(snapshot, stack, base, steps, reference)
        return checked_result(result, orchestrator, self.method, self.about)

    @property
    def method(self) -> str:
        """The orchestrator's method that is handed the snapshot."""
        is_dynamic = self.plan.snapshot.is_dynamic
        return "submit_dynamic_pipeline" if is_dynamic else submitted_by(self.plan.stack.orchestrator)

    @property
    def about(self) -> str:
        return f"submission {self.id}"

    def _deployed(self, schedule: Schedule, result: SubmissionResult | None) -> contract.DeployedSchedule:
        if result is None or not result.schedule_id:
            raise BackendError(
                f"it returned no id of the schedule that it was to make for {self.about}, which may be there "
                "by now and could not be found or deleted",
                operation=operation(self.plan.stack.orchestrator, self.method),
                fix="Return SubmissionResult(schedule_id=…), and look for the schedule on the backend.",
            )
        was_paused = is_paused(self.ledger, self.plan)
        deployed = record_deployment(self.ledger, self.plan, self.id, result.schedule_id)
        if was_paused:
            # A backend has it active after a submit; recorded before, it can be paused by hand if this fails.
            paused = apply(find(self.ledger, deployed.name), PAUSE).record.schedule
            stays = f"it stays paused; skylift schedule resume {deployed.name}"
            self.observer.note(f"schedule {deployed.name!r} is deployed; {stays}")
            return paused
        self.observer.deployed(deployed.name, schedule.next_fires(FIRES_SHOWN, datetime.now(UTC)))
        return deployed

    def _reference(self) -> contract.PipelineRun:
        snapshot = self.plan.snapshot
        return contract.PipelineRun(
            pipeline=snapshot.name,
            snapshot=snapshot.digest,
            flavor=snapshot.runtime.flavor,
            submission_id=self.id,
        )

    def _open(self, orchestrator_run_id: str) -> RunRecord:
        """Write the run's record from here; a step that was faster has done it already."""
        snapshot = self.plan.snapshot
        standing = self.ledger.open_run(
            RunRecord(
                run_id=str(run_id(snapshot.runtime.flavor, orchestrator_run_id)),
                orchestrator_run_id=orchestrator_run_id,
                project=snapshot.project,
                pipeline=snapshot.name,
                snapshot=snapshot.digest,
                flavor=snapshot.runtime.flavor,
                submission_id=self.id,
            )
        )
        if standing.submission_id not in {None, self.id}:
            raise RunIdError(
                "one orchestrator run ID for two runs: another submission has it already",
                who=f"run {standing.run_id}",
                value=orchestrator_run_id,
                fix="Each execution needs an ID of its own from the backend.",
            )
        return standing
