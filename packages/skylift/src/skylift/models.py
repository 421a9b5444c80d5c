"""Runs as people hold them: what they came to, and what they made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import PrivateAttr

from skylift import artifacts
from skylift.authoring.sources import load
from skylift.ledger import keys
from skylift.ledger.process import liveness
from skylift.ledger.records import RunRecord, UnreadRun
from skylift.ledger.view import settled
from skylift.materializers.paths import PATH, restore
from skylift.named import Named
from skylift_contract import run as contract
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import RecordTooNew, SkyliftError
from skylift_contract.run import DeployedSchedule, PipelineRunResponse
from skylift_contract.snapshot import ArtifactRef, PipelineSnapshot, PipelineSnapshotResponse
from skylift_contract.status import UNASKED, Liveness, RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import ErrorInfo, ResultRecord, RunEndRecord
    from skylift_contract.snapshot import Step
    from skylift_contract.status import StepStatus

__all__ = [
    "ArtifactView",
    "DeployedSchedule",
    "PipelineRun",
    "PipelineRunResponse",
    "PipelineSnapshot",
    "PipelineSnapshotResponse",
    "StepRun",
]


@dataclass(frozen=True, slots=True)
class ArtifactView:
    """One output that was committed; nothing is read before it is asked for."""

    ledger: Ledger
    ref: ArtifactRef
    who: str
    annotation: Any = Any

    @property
    def uri(self) -> str:
        """The folder in the store that holds its files, below `data/`."""
        return self.ledger.artifact_uri(self.ref.digest)

    def load(self) -> Any:
        """The value; raises `DamagedObject` when its bytes have changed."""
        return artifacts.load(self.ledger.store, self.ref, self.annotation, self.who)

    def download(self, folder: Path) -> list[Path]:
        """Copy its files below a folder, verified, and return where each went.

        Empty folders and the right to execute come back with what a step gave as a `Path`.
        """
        files, manifest = artifacts.open_files(self.ledger.store, self.ref.digest, self.who)
        files.folder = folder
        if manifest.materializer == PATH:
            return restore(files, folder, manifest.details)
        return [files.path(name) for name in files.files]


@dataclass(frozen=True, slots=True)
class StepRun:
    """One invocation in one run, as it stood when the run was asked."""

    run: PipelineRun
    step: Step
    status_of: StepStatus

    @property
    def status(self) -> ExecutionStatus:
        return self.status_of.status

    @property
    def reason(self) -> str:
        return self.status_of.reason

    @property
    def _result(self) -> ResultRecord | None:
        return self.run.ledger.result(str(self.run.id), self.step.spec.invocation_id)

    @property
    def outputs(self) -> Mapping[str, ArtifactView]:
        """Name → output; empty while the step has not committed.

        For a name that none has it raises `UnknownKey`, offering the nearest.
        """
        name = self.step.spec.invocation_id
        result = self._result
        bound = self.run.snapshot_of.bindings.get(name)
        refs = result.outputs if result else bound.outputs if bound else {}
        who = f"run {self.run.id}, step {name!r}"
        found = (
            (name, ArtifactView(self.run.ledger, ref, f"{who}, output {name!r}", self._annotation(name)))
            for name, ref in refs.items()
        )
        return Named("output", who, found)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the step noted with `log_metadata`."""
        result = self._result
        return result.metadata if result else {}

    def logs(self) -> Iterator[str]:
        """What its attempts printed, as text, in order; what is stored so far."""
        store = self.run.ledger.store
        for key in store.list(keys.logs(str(self.run.id), self.step.spec.invocation_id)):
            yield (store.get(key) or b"").decode("utf-8", "replace")

    def _annotation(self, output: str) -> Any:
        """The producer's own annotation, where its code can be imported here; it helps JSON."""
        from skylift.authoring.signature import read_signature

        try:
            signature = read_signature(load(self.step.spec.source), self.step.config.name)
        except (SkyliftError, ImportError):
            return Any
        return next((out.annotation for out in signature.outputs if out.name == output), Any)


class PipelineRun(contract.PipelineRun):
    """A run. `status` asks the ledger each time; `steps` are as they stand then."""

    _ledger: Ledger = PrivateAttr()
    _record: RunRecord | UnreadRun | None = PrivateAttr(default=None)

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
        if isinstance(self._record, UnreadRun):
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

    @cached_property
    def snapshot_of(self) -> PipelineSnapshot:
        return self._ledger.snapshot(self.snapshot)

    def fetch(self) -> RunStatus:
        """How the run and each step stand, from the ledger and, here, from its process.

        A run that nobody closed, and whose process is gone, is closed by this, where the
        store lets itself be written.
        """
        record = self.head
        if isinstance(record, UnreadRun):
            return RunStatus(ExecutionStatus.UNKNOWN, str(record.error))
        if record is None:
            return RunStatus(ExecutionStatus.PENDING, "no step has started")
        return settled(self._ledger, record.run_id, self.snapshot_of, backend_view(record))

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
        steps: Mapping[str, Step] = self.snapshot_of.step_configurations if status.steps else {}
        found = (
            (name, StepRun(self, steps[name], status.steps[name])) for name in steps if name in status.steps
        )
        return Named("step", f"run {self.id}", found)

    def step(self, name: str) -> StepRun:
        """A step's run; raises `UnknownKey`, offering the nearest."""
        return self.steps[name]

    def failures(self) -> Iterator[tuple[str, str, ErrorInfo | None]]:
        """Step, reason and error of each step that failed."""
        from skylift_contract.status import AttemptEnd

        for name, status in self.fetch().steps.items():
            if status.status is ExecutionStatus.FAILED:
                end = self._ledger.attempt_end(str(self.id), name, status.attempt, AttemptEnd.FAILED)
                yield name, status.reason, end.error if end else None


def backend_view(record: RunRecord) -> RunStatus:
    """What can be said of a run's backend without an orchestrator: whether its process runs."""
    if record.flavor != "local":
        return UNASKED
    match liveness(record.writer):
        case Liveness.ALIVE:
            return RunStatus(ExecutionStatus.RUNNING)
        case Liveness.GONE:
            return RunStatus(ExecutionStatus.FAILED, "the process died")
        case Liveness.UNSEEN:
            host = record.writer.host.partition("/")[0]
            return RunStatus(ExecutionStatus.UNKNOWN, f"it runs on {host}, and can be asked there only")
