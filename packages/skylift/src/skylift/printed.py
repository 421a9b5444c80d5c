"""What a run printed, with the pipelines that its function called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skylift.ledger.output import Output
from skylift.sub_runs import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.ledger.output import Printed
    from skylift.models import PipelineRun


class RunOutput:
    """Lines of all steps of a run, each given out once; at one look, in the order in which they were called.

    `path`: stands before the names of its steps.
    """

    def __init__(self, run: PipelineRun, path: str = "") -> None:
        self._run, self._path = run, path
        self._own = Output(run.ledger, str(run.id))
        self._within: dict[str, RunOutput] = {}

    def new(self) -> Iterator[Printed]:
        """What has been stored since the last time."""
        self._run.refresh()
        steps = self._run.snapshot_of.step_configurations
        self._own.know(steps)
        own: dict[str, list[Printed]] = {}
        for printed in self._own.new():
            own.setdefault(printed.step, []).append(printed)
        for name in steps:
            yield from map(self._named, own.get(name, ()))
            if name not in self._within and (found := opened(self._run, name)):
                self._within[name] = RunOutput(found, f"{self._path}{name}/")
            if name in self._within:
                yield from self._within[name].new()

    def rest(self) -> Iterator[Printed]:
        """The last lines, which no newline ended."""
        yield from map(self._named, self._own.rest())
        for within in self._within.values():
            yield from within.rest()

    def _named(self, printed: Printed) -> Printed:
        return replace(printed, step=f"{self._path}{printed.step}")
