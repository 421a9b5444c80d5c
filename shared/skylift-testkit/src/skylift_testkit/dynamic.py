"""Pipelines whose function runs: it decides on values, and its steps find its run wherever they are."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from skylift import ExecutionStatus
from skylift.client import Client
from skylift.store.location import open_store
from skylift_contract.capability import Capability
from skylift_testkit import dynamic_pipelines as pipelines
from skylift_testkit import signals
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from skylift.models import PipelineRun
    from skylift.store.objects import ObjectStore
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_testkit.running import Started


class DynamicSuite(RunningSuite):
    is_optional = True
    needs = (Capability.DYNAMIC_PIPELINES, Capability.ISOLATED_STEPS)

    @about(Capability.DYNAMIC_PIPELINES)
    def test_values_decide_what_runs(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.doubling, until=20)
        assert made.status is ExecutionStatus.COMPLETED
        assert list(made.steps) == ["double", "double_2", "double_3", "double_4", "double_5"]
        assert made.steps["double_5"].outputs["value"].load() == 32

    @about(Capability.DYNAMIC_PIPELINES)
    def test_a_map_has_a_step_for_each_item_and_keeps_their_order(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.fanned, width=5)
        assert [name for name in made.steps if name.startswith("map:")] == [
            f"map:double:{n}" for n in range(5)
        ]
        assert made.steps["total"].outputs["value"].load() == 20

    @about(Capability.DYNAMIC_PIPELINES, Capability.ISOLATED_STEPS)
    def test_an_isolated_step_is_a_process_of_its_own_and_finds_the_run(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.apart)
        told = {name: step.outputs["told"].load() for name, step in made.steps.items()}
        assert told["inline"]["process"] != told["isolated"]["process"]
        assert {one["run_id"] for one in told.values()} == {str(made.id)}
        assert len({one["orchestrator_run_id"] for one in told.values()}) == 1

    @about(Capability.DYNAMIC_PIPELINES, Capability.ISOLATED_STEPS)
    def test_isolated_steps_may_be_the_first_and_start_at_once(self, run: Any) -> None:
        """Whatever the orchestrator makes when it is first used, several threads use first."""
        made: PipelineRun = run(pipelines.apart_at_once)
        assert made.status is ExecutionStatus.COMPLETED, made.reason
        values = [made.steps[f"map:double:{n}"].outputs["value"].load() for n in range(4)]
        assert values == [2, 4, 6, 8]

    @about(Capability.DYNAMIC_PIPELINES)
    def test_a_failure_that_the_function_catches_is_none_of_the_runs(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.careful)
        assert made.status is ExecutionStatus.COMPLETED
        assert made.steps["fail"].status is ExecutionStatus.FAILED
        assert "ValueError: conformance" in made.steps["fail"].reason
        assert made.steps["after_it"].status is ExecutionStatus.COMPLETED

    @about(Capability.DYNAMIC_PIPELINES)
    def test_a_failure_that_nobody_catches_is(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.careless)
        assert made.status is ExecutionStatus.FAILED
        assert "ValueError: conformance" in made.reason
        assert list(made.steps) == ["fail"]

    @about(Capability.DYNAMIC_PIPELINES)
    def test_a_nested_pipeline_is_a_run_of_its_own(self, run: Any) -> None:
        made: PipelineRun = run(pipelines.nesting)
        nested = made.steps["inner"].sub_run
        assert nested is not None
        assert nested.id != made.id
        assert nested.status is ExecutionStatus.COMPLETED
        assert nested.steps["double"].outputs["value"].load() == 4
        assert made.steps["total"].outputs["value"].load() == 4

    @about(Capability.DYNAMIC_PIPELINES)
    def test_a_run_that_is_resumed_does_only_what_is_left(
        self, run: Any, orchestrator: BaseOrchestrator, store_uri: str
    ) -> None:
        store = open_store(store_uri)
        failed: PipelineRun = run(pipelines.hindered)
        assert failed.status is ExecutionStatus.FAILED
        signals.say(store, "go-on")
        resumed = failed.resume(orchestrator=orchestrator)
        assert resumed.status is ExecutionStatus.COMPLETED
        assert signals.journal(store) == ["first", "second", "second", "third"]

    @about(Capability.DYNAMIC_PIPELINES)
    def test_no_more_steps_run_at_once_than_may(self, run: Any, store: ObjectStore) -> None:
        made: PipelineRun = run(pipelines.crowded)
        assert made.status is ExecutionStatus.COMPLETED
        changes = [1 if word == "begins" else -1 for word in signals.journal(store)]
        assert len(changes) == 12
        assert max(accumulate(changes)) <= 2

    @about(Capability.DYNAMIC_PIPELINES, Capability.RUN_STATUS)
    def test_a_run_whose_client_was_killed_ends_or_is_resumed(
        self, start: Started, orchestrator: BaseOrchestrator, store: ObjectStore
    ) -> None:
        """What was made before is not made again."""
        process = start("interrupted")
        signals.wait_for(store, "arrived", process)
        process.kill()
        process.wait()
        signals.say(store, "go-on")
        run = Client().run("last")
        if signals.ended(run).status is not ExecutionStatus.COMPLETED:
            run = run.resume(orchestrator=orchestrator)
        assert run.status is ExecutionStatus.COMPLETED
        assert signals.journal(store) == ["first", "third"]
