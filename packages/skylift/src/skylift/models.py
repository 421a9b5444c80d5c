"""Runs as people hold them: what they came to, and what they made."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import PrivateAttr

from skylift.backends import backend_view
from skylift.ledger.calls import grown
from skylift.ledger.labels import Labels, checked_note, label, read_labels
from skylift.ledger.records import LabelRecord, RunRecord
from skylift.ledger.unread import UnreadRun
from skylift.ledger.view import settled
from skylift.named import Named
from skylift.step_runs import ArtifactView, StepRun
from skylift.sub_runs import place_of
from skylift.tags import checked_tags
from skylift_contract import run as contract
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError, RecordTooNew, SkyliftError, UnknownName
from skylift_contract.run import DeployedSchedule, PipelineRunResponse
from skylift_contract.snapshot import PipelineSnapshot, PipelineSnapshotResponse
from skylift_contract.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import ErrorInfo, RunEndRecord

__all__ = [
    "ArtifactView",
    "DeployedSchedule",
    "PipelineRun",
    "PipelineRunResponse",
    "PipelineSnapshot",
    "PipelineSnapshotResponse",
    "StepRun",
]


class PipelineRun(contract.PipelineRun):
    """A run. `status` asks the ledger each time; `steps` are as they stand then."""

    _ledger: Ledger = PrivateAttr()
    _record: RunRecord | UnreadRun | None = PrivateAttr(default=None)
    _snapshot: PipelineSnapshot | None = PrivateAttr(default=None)

    @classmethod
    def open(cls, ledger: Ledger, reference: contract.PipelineRun) -> PipelineRun:
        """A run that answers questions, from what identifies it."""
        run = cls.model_construct(**dict(reference))
        run._ledger = ledger  # noqa: SLF001 -- its own
        return run

    @classmethod
    def of_record(cls, ledger: Ledger, record: RunRecord | UnreadRun) -> PipelineRun:
        run = cls.open(
            ledger,
            contract.PipelineRun.model_construct(
                pipeline=record.pipeline,
                snapshot=record.snapshot,
                flavor=record.flavor,
                orchestrator_run_id=record.orchestrator_run_id,
                submission_id=record.submission_id,
            ),
        )
        run._record = record  # noqa: SLF001 -- its own
        return run

    def __repr__(self) -> str:
        """One line; it asks the ledger how the run stands."""
        try:
            status = self.status.value
        except SkyliftError as error:
            status = f"unknown: {error}"
        return f"<PipelineRun {self.id or 'without an id yet'} of pipeline {self.pipeline!r}: {status}>"

    __str__ = __repr__

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    @property
    def id(self) -> UUID | None:
        """None while no step of a submission without a run ID has started."""
        if self._record is not None:
            return UUID(self._record.run_id)
        if (own := super().id) is not None or self.submission_id is None:
            return own
        linked = self._ledger.run_of_submission(self.submission_id)
        return UUID(linked) if linked else None

    @property
    def record(self) -> RunRecord | None:
        """None while nothing of it has started; once there it never changes.

        Raises `StoreError` where it cannot be read.
        """
        if self._record is None and self.id:
            self._record = self._ledger.run(str(self.id))
        if isinstance(self._record, UnreadRun):
            raise self._record.error
        return self._record

    @property
    def head(self) -> RunRecord | UnreadRun | None:
        """The record, or in its place what is known of a run whose record cannot be read."""
        return self._record or self.record

    @property
    def end(self) -> RunEndRecord | None:
        """The record that closes it; None while it is open, or was opened again.

        None, too, where only a newer Skylift can read it, or the run: then its reason says so.
        """
        if isinstance(self._record, UnreadRun):
            return None
        try:
            newest = self._ledger.newest_end(str(self.id))
        except RecordTooNew:
            return None
        return newest[1] if newest and newest[1].status.is_finished else None

    @property
    def snapshot_of(self) -> PipelineSnapshot:
        """Of a dynamic run, with the steps that it had called when it was last fetched, or refreshed."""
        if self._snapshot is None:
            self._snapshot = self._ledger.snapshot(self.snapshot)
            self.refresh()
        return self._snapshot

    def refresh(self) -> None:
        """Look again which steps a dynamic run has called."""
        snapshot = self._snapshot
        if snapshot is not None and snapshot.is_dynamic and self.id:
            self._snapshot = grown(self._ledger, str(self.id), snapshot)

    def fetch(self, told: RunStatus | None = None) -> RunStatus:
        """How the run and each step stand, from the ledger and, here, from its process.

        `told`: what its backend was just asked, which is asked by default.
        A run that nobody closed, and whose process is gone, is closed by this, where the
        store lets itself be written.
        """
        record = self.head
        if isinstance(record, UnreadRun):
            return RunStatus(ExecutionStatus.UNKNOWN, str(record.error))
        if record is None:
            return RunStatus(ExecutionStatus.PENDING, "no step has started")
        self.refresh()
        return settled(self._ledger, record.run_id, self.snapshot_of, backend_view(self, record, told))

    @property
    def status(self) -> ExecutionStatus:
        return self.fetch().status

    @property
    def reason(self) -> str:
        """Why it did not complete, in the step's or the backend's words."""
        return self.fetch().reason

    @property
    def steps(self) -> Mapping[str, StepRun]:
        return self.steps_at(self.fetch())

    def steps_at(self, status: RunStatus) -> Mapping[str, StepRun]:
        """Its steps, in topological order, as they stand in a status that was fetched.

        For a name that none has it raises `UnknownKey`, offering the nearest.
        """
        names = self.snapshot_of.invocations if status.steps else ()
        found = ((name, StepRun(self, name, status.steps[name])) for name in names if name in status.steps)
        return Named("step", f"run {self.id}", found)

    def step(self, name: str) -> StepRun:
        """A step's run; one of a pipeline that the run's function called is `outer/inner`.

        Raises `UnknownKey`, offering the nearest.
        """
        run, name = place_of(self, name)
        return run.steps[name]

    @property
    def labels(self) -> Labels:
        """Tags and notes, read anew each time; none while nothing of the run has started."""
        record = self.record
        return read_labels(self._ledger, record, self.snapshot_of) if record else Labels()

    @property
    def tags(self) -> tuple[str, ...]:
        """The pipeline's, those it was started with, and those added since."""
        return self.labels.tags

    @property
    def notes(self) -> tuple[str, ...]:
        """What people said of it, oldest first."""
        return self.labels.notes

    def add_tags(self, *tags: str) -> None:
        """Raises `ConfigurationError` for what cannot be a tag, or while nothing of the run has started."""
        self._label(LabelRecord(added=checked_tags(tags)))

    def remove_tags(self, *tags: str) -> None:
        """Raises `UnknownName` for one that it has not."""
        known = self.tags
        for tag in tags:
            if tag not in known:
                raise UnknownName("tag", tag, known, who=f"run {self.id}")
        self._label(LabelRecord(removed=tags))

    def add_note(self, text: str) -> None:
        self._label(LabelRecord(note=checked_note(text)))

    def _label(self, record: LabelRecord) -> None:
        if self.record is None:
            raise ConfigurationError(
                "nothing of it has started, so it cannot be labelled yet",
                who=f"submission {self.submission_id}",
                fix="Give its tags and its note to skylift run: --tag, --note.",
            )
        label(self._ledger, str(self.id), record)

    def resume(
        self,
        pipeline: PipelineFunction | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        stack: Any = None,
        orchestrator: Any = None,
    ) -> PipelineRun:
        """Do what it has left as a new run, and wait for that; itself, where it has completed.

        `pipeline`: the same as it is today, by default as the run was made of it; only with it
        `parameters` may stand in place of the run's own. `stack`, `orchestrator`: by default
        those that it was made on.

        Raises `ConfigurationError` for one that has not ended, or whose source was not kept, and
        `RunFailed` or `RunStopped` unless the new run completes.
        """
        from skylift.launch.resume import Where, resume

        return resume(self, pipeline, parameters or {}, Where(stack, orchestrator))

    def failures(self) -> Iterator[tuple[str, str, ErrorInfo | None]]:
        """Step, reason and error of each step that failed."""
        from skylift_contract.status import AttemptEnd

        for name, status in self.fetch().steps.items():
            if status.status is ExecutionStatus.FAILED:
                end = self._ledger.attempt_end(str(self.id), name, status.attempt, AttemptEnd.FAILED)
                yield name, status.reason, end.error if end else None
