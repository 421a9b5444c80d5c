"""The steps of a run as people hold them, and what they made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylift import artifacts
from skylift.authoring.sources import load
from skylift.ledger import keys
from skylift.ledger.records import Origin
from skylift.materializers.paths import PATH, restore
from skylift.named import Named
from skylift.sub_runs import opened
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import ResultRecord
    from skylift.models import PipelineRun
    from skylift_contract.enums import ExecutionStatus
    from skylift_contract.snapshot import ArtifactRef, Binding
    from skylift_contract.status import StepStatus


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
    name: str
    status_of: StepStatus

    @property
    def status(self) -> ExecutionStatus:
        return self.status_of.status

    @property
    def reason(self) -> str:
        return self.status_of.reason

    @property
    def cached_from(self) -> Origin | None:
        """The run, and the invocation in it, that made its outputs; None where it ran itself."""
        if bound := self._bound:
            return Origin(run_id=bound.run_id, invocation_id=bound.step_name)
        result = self._result
        return result.cached_from if result else None

    @property
    def sub_run(self) -> PipelineRun | None:
        """The run of a nested pipeline; None for a step."""
        return opened(self.run, self.name)

    @property
    def _bound(self) -> Binding | None:
        return self.run.snapshot_of.bindings.get(self.name)

    @property
    def _result(self) -> ResultRecord | None:
        """Its own; of one that was bound, that of the step which made its outputs."""
        bound = self._bound
        run, name = (bound.run_id, bound.step_name) if bound else (str(self.run.id), self.name)
        return self.run.ledger.result(run, name)

    @property
    def outputs(self) -> Mapping[str, ArtifactView]:
        """Name → output; empty while the step has not committed.

        For a name that none has it raises `UnknownKey`, offering the nearest.
        """
        committed = self._bound or self._result
        refs: Mapping[str, ArtifactRef] = committed.outputs if committed else {}
        who = f"run {self.run.id}, step {self.name!r}"
        found = (
            (name, ArtifactView(self.run.ledger, ref, f"{who}, output {name!r}", self._annotation(name)))
            for name, ref in refs.items()
        )
        return Named("output", who, found)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the step noted with `log_metadata`, in the run that made its outputs."""
        result = self._result
        return result.metadata if result else {}

    def logs(self) -> Iterator[str]:
        """What its attempts printed, as text, in order; what is stored so far."""
        store = self.run.ledger.store
        for key in store.list(keys.logs(str(self.run.id), self.name)):
            yield (store.get(key) or b"").decode("utf-8", "replace")

    @property
    def _source(self) -> str:
        bound = self._bound
        return bound.source if bound else self.run.snapshot_of.step_configurations[self.name].spec.source

    def _annotation(self, output: str) -> Any:
        """The producer's own annotation, where its code can be imported here; it helps JSON."""
        from skylift.authoring.signature import read_signature

        try:
            signature = read_signature(load(self._source), self.name)
        except (SkyliftError, ImportError):
            return Any
        return next((out.annotation for out in signature.outputs if out.name == output), Any)
