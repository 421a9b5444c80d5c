"""Where a run and its steps are at their backend: ids, and pages of its console."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift.backends import LOCAL, asked, emulated_by
from skylift.cli import tables
from skylift.console.words import one_line
from skylift_contract.enums import ExecutionStatus
from skylift_contract.status import UNASKED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.ledger.records import RunRecord
    from skylift.models import PipelineRun
    from skylift_contract.status import RunStatus, StepStatus


@dataclass(frozen=True, slots=True)
class Places:
    """`id`: the backend's own of the run. `told`: what the backend was asked; None where nobody has it."""

    id: str = ""
    told: RunStatus | None = None

    @classmethod
    def of(cls, run: PipelineRun) -> Places:
        """Asks the backend, of a run that has ended, too: its steps' jobs are recorded nowhere else."""
        record = run.record
        if record is None or record.orchestrator_run_id is None or not _is_with_a_backend(run, record):
            return cls()
        return cls(record.orchestrator_run_id, asked(run, record))

    @property
    def url(self) -> str:
        return self.told.url if self.told else ""

    def head(self) -> dict[str, str]:
        """The lines of a run, by what stands before them."""
        return {"backend": self.id, "console": self.url or self._unknown}

    def step(self, name: str) -> tuple[str, str]:
        """The id and the page of what a step runs as, each empty where the backend does not tell."""
        step = self._steps.get(name)
        return (step.id, step.url) if step else ("", "")

    def lines(self) -> Iterator[str]:
        """A page of each step, else the id of its job; none is cut, for they are to be copied."""
        rows = [(name, step.url or step.id) for name, step in self._steps.items() if step.url or step.id]
        if rows:
            yield ""
            yield from tables.table(("STEP", "JOB"), rows, flexible=())

    @property
    def _unknown(self) -> str:
        if self.told is None or self.told is UNASKED or self.told.status is not ExecutionStatus.UNKNOWN:
            return ""  # one that is never asked, or has no pages
        return f"not known: {one_line(self.told.reason)}"

    @property
    def _steps(self) -> dict[str, StepStatus]:
        return dict(self.told.steps) if self.told else {}


def _is_with_a_backend(run: PipelineRun, record: RunRecord) -> bool:
    """Not where Skylift made its id, of its submission's; nor where an emulator did, which is gone.

    A run that is part of another is where that is.
    """
    is_ours = record.submission_id is not None and record.submission_id in str(record.orchestrator_run_id)
    is_emulated = emulated_by(run.ledger, record) is not None
    return not (record.flavor == LOCAL or is_ours or is_emulated or record.parent)
