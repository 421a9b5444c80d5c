"""A run as one of its processes sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import ErrorInfo, ResultRecord, RunRecord
    from skylift_contract.snapshot import ArtifactRef, PipelineSnapshot


@dataclass(slots=True)
class ActiveRun:
    """The run, its ledger, and the results that this process has seen committed."""

    ledger: Ledger
    snapshot: PipelineSnapshot
    record: RunRecord
    results: dict[str, ResultRecord] = field(default_factory=dict[str, "ResultRecord"])

    @property
    def id(self) -> str:
        return self.record.run_id

    @property
    def orchestrator_run_id(self) -> str:
        """A run that has steps to run has one."""
        return self.record.orchestrator_run_id or ""

    def outputs_of(self, invocation: str) -> Mapping[str, ArtifactRef] | None:
        """The committed or bound outputs of an invocation; None while there are none."""
        if bound := self.snapshot.bindings.get(invocation):
            return bound.outputs
        result = self.result(invocation)
        return result.outputs if result else None

    def committed(self, invocations: Iterable[str]) -> frozenset[str]:
        """Those of them whose outputs are there, read together."""
        names = frozenset(invocations)
        self.results.update(self.ledger.results(self.id, names - self.snapshot.bindings.keys()).records)
        return names & (self.snapshot.bindings.keys() | self.results.keys())

    def result(self, invocation: str) -> ResultRecord | None:
        if invocation not in self.results and (found := self.ledger.result(self.id, invocation)):
            self.results[invocation] = found
        return self.results.get(invocation)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What executing an invocation came to; `reason` is for people, `error` for the record.

    `will_retry`: it failed, and whoever owns its retries will start it again.
    """

    status: ExecutionStatus
    reason: str = ""
    attempt: int = 0
    error: ErrorInfo | None = None
    exception: BaseException | None = None
    will_retry: bool = False


COMPLETED = Outcome(ExecutionStatus.COMPLETED)
