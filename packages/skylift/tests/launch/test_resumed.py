"""What a resumed run takes on: over random graphs, until all of it is done."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_tests_support.runs import make_record, make_snapshot

from skylift.authoring import sources
from skylift.authoring.options import PipelineOptions
from skylift.authoring.sources import source_of
from skylift.client import Client
from skylift.code import SourceTree
from skylift.compiler.runtime import runtime_of
from skylift.launch.plan import Plan, target_of
from skylift.launch.resume import request_of
from skylift.launch.resumed import resumed_snapshot
from skylift.launch.stacks import resolve_stack
from skylift.launch.submit import Submission
from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.ledger.schedule_record import ScheduleRecord
from skylift.local.coordinator import coordinate
from skylift.models import PipelineRun
from skylift.observer import SILENT
from skylift.runtime.active import ActiveRun
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.errors import ConfigurationError, DamagedObject, RunFailed
from skylift_contract.run import DeployedSchedule
from skylift_contract.schedule import Schedule
from skylift_contract.snapshot import (
    ArtifactRef,
    Binding,
    InputSource,
    OutputSpec,
    PipelineSnapshot,
    Step,
    StepConfig,
    StepSpec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FAILURES: Counter[str] = Counter()
"""Invocation → how often it is still to fail."""
DONE: list[str] = []


def add(name: str, values: list[int]) -> int:
    if FAILURES[name]:
        FAILURES[name] -= 1
        raise ValueError(name)
    DONE.append(name)
    return len(name) + 2 * sum(values)


def start(name: str) -> int:
    return add(name, [])


def plainly(graph: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """What each invocation gives, in plain Python."""
    found: dict[str, int] = {}
    for name, taken in graph.items():
        found[name] = len(name) + 2 * sum(found[one] for one in taken)
    return found


def member(name: str, taken: tuple[str, ...], after: tuple[str, ...]) -> Step:
    sources = tuple(InputSource(invocation=one, output="output") for one in taken)
    function = add if taken else start
    return Step(
        spec=StepSpec(
            invocation_id=name,
            source=source_of(function, name),
            upstream_steps=tuple(dict.fromkeys([*taken, *after])),
            inputs={"values": sources} if taken else {},
        ),
        config=StepConfig(
            name=name, parameters={"name": name}, outputs=(OutputSpec(name="output"),), enable_cache=False
        ),
    )


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Invocation → those whose data it takes, and those that it waits for besides."""
    found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for number in range(draw(st.integers(1, 7))):
        some = st.lists(st.sampled_from([*found]), unique=True, max_size=3) if found else st.just(list[str]())
        found["s" * (number + 1)] = tuple(draw(some)), tuple(draw(some))
    return found


def submitted(snapshot: PipelineSnapshot, uri: str) -> PipelineRun:
    stack = resolve_stack(PipelineOptions(orchestrator="local"), uri)
    runtime = runtime_of(target_of(stack.orchestrator))
    made = Submission(Plan(snapshot.model_copy(update={"runtime": runtime}), stack, None), SILENT).submit()
    assert isinstance(made, PipelineRun)
    return made


def resumed(run: PipelineRun, uri: str) -> PipelineRun:
    try:
        return run.resume()
    except RunFailed:
        return Client(uri).run("last")


@settings(deadline=None, max_examples=40)
@given(graphs(), st.sampled_from(ExecutionMode), st.data())
def test_resumed_until_it_is_complete_each_step_commits_once(
    graph: dict[str, tuple[tuple[str, ...], tuple[str, ...]]], mode: ExecutionMode, data: st.DataObject
) -> None:
    uri = f"memory://{uuid4().hex}"
    failing = data.draw(st.dictionaries(st.sampled_from([*graph]), st.integers(1, 2)))
    FAILURES.clear()
    FAILURES.update(failing)
    DONE.clear()
    run = submitted(make_snapshot(*(member(name, *given) for name, given in graph.items()), mode=mode), uri)
    for _ in range(sum(failing.values())):
        if run.status is ExecutionStatus.COMPLETED:
            break
        before, run = run, resumed(run, uri)
        assert run.id != before.id
        request = run.ledger.request(str(run.submission_id))
        assert request is not None
        assert request.resumes == str(before.id)

    assert run.status is ExecutionStatus.COMPLETED
    assert Counter(DONE) == Counter(list(graph))
    expected = plainly({name: taken for name, (taken, _) in graph.items()})
    assert list(run.steps) == list(graph)
    assert {name: one.outputs["output"].load() for name, one in run.steps.items()} == expected
    assert run.resume() is run
    assert Counter(DONE) == Counter(list(graph))


