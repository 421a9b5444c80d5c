"""The runs of pipelines that a run's function calls: parts of it, found by a path, `outer/inner/step`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift.stacks.build import store_hint
from skylift_contract.errors import ConfigurationError
from skylift_contract.run_id import sub_run_id
from skylift_contract.snapshot import NESTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import RunRecord
    from skylift.models import PipelineRun


def sub_run_of(run: PipelineRun, name: str) -> str | None:
    """The id of the run that a nested pipeline's call is; None for a step."""
    step = run.snapshot_of.step_configurations.get(name)
    if step is None or step.config.runtime != NESTED or run.id is None:
        return None
    return str(sub_run_id(run.id, name))


def opened(run: PipelineRun, name: str) -> PipelineRun | None:
    """The run of a nested pipeline's call; None for a step, and while nothing of it has begun."""
    found = sub_run_of(run, name)
    record = run.ledger.run(found) if found else None
    return type(run).of_record(run.ledger, record) if record else None


def place_of(run: PipelineRun, path: str) -> tuple[PipelineRun, str]:
    """The run that a path leads to a step of, and the step's name there; that it has one is not checked."""
    for end, character in enumerate(path):
        if character == "/" and path not in run.snapshot_of.invocations:
            within = opened(run, path[:end])
            if within is not None:
                return place_of(within, path[end + 1 :])
    return run, path


def parts_of(run: PipelineRun, path: str = "") -> Iterator[tuple[str, PipelineRun]]:
    """The run and all within it, each with what stands before its steps' names."""
    yield path, run
    for name in run.snapshot_of.invocations:
        within = opened(run, name)
        if within is not None:
            yield from parts_of(within, f"{path}{name}/")


def check_is_whole(run: PipelineRun, command: str) -> None:
    """Refuse a run that is part of another: what a command does is done to the whole, or not at all."""
    record = run.record
    if record is not None and record.parent is not None:
        whole = _outermost(run.ledger, record)
        raise ConfigurationError(
            f"it is part of run {whole}, whose function called pipeline {record.pipeline!r}",
            who=f"run {run.id}",
            fix=f"Name that one: {command} {whole}{store_hint(run.ledger.store.uri)}",
        )


def _outermost(ledger: Ledger, record: RunRecord) -> str:
    while record.parent is not None and (above := ledger.run(record.parent)) is not None:
        record = above
    return record.run_id
