"""What a step printed, as the backend of its run has it: for steps of which the store holds nothing.

A container that cannot install what its step needs, or is killed at once, has stored nothing;
what it said is in the backend's own log only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from skylift.backends import EMULATOR_GONE, LOCAL, asked, emulated_elsewhere, orchestrator_of
from skylift.flavors import capabilities
from skylift.ledger.process import liveness
from skylift.ledger.view import look
from skylift.orchestrator_calls import calling
from skylift_contract.capability import Capability
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import SkyliftError
from skylift_contract.snapshot import INLINE
from skylift_contract.status import Liveness

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skylift.ledger.records import RunRecord
    from skylift.models import PipelineRun
    from skylift_contract.status import RunStatus

NOT_ASKED_OF: Final = frozenset(
    {Status.PENDING, Status.NOT_STARTED, Status.SKIPPED, Status.CACHED, Status.COMPLETED}
)
"""What did not run; and what committed, which had stored all that it printed by then."""


def untold(run: PipelineRun, told: Collection[str], name: str = "") -> dict[str, int]:
    """Steps of which the backend may know more than the store, each with its newest attempt.

    Args:
        run: The run.
        told: Invocation ids of those whose output is stored.
        name: The only one to look at; by default each is.
    """
    asked_of = {name} if name else set(run.snapshot_of.invocations)
    if asked_of <= set(told) or not _has_a_backend(run.record):
        return {}
    found = {
        step: max(1, at.attempt)
        for step, at in standing(run).steps.items()
        if step in asked_of - set(told) and at.status not in NOT_ASKED_OF
    }
    if not run.snapshot_of.is_dynamic:
        return found
    return dict([one for one in found.items() if is_known(run, one[0])][:1])  # one job, and one log


def is_known(run: PipelineRun, step: str) -> bool:
    """Whether its backend may have a log of a step by its name.

    Of a dynamic run that is the log of its one job; steps with jobs of their own are not known by names.
    """
    steps = run.snapshot_of.step_configurations
    is_named = not run.snapshot_of.is_dynamic or steps[step].config.runtime == INLINE
    return is_named and _has_a_backend(run.record)


def standing(run: PipelineRun) -> RunStatus:
    """How a run and its steps stand; of those that wrote nothing before it ended, in its backend's words.

    The record of its end says how the run came to it, and of no step that its container was
    started, and died.
    """
    status = run.fetch()
    silent = {name for name, step in status.steps.items() if step.status is Status.NOT_STARTED}
    record = run.record if silent else None
    if record is None or not _has_a_backend(record) or run.end is None:
        return status
    told = look(run.ledger, record.run_id, run.snapshot_of, asked(run, record)).status.steps
    steps = {name: told[name] if name in silent else step for name, step in status.steps.items()}
    return replace(status, steps=steps)


def _has_a_backend(record: RunRecord | None) -> bool:
    """Part of another run is in the job of that one's function, and a local one in processes of ours."""
    return record is not None and record.flavor != LOCAL and record.parent is None


def backend_lines(run: PipelineRun, step: str) -> Iterator[str]:
    """Lines of a step, without newlines; none where the flavor reads no logs.

    Raises `SkyliftError` for what cannot be read; an emulated run's by no process but the one that
    has its emulator.
    """
    record = run.record
    assert record is not None
    _check_emulator(run, record)
    orchestrator = orchestrator_of(run.ledger, record)
    if not capabilities(orchestrator).get(Capability.LOGS):
        return
    with calling(orchestrator, "fetch_logs", f"run {record.run_id}"):
        for text in orchestrator.fetch_logs(run, step):
            yield from text.removesuffix("\n").split("\n")


def _check_emulator(run: PipelineRun, record: RunRecord) -> None:
    """Nobody asks a cloud for what was emulated, and an emulator is its process's own."""
    if emulator := emulated_elsewhere(run.ledger, record):
        is_gone = liveness(emulator) is Liveness.GONE
        why = EMULATOR_GONE if is_gone else "only the process that emulates its backend can read its logs"
        raise SkyliftError(why, who=f"run {record.run_id}")
