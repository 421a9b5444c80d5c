"""When each step of a run ran and what it made: one record a step, read together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift.ledger.records import Origin
from skylift_contract.enums import ExecutionStatus
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import JsonValue

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import EndRecord, ResultRecord
    from skylift_contract.snapshot import ArtifactRef, Binding
    from skylift_contract.status import StepStatus

_ENDED = {
    ExecutionStatus.FAILED: AttemptEnd.FAILED,
    ExecutionStatus.STOPPED: AttemptEnd.STOPPED,
}


@dataclass(frozen=True, slots=True)
class History:
    """The records by which steps ended: a result each, or the end of the newest attempt.

    `unreadable`: step → why the record that ended it cannot be read.
    """

    results: Mapping[str, ResultRecord]
    ends: Mapping[str, EndRecord]
    bindings: Mapping[str, Binding]
    unreadable: Mapping[str, str]

    @classmethod
    def read(
        cls,
        ledger: Ledger,
        run_id: str,
        steps: Mapping[str, StepStatus],
        bindings: Mapping[str, Binding] | None = None,
    ) -> History:
        """Of the steps that a status names, in two rounds of requests."""
        bound = bindings or {}
        committed = [name for name, step in steps.items() if step.status.is_successful and name not in bound]
        ended = {
            name: (step.attempt, _ENDED[step.status])
            for name, step in steps.items()
            if step.attempt and step.status in _ENDED
        }
        results, ends = ledger.results(run_id, committed), ledger.ends(run_id, ended)
        unreadable = {**results.unreadable, **ends.unreadable}
        return cls(results.records, ends.records, bound, unreadable)

    def times(self, name: str) -> tuple[datetime, datetime] | None:
        """When its last attempt began and ended; None while it has not, or where nobody wrote it."""
        if self.origin(name):
            return None
        record = self.results.get(name) or self.ends.get(name)
        return (record.started, record.ended) if record else None

    def origin(self, name: str) -> Origin | None:
        """The run, and the invocation in it, that its outputs were taken from."""
        if bound := self.bindings.get(name):
            return Origin(run_id=bound.run_id, invocation_id=bound.step_name)
        result = self.results.get(name)
        return result.cached_from if result else None

    def seconds(self, name: str) -> float | None:
        times = self.times(name)
        return (times[1] - times[0]).total_seconds() if times else None

    def metadata(self, name: str) -> Mapping[str, JsonValue]:
        """What it noted with `log_metadata`; empty while it has not committed."""
        result = self.results.get(name)
        return result.metadata if result else {}

    def outputs(self, name: str) -> Mapping[str, ArtifactRef]:
        """Name → where its data lies; empty while it has not committed."""
        if result := self.results.get(name):
            return result.outputs
        bound = self.bindings.get(name)
        return bound.outputs if bound else {}