def test_the_seam_binds_what_is_committed_and_leaves_the_rest() -> None:
    uri = f"memory://{uuid4().hex}"
    FAILURES.clear()
    FAILURES["bb"] = 1
    run = submitted(make_snapshot(member("a", (), ()), member("bb", ("a",), ())), uri)
    snapshot = resumed_snapshot(run.ledger, run)
    assert list(snapshot.bindings) == ["a"]
    assert (snapshot.bindings["a"].run_id, snapshot.bindings["a"].step_name) == (str(run.id), "a")
    assert list(snapshot.step_configurations) == ["bb"]
    assert snapshot.step_configurations["bb"].spec.upstream_steps == ()


def test_outputs_that_are_gone_and_that_no_step_is_recorded_for() -> None:
    ledger = Ledger(open_store(f"memory://{uuid4().hex}"))
    gone = ArtifactRef(digest="0" * 64, type="builtins:int", materializer="json", size=1)
    old = {"a": Binding(run_id="earlier", step_name="a", outputs={"output": gone})}
    FAILURES.clear()
    FAILURES["bb"] = 1
    run = submitted(make_snapshot(member("bb", (), ()), bindings=old), ledger.store.uri)
    sentence = (
        rf"^run {run.id}: what step 'a' took from run earlier is gone\. "
        r"Run the pipeline again: skylift run FILE\.py\.?$"
    )
    with pytest.raises(DamagedObject, match=sentence):
        resumed_snapshot(ledger, run)


def test_a_source_that_was_not_kept_and_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"memory://{uuid4().hex}"
    FAILURES.clear()
    FAILURES["a"] = 1
    run = submitted(make_snapshot(member("a", (), ())), uri)
    from skylift.ledger import process

    monkeypatch.setattr(process, "me", _another)
    sentence = (
        rf"^run {run.id}: its source was not kept with it, so only the process that defined its steps "
        rf"can resume it\. Run what is left with today's source: skylift runs resume {run.id} FILE\.py\.?$"
    )
    with pytest.raises(ConfigurationError, match=sentence):
        run.resume()


def _another() -> tuple[Any, ...]:
    return "elsewhere", "", 1, ""


def test_a_firing_is_resumed_without_its_schedule() -> None:
    uri = f"memory://{uuid4().hex}"
    ledger = Ledger(open_store(uri))
    FAILURES.clear()
    FAILURES["bb"] = 1
    stack = resolve_stack(PipelineOptions(orchestrator="local"), uri)
    snapshot = make_snapshot(
        *(member("a", (), ()), member("bb", ("a",), ())),
        flavor="local",
        schedule=Schedule(cron_expression="0 2 * * *", name="nightly"),
    )
    ledger.put_snapshot(snapshot)
    record = ledger.open_run(make_record(snapshot))
    coordinate(ActiveRun(ledger, snapshot, record), 1, {})
    fired = PipelineRun.of_record(ledger, record)
    assert fired.status is ExecutionStatus.FAILED
    assert request_of(fired) is None

    run = fired.resume()
    assert run.status is ExecutionStatus.COMPLETED
    assert run.snapshot_of.schedule is None
    assert list(run.snapshot_of.bindings) == ["a"]
    asked = request_of(run)
    assert asked is not None
    assert (asked.resumes, asked.stack) == (str(fired.id), stack.name)
    # Where the schedule's own record is there, it says on what the firing ran.
    ledger.put_schedule(
        ScheduleRecord(
            schedule=DeployedSchedule(
                name="nightly", id="1", pipeline=snapshot.name, snapshot=snapshot.digest, flavor="local"
            ),
            submission_id=asked.submission_id,
        )
    )
    assert request_of(fired) == asked


def test_a_step_of_a_notebook_is_in_no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pipeline may have one all the same: for steps that stand in files."""
    uri = f"memory://{uuid4().hex}"
    FAILURES.clear()
    FAILURES["a"] = 1
    cell = member("a", (), ())
    cell = cell.model_copy(update={"spec": cell.spec.model_copy(update={"source": "__main__:cell"})})
    monkeypatch.setitem(sources._LIVE, "__main__:cell", start)  # pyright: ignore[reportPrivateUsage]
    code = SourceTree(Path(__file__).parent, (), ("",)).archive()
    open_store(uri).put_content(keys.code(code.digest), SourceTree(Path(), (), ("",)).to_zip())
    run = submitted(make_snapshot(cell, code=code), uri)
    assert run.status is ExecutionStatus.FAILED
    monkeypatch.delitem(sources._LIVE, "__main__:cell")  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ConfigurationError, match="only the process that defined its steps can resume it"):
        run.resume()
    monkeypatch.setitem(sources._LIVE, "__main__:cell", start)  # pyright: ignore[reportPrivateUsage]
    assert run.resume().steps["a"].outputs["output"].load() == 1
