"""Snapshots without a pipeline's function, runs of them, and what must hold of every ledger."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skylift import artifacts
from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Request, RunRecord
from skylift.ledger.view import read_status
from skylift.runtime.active import ActiveRun
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.names import step_key
from skylift_contract.run_id import RUN_ID_ENV, Env, run_id
from skylift_contract.snapshot import (
    InputSource,
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)
from skylift_tests_support import steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift.store.objects import ObjectStore
    from skylift_contract.status import RunStatus

SUPPORT = str(Path(__file__).parent.parent)
RUNNING = ExecutionStatus.RUNNING


def make_step(
    name: str,
    function: Callable[..., Any] = steps.nothing,
    *,
    after: tuple[str, ...] = (),
    inputs: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **config: Any,
) -> Step:
    """An invocation; `inputs`: the function's inputs → the invocations whose one output they take."""
    sources = {key: InputSource(invocation=source, output="output") for key, source in (inputs or {}).items()}
    upstream = tuple(dict.fromkeys([*after, *(inputs or {}).values()]))
    return Step(
        spec=StepSpec(
            invocation_id=name,
            source=f"{function.__module__}:{function.__qualname__}",
            upstream_steps=upstream,
            inputs=dict(sources),
        ),
        config=StepConfig(name=name, parameters=dict(parameters or {}), **config),
    )


def make_snapshot(
    *members: Step,
    mode: ExecutionMode = ExecutionMode.CONTINUE_ON_FAILURE,
    retries: str = "runtime",
    flavor: str = "test",
    **fields: Any,
) -> PipelineSnapshot:
    return PipelineSnapshot(
        project="tests",
        pipeline_configuration=PipelineConfiguration(name="tested", source="x:y", execution_mode=mode),
        steps=members,
        runtime=SnapshotRuntime(
            flavor=flavor,
            python="3",
            skylift="0",
            run_id_sources=(Env(name="TESTED_RUN_ID"),),
            retries=retries,
        ),
        **fields,
    )


def chain(journal: object) -> PipelineSnapshot:
    """Three tallies, one after another; the last gives 3."""
    return make_snapshot(
        make_step("a", steps.tally, parameters={"journal": str(journal), "name": "a"}),
        make_step(
            "b", steps.tally, inputs={"before": "a"}, parameters={"journal": str(journal), "name": "b"}
        ),
        make_step(
            "c", steps.tally, inputs={"before": "b"}, parameters={"journal": str(journal), "name": "c"}
        ),
    )


def make_request(snapshot: PipelineSnapshot, submission_id: str, **fields: Any) -> Request:
    """Of a submission to the orchestrator `prod` of the snapshot's flavor."""
    return Request(
        submission_id=submission_id,
        project=snapshot.project,
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=snapshot.runtime.flavor,
        stack="s",
        orchestrator="prod",
        user="me",
        **fields,
    )


def make_record(snapshot: PipelineSnapshot, orchestrator_run_id: str = "own/1", **fields: Any) -> RunRecord:
    flavor = snapshot.runtime.flavor
    return RunRecord(
        run_id=str(run_id(flavor, orchestrator_run_id)),
        orchestrator_run_id=orchestrator_run_id,
        project=snapshot.project,
        pipeline=snapshot.name,
        snapshot=snapshot.digest,
        flavor=flavor,
        **fields,
    )


def start_run(
    store: ObjectStore, snapshot: PipelineSnapshot, orchestrator_run_id: str = "own/1"
) -> ActiveRun:
    """A run as one of its processes sees it; several may start the same."""
    ledger = Ledger(store)
    ledger.put_snapshot(snapshot)
    return ActiveRun(ledger, snapshot, ledger.open_run(make_record(snapshot, orchestrator_run_id)))


def lines(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []


def log_of(store: ObjectStore, run: str, name: str, attempt: int | None = None) -> str:
    """What is stored of an invocation's output, chunks in order."""
    folder = keys.logs(run, name) + (f"{attempt:04}/" if attempt else "")
    return b"".join(store.get(key) or b"" for key in store.list(folder)).decode()


def outputs_of(store: ObjectStore, run: str, name: str) -> dict[str, Any]:
    """The loaded outputs of a committed invocation."""
    result = Ledger(store).result(run, name)
    assert result is not None, f"{name} has no result"
    return {output: artifacts.load(store, ref, Any, name) for output, ref in result.outputs.items()}


def read_all(store: ObjectStore, run: str, snapshot: PipelineSnapshot) -> RunStatus:
    """Ask everything a ledger can be asked; whatever is published must be whole."""
    ledger = Ledger(store)
    listing, record = ledger.listing(run), ledger.run(run)
    assert record is None or record.run_id == run
    assert all(found.run_id for found in newest_runs(ledger))
    ledger.failure(run)
    ledger.stop_request(run)
    ledger.newest_end(run)
    for name in snapshot.step_configurations:
        found = listing.steps.get(step_key(name), keys.StepListing(committed=False, attempts={}))
        assert ledger.step_listing(run, name) == found
        for attempt, ends in found.attempts.items():
            assert ledger.start(run, name, attempt) is not None
            assert all(ledger.attempt_end(run, name, attempt, how) for how in ends)
        if found.committed:
            outputs_of(store, run, name)
    return read_status(ledger, run, snapshot)


def step_process(
    store: ObjectStore,
    snapshot: PipelineSnapshot,
    name: str,
    orchestrator_run_id: str = "own/1",
    *,
    code: str = "",
    **options: Any,
) -> subprocess.Popen[str]:
    """`python -m skylift.runtime step …`, or `code` that calls its `main()`."""
    argv = ["step", "--store", store.uri, "--snapshot", snapshot.digest, "--step", name]
    program = ["-c", code, *argv] if code else ["-m", "skylift.runtime", *argv]
    return subprocess.Popen(
        [sys.executable, *program],
        env=process_environment(orchestrator_run_id),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def process_environment(orchestrator_run_id: str | None = None) -> dict[str, str]:
    given = {} if orchestrator_run_id is None else {RUN_ID_ENV: orchestrator_run_id}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SKYLIFT_", "COV"))}
    return {**kept, "PYTHONPATH": SUPPORT, **given}
