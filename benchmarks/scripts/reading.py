"""Reading a ledger: one run of a thousand steps with logs, and the newest of ten thousand runs."""

import os
import time
from datetime import timedelta
from uuid import uuid4

from skylift import pipeline, step
from skylift.client import Client
from skylift.compiler.compile import Target, compile_snapshot
from skylift.ledger import keys
from skylift.ledger.records import ResultRecord, RunEndRecord, RunRecord, StartRecord, Writer, now
from skylift_contract.enums import ExecutionStatus
from skylift_contract.run_id import run_id

client = Client(os.environ["SKYLIFT_STORE_URI"])
ledger = client.ledger


@step
def work() -> int:
    return 0


@pipeline
def wide(length: int) -> None:
    for _ in range(length):
        work()


def snapshot_of(length: int) -> str:
    snapshot = compile_snapshot(wide, {"length": length}, Target(project="bench", flavor="local"))
    ledger.put_snapshot(snapshot)
    return snapshot.digest


def record(digest: str, age: int, pipeline: str = "wide") -> RunRecord:
    own = str(uuid4())
    writer = Writer.this_process().model_copy(update={"time": now() - timedelta(seconds=age)})
    return RunRecord(
        run_id=str(run_id("local", own)),
        orchestrator_run_id=own,
        project="bench",
        pipeline=pipeline,
        snapshot=digest,
        flavor="local",
        writer=writer,
    )


def write_run(length: int) -> str:
    digest = snapshot_of(length)
    run = ledger.open_run(record(digest, 0)).run_id
    for name in ledger.snapshot(digest).step_configurations:
        ledger.claim(run, StartRecord(invocation_id=name, attempt=1))
        ledger.store.create(keys.log_chunk(run, name, 1, 0), b"a line\n")
        ledger.commit(run, ResultRecord(invocation_id=name, attempt=1, started=now()))
    return run


def timed(of: str, call: object) -> None:
    best = min(_once(call) for _ in range(5))
    print("figure", of, best)


def _once(call: object) -> float:
    before = time.perf_counter()
    assert callable(call)
    call()
    return time.perf_counter() - before


wide_run = write_run(1000)
timed("status", lambda: client.run(wide_run).fetch())

small = snapshot_of(1)
for age in range(10_000):
    made = ledger.open_run(record(small, age + 10, "wide" if age < 9_999 else "rare"))
    if age < 50:
        ledger.seal(made.run_id, RunEndRecord(status=ExecutionStatus.COMPLETED))
timed("newest", lambda: [run.fetch() for run in client.newest(20)])
