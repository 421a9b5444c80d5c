from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from skylift.ledger import keys
from skylift.ledger.history import History
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import EndRecord, Origin, ResultRecord
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.snapshot import ArtifactRef, Binding
from skylift_contract.status import AttemptEnd, StepStatus

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

RUN = "11111111-1111-5111-8111-111111111111"
BEGAN = datetime(2026, 8, 1, tzinfo=UTC)
REF = ArtifactRef(digest="a" * 64, type="builtins:int", materializer="json", size=1)


@pytest.fixture
def ledger(memory_store: ObjectStore) -> Ledger:
    """A step that ran, one that was taken from the cache, and one that failed twice."""
    ledger = Ledger(memory_store)
    ledger.commit(
        RUN,
        ResultRecord(
            invocation_id="done",
            attempt=2,
            outputs={"output": REF},
            started=BEGAN,
            ended=BEGAN + timedelta(seconds=2),
        ),
    )
    ledger.commit(
        RUN,
        ResultRecord(
            invocation_id="taken",
            attempt=0,
            cached_from=Origin(run_id="earlier", invocation_id="made"),
            outputs={"output": REF},
            started=BEGAN,
            ended=BEGAN,
        ),
    )
    for attempt, how, seconds in ((1, AttemptEnd.RETRYING, 1), (2, AttemptEnd.FAILED, 5)):
        ended = BEGAN + timedelta(seconds=seconds)
        record = EndRecord(invocation_id="bad", attempt=attempt, status=how, started=BEGAN, ended=ended)
        ledger.end_attempt(RUN, record)
    return ledger


def test_each_step_by_the_record_that_ended_it(ledger: Ledger) -> None:
    steps = {
        "done": StepStatus(Status.COMPLETED, attempt=2),
        "bad": StepStatus(Status.FAILED, attempt=2),
        "died": StepStatus(Status.FAILED, "the process died", attempt=1),
        "cached": StepStatus(Status.CACHED),
        "taken": StepStatus(Status.CACHED),
        "runs": StepStatus(Status.RUNNING, attempt=1),
    }
    bound = Binding(run_id=RUN, step_name="cached", outputs={"old": REF})
    history = History.read(ledger, RUN, steps, {"cached": bound})

    assert {name: history.seconds(name) for name in steps} == {
        "done": 2.0,
        "bad": 5.0,
        "died": None,
        "cached": None,
        "taken": None,
        "runs": None,
    }
    assert {name: list(history.outputs(name)) for name in steps if history.outputs(name)} == {
        "done": ["output"],
        "cached": ["old"],
        "taken": ["output"],
    }
    origins = {name: found.invocation_id for name in steps if (found := history.origin(name))}
    assert origins == {"cached": "cached", "taken": "made"}
    assert history.times("done") == (BEGAN, BEGAN + timedelta(seconds=2))


def test_the_artifacts_uri_is_where_its_record_lies(any_store: ObjectStore) -> None:
    uri = Ledger(any_store).artifact_uri("a" * 64)
    assert uri == f"{any_store.uri}/skylift/1/artifacts/{'a' * 64}"


def test_a_record_that_cannot_be_read_is_said_and_the_others_are_read(memory_store: ObjectStore) -> None:
    ledger = Ledger(memory_store)
    ledger.commit(RUN, ResultRecord(invocation_id="a", attempt=1, started=BEGAN, metadata={"auc": 0.5}))
    for key in (keys.result(RUN, "b"), keys.attempt_end(RUN, "c", 1, AttemptEnd.FAILED)):
        memory_store.put_content(key, b"{")
    steps = {
        "a": StepStatus(Status.COMPLETED, attempt=1),
        "b": StepStatus(Status.COMPLETED, attempt=1),
        "c": StepStatus(Status.FAILED, attempt=1),
    }
    history = History.read(ledger, RUN, steps)

    assert history.metadata("a") == {"auc": 0.5}
    assert (history.metadata("b"), history.seconds("b"), history.seconds("c")) == ({}, None, None)
    assert {name: said.partition(":")[0] for name, said in history.unreadable.items()} == {
        "b": keys.result(RUN, "b"),
        "c": keys.attempt_end(RUN, "c", 1, AttemptEnd.FAILED),
    }
