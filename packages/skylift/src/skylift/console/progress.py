"""How far a run is: what each step came to, and which of a thousand a screen should show."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift_contract.enums import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from skylift.observer import StepEvent
    from skylift_contract.snapshot import PipelineSnapshot

REMEMBERED: Final = 100
"""Steps that ended last; no screen has room for more."""


@dataclass(slots=True)
class Row:
    """One step; `began` is on the caller's clock, `place` its number in the order of the graph."""

    name: str
    place: int
    status: ExecutionStatus = ExecutionStatus.PENDING
    attempt: int = 0
    reason: str = ""
    began: float | None = None
    seconds: float | None = None

    def elapsed(self, now: float) -> float | None:
        """What it took, or takes so far."""
        running = self.status in {ExecutionStatus.RUNNING, ExecutionStatus.STOPPING}
        return now - self.began if running and self.began is not None else self.seconds


class Progress:
    """The steps of one run.

    Args:
        names: Invocation ids in topological order; others that turn up later come after.
        cached: Those of them that will not run, for their outputs are there.
    """

    def __init__(self, names: Iterable[str] = (), cached: Collection[str] = ()) -> None:
        self.rows: dict[str, Row] = {}
        self.counts = dict.fromkeys(ExecutionStatus, 0)
        self._running: dict[str, Row] = {}
        self._failed: dict[str, Row] = {}
        self._ended: deque[Row] = deque(maxlen=REMEMBERED)
        self._first_waiting = 0
        for name in names:
            self._add(name, ExecutionStatus.CACHED if name in cached else ExecutionStatus.PENDING)

    @classmethod
    def of(cls, snapshot: PipelineSnapshot) -> Progress:
        return cls(snapshot.invocations, snapshot.bindings)

    def _add(self, name: str, status: ExecutionStatus) -> Row:
        row = self.rows[name] = Row(name, len(self.rows), status)
        self.counts[status] += 1
        return row

    def note(self, event: StepEvent, now: float) -> Row:
        """Take in what was told of a step; `now` is on any clock that only goes forward."""
        row = self.rows.get(event.invocation) or self._add(event.invocation, ExecutionStatus.PENDING)
        self.counts[row.status] -= 1
        self.counts[event.status] += 1
        row.status, row.reason = event.status, event.reason
        is_skipped = event.status is ExecutionStatus.SKIPPED  # which may turn out after it was started
        row.attempt = event.attempt or (0 if is_skipped else row.attempt)
        if event.status.is_finished:
            row.seconds = event.seconds
            self._close(row)
        elif event.status is not ExecutionStatus.PENDING:
            row.began = now - event.so_far if row.began is None else row.began
            self._running[row.name] = row
        return row

    def _close(self, row: Row) -> None:
        self._running.pop(row.name, None)
        if row.status is ExecutionStatus.FAILED:
            self._failed[row.name] = row
        elif row.status not in {ExecutionStatus.SKIPPED, ExecutionStatus.NOT_STARTED}:
            self._failed.pop(row.name, None)
            self._ended.append(row)

    @property
    def done(self) -> int:
        """How many will not change any more."""
        return sum(number for status, number in self.counts.items() if status.is_finished)

    def shown(self, room: int) -> list[Row]:
        """At most `room` rows, in the order of the graph.

        Where not all have room: those that run, then those that failed (a third is kept for
        them), the newest of each, then what ended last, then what comes next.
        """
        if len(self.rows) <= room:
            return list(self.rows.values())
        failed = list(self._failed.values())[::-1]
        running = list(self._running.values())[::-1][: room - min(len(failed), room // 3)]
        groups = (running, failed, list(self._ended)[::-1], self._waiting(room))
        chosen = {row.name: row for group in groups for row in group}
        return sorted(list(chosen.values())[:room], key=lambda row: row.place)

    def _waiting(self, room: int) -> list[Row]:
        """The next that have not started, looking no further than a screen needs."""
        rows = list(self.rows.values())
        while self._first_waiting < len(rows) and rows[self._first_waiting].status.is_finished:
            self._first_waiting += 1
        ahead = rows[self._first_waiting : self._first_waiting + 2 * room]
        return [row for row in ahead if row.status is ExecutionStatus.PENDING]
