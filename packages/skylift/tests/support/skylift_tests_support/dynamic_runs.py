"""Dynamic runs of a function that a test has just written, without what a submission does besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skylift import pipeline
from skylift.compiler.compile import Target, compile_snapshot
from skylift.dynamic.orchestrate import Surroundings, orchestrate
from skylift.dynamic.resuming import resumed
from skylift.ledger.calls import grown
from skylift.ledger.ledger import Ledger
from skylift.ledger.view import read_status
from skylift.local.config import LocalSettings
from skylift.runtime.active import ActiveRun
from skylift.runtime.isolation import StepProcesses
from skylift_contract.environment import STORE_ENV
from skylift_tests_support.runs import make_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.ledger.records import RunEndRecord
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import RunStatus

BODY: list[Callable[[], Any]] = []
"""What the function of `played` does; a pipeline must be a function of a module."""


def body() -> Any:
    return BODY[0]()


class Broken(Exception):
    """What ends a function whose run is to be resumed."""


def ended(function: Callable[[], Any]) -> Callable[[], Any]:
    """The same function, which then fails."""

    def raises() -> None:
        function()
        raise Broken

    return raises


@pipeline(dynamic=True)
def played() -> None:
    body()


def snapshot_of(pipeline: PipelineFunction = played, **parameters: Any) -> PipelineSnapshot:
    return compile_snapshot(pipeline, parameters, Target(project="tests", flavor="local"))


def opened(store: ObjectStore, snapshot: PipelineSnapshot, own: str = "own/1", **fields: Any) -> ActiveRun:
    """A run as a process that orchestrates it sees it; another of the same id is the same run."""
    ledger = Ledger(store)
    ledger.put_snapshot(snapshot)
    return ActiveRun(ledger, snapshot, ledger.open_run(make_record(snapshot, own, **fields)))


def orchestrated(run: ActiveRun, function: Callable[[], Any] | None = None, limit: int = 4) -> RunEndRecord:
    """Take a run to its end; `function`: what `played` does."""
    if function is not None:
        BODY[:] = [function]
    processes = StepProcesses()
    environment = {STORE_ENV: run.ledger.store.uri}
    around = Surroundings(processes, environment, limit, LocalSettings, lambda _: None)
    try:
        return orchestrate(run, around)
    finally:
        processes.close()


def resuming(run: ActiveRun, own: str = "own/2") -> ActiveRun:
    """A new run that resumes one."""
    store, ledger = run.ledger.store, run.ledger
    return opened(store, resumed(ledger, run.id, ledger.snapshot(run.record.snapshot)), own)


def status_of(run: ActiveRun) -> RunStatus:
    ledger, snapshot = run.ledger, run.snapshot
    return read_status(ledger, run.id, grown(ledger, run.id, snapshot))


def statuses(run: ActiveRun) -> dict[str, str]:
    """How each call of a run stands."""
    return {name: step.status.value for name, step in status_of(run).steps.items()}
