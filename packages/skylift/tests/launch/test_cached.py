"""What of a snapshot is bound before it is submitted, and a run of which nothing is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support import steps
from skylift_tests_support.runs import make_snapshot, make_step

from skylift import Client, Schedule, pipeline, step
from skylift.artifacts import save
from skylift.caching.entries import Wanted, look_for, remember
from skylift.caching.key import input_digests, key_parts
from skylift.launch.cached import bound_from_cache, without_cache
from skylift.launch.plan import plan
from skylift.launch.submit import Submission
from skylift.ledger.records import ResultRecord, now
from skylift.models import PipelineRun
from skylift.observer import Silent, StepEvent
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import BackendError
from skylift_contract.run_id import cached_run_id
from skylift_contract.settings import CachePolicy
from skylift_contract.snapshot import InputSource, OutputSpec

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import ArtifactRef, PipelineSnapshot, Step

SOURCE = "skylift_tests_support.steps:nothing"


@st.composite
def graphs(draw: st.DrawFn) -> PipelineSnapshot:
    """Up to eight steps; each takes data of some before it, and waits for some others."""
    members: list[Step] = []
    for number in range(draw(st.integers(1, 8))):
        before = [member.spec.invocation_id for member in members]
        some = st.lists(st.sampled_from(before), unique=True, max_size=3) if before else st.just([])
        taken, after = draw(some), draw(some)
        made = make_step(
            f"s{9 - number}",
            inputs={f"from_{name}": name for name in taken},
            after=tuple(after),
            outputs=(OutputSpec(name="output"),),
            enable_cache=draw(st.sampled_from([True, True, True, False])),
            cache_policy=CachePolicy(inputs=draw(st.sampled_from([True, True, False]))),
        )
        members.append(made)
    return make_snapshot(*members, source_digests={SOURCE: "s" * 64})


def outputs(store: ObjectStore, name: str) -> dict[str, ArtifactRef]:
    return {"output": save(store, f"of {name}", str, "test")}


def keep(store: ObjectStore, snapshot: PipelineSnapshot, name: str) -> None:
    """Store an entry of a step whose inputs are what `outputs` says of each."""
    member = snapshot.step_configurations[name]
    made = {other: outputs(store, other) for other in snapshot.step_configurations}
    parts = key_parts(snapshot, member, input_digests(member, made))
    assert parts is not None
    result = ResultRecord(invocation_id=name, attempt=1, outputs=made[name], started=now())
    remember(store, look_for(store, Wanted(parts, CachePolicy())), "earlier", result)


def expected(snapshot: PipelineSnapshot, kept: set[str]) -> set[str]:
    """Those with an entry that asks for it, and whose data all comes from such."""
    found: set[str] = set()
    for name, one in snapshot.step_configurations.items():
        taken = {given.invocation for given in one.spec.inputs.values() if isinstance(given, InputSource)}
        known = taken <= found or not one.config.cache_policy.inputs
        if name in kept and one.config.enable_cache and known:
            found.add(name)
    return found


@given(graphs(), st.data())
def test_what_is_bound_and_what_is_left(snapshot: PipelineSnapshot, data: st.DataObject) -> None:
    store = open_store(f"memory://{uuid4().hex}")
    names = list(snapshot.step_configurations)
    kept = set(data.draw(st.lists(st.sampled_from(names), unique=True)))
    for name in kept:
        keep(store, snapshot, name)

    bound = bound_from_cache(store, snapshot)

    there = expected(snapshot, kept)
    assert bound.bindings.keys() == there
    assert list(bound.step_configurations) == [name for name in names if name not in there]
    for name, found in bound.bindings.items():
        assert (found.run_id, found.step_name) == ("earlier", name)
        assert found.outputs == outputs(store, name)
        assert found.upstream_steps == snapshot.step_configurations[name].spec.upstream_steps
    for name, left in bound.step_configurations.items():
        before = snapshot.step_configurations[name]
        assert left.spec.inputs == before.spec.inputs, "bound ones stay where they are taken from"
        assert set(left.spec.upstream_steps) == set(before.spec.upstream_steps) - there
        assert left.config == before.config
    assert list(bound.invocations) == names
    assert (bound is snapshot) is (not there)
    if there:
        assert bound.digest != snapshot.digest
        assert bound_from_cache(store, bound).content == bound.content, "what is left stays left"
        assert list(type(bound).model_validate_json(bound.content).invocations) == names


def test_in_parallel_at_a_service(s3_store: ObjectStore) -> None:
    members = [make_step("s0", outputs=(OutputSpec(name="output"),))]
    members += [
        make_step(f"s{n}", inputs={f"i{n}": "s0"}, outputs=(OutputSpec(name="output"),)) for n in range(1, 9)
    ]
    snapshot = make_snapshot(*members, source_digests={SOURCE: "s" * 64})
    for name in snapshot.step_configurations:
        keep(s3_store, snapshot, name)
    assert list(bound_from_cache(s3_store, snapshot).bindings) == list(snapshot.step_configurations)


def test_without_cache_every_step_runs_whatever_it_says_itself() -> None:
    snapshot = make_snapshot(make_step("a"), make_step("b", enable_cache=False))
    assert [one.config.enable_cache for one in without_cache(snapshot).steps] == [False, False]
    assert without_cache(snapshot).digest != snapshot.digest


class Called(list[str]):
    """No plain data: as such it would count with every step that notes its call in it."""


CALLED = Called()


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> str:
    CALLED.clear()
    uri = f"memory://{uuid4().hex}"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    return uri


def note_step() -> None:
    CALLED.append("step")


def note_pipeline() -> None:
    CALLED.append("pipeline")


@step(on_success=note_step)
def first(number: int) -> int:
    from skylift import log_metadata

    CALLED.append(f"first {number}")
    log_metadata({"number": number})
    return number


@step
def second(number: int, factor: int) -> tuple[int, ...]:
    CALLED.append(f"second {number} {factor}")
    return (number * factor,)


@step
def sample() -> int:
    CALLED.append("sample")
    return len(CALLED)


@pipeline(on_success=note_pipeline)
def both(number: int = 2, factor: int = 3) -> None:
    second(first(number), factor)


@pipeline
def samples() -> None:
    second(sample(), 1)
    second(sample(), 1)


@pipeline(enable_cache=False)
def mixed() -> None:
    second(first.with_options(enable_cache=True)(2), 3)


class Told(Silent):
    def __init__(self) -> None:
        self.told: list[str] = []
        self.took: dict[str, float | None] = {}

    def started(self, run_id: str, so_far: float = 0.0) -> None:
        self.told.append(f"started {run_id}")

    def step(self, event: StepEvent) -> None:
        self.told.append(f"{event.invocation} {event.status}: {event.reason}")
        self.took[event.invocation] = event.seconds

    def ended(self, run: PipelineRun, status: object) -> None:
        self.told.append("ended")


def test_a_run_of_which_nothing_is_left_is_a_run(store: str) -> None:
    made: PipelineRun = both()
    assert CALLED == ["first 2", "step", "second 2 3", "pipeline"]
    submission, told = Submission(plan(both, both.bind((), {})), seen := Told()), seen.told
    run = submission.submit()

    assert isinstance(run, PipelineRun)
    assert CALLED[4:] == ["pipeline"], "hooks of steps are for those that ran"
    assert run.id == cached_run_id(submission.id) != made.id
    assert run.status is ExecutionStatus.COMPLETED
    assert told == [
        f"first cached: from run {made.id}",
        f"second cached: from run {made.id}",
        f"started {run.id}",
        "ended",
    ]
    assert Client(store).run("last").id == Client(store).run(submission.id).id == run.id
    assert [found.id for found in Client(store).runs()] == [run.id, made.id]
    again = Client(store).run(str(run.id))
    assert list(again.steps) == ["first", "second"]
    for name in again.steps:
        taken = again.steps[name]
        assert taken.status is ExecutionStatus.CACHED
        assert taken.status.is_successful
        assert taken.cached_from is not None
        assert (taken.cached_from.run_id, taken.cached_from.invocation_id) == (str(made.id), name)
        assert list(taken.logs()) == []
    # The annotation helps JSON, which has no tuples.
    assert again.steps["second"].outputs["output"].load() == (6,)
    assert again.steps["first"].metadata == {"number": 2}
    assert again.end is not None
    assert again.record is not None
    assert again.record.orchestrator_run_id is None
    assert made.steps["first"].cached_from is None


def test_a_parameter_lets_what_comes_before_it_be(store: str) -> None:
    both()
    run: PipelineRun = both(factor=4)
    assert CALLED[4:] == ["second 2 4", "pipeline"]
    assert {name: one.status.value for name, one in run.steps.items()} == {
        "first": "cached",
        "second": "completed",
    }
    assert run.steps["second"].outputs["output"].load() == (8,)


def test_workers_load_what_was_bound(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}/store")
    two = steps.apart.with_options(settings={"orchestrator.local": {"max_parallelism": 2}})
    made: PipelineRun = two(factor=2)
    run: PipelineRun = two(factor=5)
    assert run.steps["makes"].cached_from is not None
    assert run.steps["makes"].cached_from.run_id == str(made.id)
    assert [one.steps["multiplies"].outputs["output"].load() for one in (made, run)] == [14, 35]


def test_a_worker_takes_what_was_not_known_before(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"file://{tmp_path}/store")
    for parallelism in (1, 2):
        planned = steps.apart.with_options(settings={"orchestrator.local": {"max_parallelism": parallelism}})
        made: PipelineRun = planned(factor=parallelism)
        seen = Told()
        Submission(
            plan(planned, planned.bind((), {"factor": parallelism, "seed": parallelism})), seen
        ).submit()
        assert seen.told[1:] == [
            "makes running: ",
            "makes completed: ",
            "multiplies running: ",
            f"multiplies cached: from run {made.id}",
            "ended",
        ]
        assert seen.took["multiplies"] is None
        assert seen.took["makes"] is not None


def test_calls_that_are_the_same_are_kept_apart(store: str) -> None:
    made: PipelineRun = samples()
    assert CALLED == ["sample", "sample", "second 1 1", "second 2 1"]
    run: PipelineRun = samples()
    assert len(CALLED) == 4
    for name in made.steps:
        assert run.steps[name].outputs["output"].load() == made.steps[name].outputs["output"].load()


def test_caching_can_be_off_for_a_pipeline_and_on_for_a_step(store: str) -> None:
    off = both.with_options(enable_cache=False)
    off()
    off()
    assert CALLED.count("first 2") == 2
    mixed()
    mixed()
    assert (CALLED.count("first 2"), CALLED.count("second 2 3")) == (3, 4)


def test_a_schedule_looks_when_it_fires_and_not_when_it_is_deployed(store: str) -> None:
    both()
    planned = plan(both, both.bind((), {}))
    daily = planned.snapshot.model_copy(update={"schedule": Schedule(cron_expression="0 2 * * *")})
    submission = Submission(replace(planned, snapshot=daily), Silent())
    with pytest.raises(BackendError, match="it returned no id of the schedule"):
        submission.submit()  # the local flavor runs it, as a firing would
    assert submission.plan.snapshot.bindings == {}
    assert CALLED[4:] == ["pipeline"]
    fired = Client(store).run("last")
    assert {one.status for one in fired.steps.values()} == {ExecutionStatus.CACHED}
    assert fired.record is not None
    assert fired.record.orchestrator_run_id is not None
