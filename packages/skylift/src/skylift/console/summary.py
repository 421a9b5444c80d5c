"""What is said of a run when it has been shown to its end: where things are, what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift.artifacts import only_file
from skylift.caching.key import taken_from
from skylift.console.words import COLORS, counted, counts, one_line, seconds, status_word
from skylift.stacks.build import store_hint
from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skylift.console.progress import Progress, Row
    from skylift.models import PipelineRun
    from skylift_contract.snapshot import ArtifactRef
    from skylift_contract.status import RunStatus

MOST_STEPS: Final = 30
MOST_ARTIFACTS: Final = 5


class Summary:
    """A run that was watched: its rows, and lines with their colors.

    Args:
        run: The run.
        status: How it stands, from the ledger.
        progress: What was told of its steps.
        told: Steps whose reason stands above already, and is not said again.
    """

    def __init__(
        self, run: PipelineRun, status: RunStatus, progress: Progress, told: Collection[str] = ()
    ) -> None:
        self.run, self.status, self._told = run, status, told
        rows = self._final(list(progress.rows.values()))
        self.rows = rows if len(rows) <= MOST_STEPS else sorted(rows, key=_rank)[:MOST_STEPS]
        shown = {row.name for row in self.rows}
        self.left_out = counts(row.status for row in rows if row.name not in shown)
        """How many more there are, by how they stand."""

    def _final(self, rows: list[Row]) -> list[Row]:
        """The ledger knows better of a step whose end was not told, for the run ended first."""
        for row in rows:
            known = self.status.steps.get(row.name)
            if known is not None and known.status is not row.status:
                row.status, row.reason = known.status, known.reason
        return rows

    def outputs_of(self, name: str) -> str:
        """`model, score`; nothing for a step that has made none."""
        if bound := self.run.snapshot_of.bindings.get(name):
            return ", ".join(bound.outputs)
        step = self.run.snapshot_of.step_configurations.get(name)
        if step is None or not self._is_there(name):
            return ""
        return ", ".join(output.name for output in step.config.outputs)

    def _is_there(self, name: str) -> bool:
        found = self.status.steps.get(name)
        return found is not None and found.status.is_successful

    def lines(self) -> Iterator[tuple[str, str]]:
        """Lines, each with its color or an empty text."""
        if self.run.id is None:
            yield f"submitted; no step has started: {self.status.reason}", ""
            return
        yield self._outcome(), COLORS.get(self.status.status, "")
        yield from ((line, "") for line in self._places())
        yield from ((line, "") for line in self._next())

    def _outcome(self) -> str:
        word, found = self.status.status, counted(counts(s.status for s in self.status.steps.values()))
        reason = f": {self._reason()}" if self.status.reason else ""
        steps = f" ({found})" if found else ""
        if not word.is_finished:
            return f"run {self.run.id} is {status_word(word)}{reason}{steps}"
        return f"run {self.run.id} {status_word(word)}{self._took()}{steps}{reason}"

    def _took(self) -> str:
        """By its records: whoever watched it may have come late."""
        record, end = self.run.record, self.run.end
        return f" in {seconds((end.time - record.created).total_seconds())}" if record and end else ""

    def _reason(self) -> str:
        """Why it ended so; only the step, where its own words stand above."""
        for name in self._told:
            if self.status.reason.startswith(f"step {name!r}: ") and not self._is_there(name):
                return f"step {name!r}"
        return one_line(self.status.reason)

    def _places(self) -> Iterator[str]:
        """The outputs that no other step takes, which are what the run was for."""
        if not self.status.status.is_finished:
            return
        every, bindings = self._last_steps(), self.run.snapshot_of.bindings
        last = every[:MOST_ARTIFACTS]
        own = [name for name in last if name not in bindings]
        found = {**bindings, **self.run.ledger.results(str(self.run.id), own).records}
        shown = [
            (f"{name}.{out}", ref)
            for name in last
            if name in found
            for out, ref in found[name].outputs.items()
        ]
        for label, ref in shown[:MOST_ARTIFACTS]:
            yield f"  {label}: {self._place(ref)}"
        if len(every) > len(last) or len(shown) > MOST_ARTIFACTS:  # how many more is not worth reading them
            hint = store_hint(self.run.ledger.store.uri)
            yield f"  and more: skylift artifact list {self.run.id}{hint}"
        yield store_line(self.run.ledger.store.uri)

    def _place(self, ref: ArtifactRef) -> str:
        """Its only file, to be opened, or the folder that holds it."""
        ledger = self.run.ledger
        file = only_file(ledger.store, ref.digest)
        folder = ledger.artifact_uri(ref.digest)
        return f"{folder}/data/{file}" if file else folder

    def _last_steps(self) -> list[str]:
        snapshot = self.run.snapshot_of
        taken = {name for step in snapshot.steps for name in {*step.spec.upstream_steps, *taken_from(step)}}
        taken.update(name for bound in snapshot.bindings.values() for name in bound.upstream_steps)
        return [name for name in snapshot.invocations if name not in taken and self.outputs_of(name)]

    def _next(self) -> Iterator[str]:
        status = self.status.status
        run = f"{self.run.id}{store_hint(self.run.ledger.store.uri)}"
        if not status.is_finished:
            yield f"next: skylift runs watch {run}"
        elif status is not ExecutionStatus.COMPLETED:
            yield f"next: skylift runs why {run}"
            yield f"      skylift runs describe {run}"
        else:
            yield f"next: skylift runs describe {run}"


_FIRST: Final = (
    ExecutionStatus.FAILED,
    ExecutionStatus.STOPPED,
    ExecutionStatus.UNKNOWN,
    ExecutionStatus.STOPPING,
    ExecutionStatus.RUNNING,
)


def _rank(row: Row) -> tuple[int, int]:
    """What went wrong first, then what runs, then the rest in the order of the graph."""
    return (_FIRST.index(row.status) if row.status in _FIRST else len(_FIRST), row.place)


def store_line(uri: str) -> str:
    """Where the run's records are."""
    return f"store: {uri}"
