"""What the calls of a dynamic pipeline's function mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import dynamic_steps
from skylift_tests_support.folder_scheduler import FolderConfig, FolderOrchestrator

from skylift import ExecutionMode, pipeline, unmapped
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import AuthoringError, RunFailed, RunStopped, StepFailed, UnsupportedCapability
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skylift.models import PipelineRun

steps: Any = dynamic_steps
"""To a type checker a call gives what the function returns; here it has `load`."""

BODY: list[Callable[..., Any]] = []
"""What the pipeline's function does in a test; a pipeline must be a function of a module."""

SEEN: list[Any] = []


def body(*arguments: Any) -> None:
    BODY[0](*arguments)


@pipeline(dynamic=True)
def flow() -> None:
    body()


def ran(function: Callable[[], Any], **options: Any) -> PipelineRun:
    BODY[:] = [function]
    return flow.with_options(**options)() if options else flow()


def failed(function: Callable[[], Any], **options: Any) -> tuple[str, PipelineRun]:
    """Why the run failed, and the run."""
    from skylift import Client

    with pytest.raises(RunFailed) as caught:
        ran(function, **options)
    return caught.value.reason, Client().run(caught.value.run_id)


def statuses(run: PipelineRun) -> dict[str, str]:
    return {name: one.status.value for name, one in run.steps.items()}


def upstream(run: PipelineRun) -> dict[str, tuple[str, ...]]:
    run.fetch()
    found = run.snapshot_of.step_configurations
    return {name: one.spec.upstream_steps for name, one in found.items()}


def test_a_call_runs_and_its_value_can_be_decided_on() -> None:
    def decides() -> None:
        x = steps.double(1)
        while x.load() < 10:
            x = steps.double(x)
        SEEN.append(x.load())

    run = ran(decides)

    assert SEEN.pop() == 16
    assert list(run.steps) == ["double", "double_2", "double_3", "double_4"]
    assert run.steps["double_4"].outputs["output"].load() == 16
    assert run.status is Status.COMPLETED


def test_a_synchronous_call_follows_the_one_before_it() -> None:
    def calls() -> None:
        first = steps.double(1)
        steps.nothing()
        steps.double(first)
        background = steps.double.submit(first)
        steps.nothing(after=background)

    assert upstream(ran(calls)) == {
        "double": (),
        "nothing": ("double",),
        "double_2": ("double", "nothing"),
        "double_3": ("double",),
        "nothing_2": ("double_3", "double_2"),
    }


def test_a_failure_that_is_caught_is_no_dependency_and_no_failure_of_the_run() -> None:
    def catches() -> None:
        steps.double(1)
        try:
            steps.fail("broken")
        except StepFailed as error:
            SEEN.append((error.step, error.reason, type(error.__cause__)))
        steps.double(2)

    run = ran(catches)

    assert SEEN.pop() == ("fail", "ValueError: broken", ValueError)
    assert upstream(run)["double_2"] == ("double",)
    assert statuses(run) == {"double": "completed", "fail": "failed", "double_2": "completed"}


def test_a_failure_that_is_not_caught_ends_the_function() -> None:
    def fails() -> None:
        steps.fail("broken")
        steps.double(1)

    reason, run = failed(fails)

    assert reason == "step 'fail': ValueError: broken"
    assert statuses(run) == {"fail": "failed"}


def test_an_error_of_the_function_is_the_runs() -> None:
    def fails() -> None:
        steps.double(1)
        raise KeyError("mine")

    assert failed(fails)[0] == "KeyError: 'mine'"


def test_futures() -> None:
    def submits() -> None:
        both = steps.split.submit(42)
        tens, ones = both
        one = steps.double.submit(tens)
        SEEN.append((both.load(), both["ones"].load(), both[0].load(), len(both)))
        SEEN.append((one.result().load(), one.wait().load(), steps.nothing.submit().load()))
        SEEN.append(steps.add(one, ones).load())

    ran(submits)

    assert SEEN == [((4, 2), 2, 4, 2), (8, 8, None), 10]
    SEEN.clear()


def test_what_waits_for_a_failure_is_skipped_and_says_so_where_it_is_awaited() -> None:
    def skips() -> None:
        bad = steps.fail.submit("broken")
        next_one = steps.double.submit(bad)
        last = steps.double.submit(next_one)
        with pytest.raises(
            StepFailed, match=r"^step 'double_2': failed: it was skipped: step 'fail' failed\.$"
        ):
            last.load()

    run = ran(skips)

    assert statuses(run) == {"fail": "failed", "double": "skipped", "double_2": "skipped"}


def test_a_failure_that_nobody_awaits_is_the_runs_once_everything_has_ended() -> None:
    def goes_on() -> None:
        steps.fail.submit("broken")
        for number in range(3):
            steps.double.submit(number)

    reason, run = failed(goes_on)

    assert reason == "step 'fail': ValueError: broken"
    assert sorted(statuses(run).values()) == ["completed", "completed", "completed", "failed"]


def test_after_a_failure_nothing_begins_where_the_mode_says_so() -> None:
    def goes_on() -> None:
        bad = steps.fail.submit("broken")
        bad.wait()
        try:
            steps.double(1)
        except Exception as error:
            SEEN.append(error)

    reason, run = failed(goes_on, execution_mode=ExecutionMode.STOP_ON_FAILURE)

    assert reason == "step 'fail': ValueError: broken"
    assert statuses(run) == {"fail": "failed"}
    assert SEEN == []


@pytest.mark.parametrize("waiting", [steps.wait_for_ever, steps.wait_in_a_process])
def test_fail_fast_ends_what_runs(tmp_path: Path, waiting: Any) -> None:
    def goes_on() -> None:
        endless = waiting.submit(str(tmp_path / "arrived"))
        while not (tmp_path / "arrived").exists():
            pass
        steps.fail.submit("broken")
        endless.load()

    reason, run = failed(goes_on, execution_mode=ExecutionMode.FAIL_FAST)

    assert reason == "step 'fail': ValueError: broken"
    assert statuses(run)[waiting.name] == "stopped"


def test_fail_fast_ends_what_the_function_itself_waits_for(tmp_path: Path) -> None:
    def goes_on() -> None:
        bad = steps.fail_unless.submit("nowhere", after=steps.nothing.submit())
        steps.wait_for_ever(str(tmp_path / "arrived"), after=None)
        bad.load()

    reason, run = failed(goes_on, execution_mode=ExecutionMode.FAIL_FAST)

    assert reason.startswith("step 'fail_unless': FileNotFoundError")
    assert statuses(run)["wait_for_ever"] in {"stopped", "skipped"}


def test_map_has_stable_ids_and_goes_side_by_side() -> None:
    def maps() -> None:
        doubled = steps.double.map(steps.numbers(3))
        added = steps.add.map(x=doubled, y=[10, 20, 30])
        again = steps.double.map(x=added, id="again")
        SEEN.append((doubled.load(), added.load(), again.load(), steps.total(added).load()))

    run = ran(maps)

    assert SEEN.pop() == ([0, 2, 4], [10, 22, 34], [20, 44, 68], 66)
    found = upstream(run)
    assert list(found) == [
        "numbers",
        *(f"map:double:{number}" for number in range(3)),
        *(f"map:add:{number}" for number in range(3)),
        *(f"map:again:{number}" for number in range(3)),
        "total",
    ]
    assert found["map:double:1"] == ("numbers",)
    assert found["map:add:1"] == ("map:double:1",)


def test_maps_of_one_step_are_numbered() -> None:
    def maps() -> None:
        steps.double.map([1])
        steps.double.map([2])

    assert list(ran(maps).steps) == ["map:double:0", "map:double_2:0"]


def test_product_and_unmapped() -> None:
    def multiplies() -> None:
        SEEN.append(steps.add.product(x=[1, 2], y=[10, 20]).load())
        SEEN.append(steps.scaled.map(xs=unmapped([1, 2]), by=[1, 10]).load())
        SEEN.append(steps.add.map(x=[1, 2], y=5).load())

    ran(multiplies)

    assert SEEN == [[11, 21, 12, 22], [3, 30], [6, 7]]
    SEEN.clear()


def test_a_map_over_nothing_is_empty() -> None:
    def maps() -> None:
        none = steps.double.map([])
        SEEN.append((none.load(), steps.total(none).load()))

    ran(maps)

    assert SEEN.pop() == ([], 0)


def test_several_outputs_of_a_map() -> None:
    def maps() -> None:
        tens, ones = steps.split.map([12, 34]).unpack()
        SEEN.append((steps.total(tens).load(), steps.total(ones).load()))

    ran(maps)

    assert SEEN.pop() == (4, 6)


def test_values_that_are_no_json_go_through_the_store() -> None:
    def slices() -> None:
        whole = steps.array(10).load()
        SEEN.append(steps.sum_of(whole[whole > 6]).load())
        SEEN.append(steps.sum_of.map([whole[:2], whole[2:4]]).load())

    run = ran(slices)

    assert SEEN == [24, [1, 5]]
    SEEN.clear()
    given = run.snapshot_of.step_configurations["sum_of"].spec.inputs["values"]
    assert isinstance(given, ArtifactRef)
    assert given.type == "numpy:ndarray"


def test_steps_at_the_same_time_keep_their_logs_and_contexts_apart() -> None:
    def meets() -> None:
        SEEN.append(steps.meet.map(["ada", "bob"]).load())

    run = ran(meets, max_concurrent_steps=2)

    assert SEEN.pop() == ["map:meet:0", "map:meet:1"]
    logs = {name: "".join(one.logs()) for name, one in run.steps.items()}
    assert logs == {"map:meet:0": "ada speaks\n", "map:meet:1": "bob speaks\n"}


def test_isolated_steps_and_those_with_a_limit_are_processes_of_their_own(tmp_path: Path) -> None:
    import os

    journal = tmp_path / "journal"

    def places() -> None:
        steps.note(str(journal), "inline")
        steps.note_apart(str(journal), "isolated")
        limited = steps.note.with_options(timeout=60)
        limited(str(journal), "limited")
        with_variables = steps.note.with_options(environment={"A": "1"})
        with_variables(str(journal), "variables")

    ran(places)

    here = {line.split()[0]: line.split()[1] == str(os.getpid()) for line in journal.read_text().splitlines()}
    assert here == {"inline": True, "isolated": False, "limited": False, "variables": False}


def test_no_more_steps_run_at_once_than_the_pipeline_allows(tmp_path: Path) -> None:
    def meets() -> None:
        steps.meet.map(["ada", "bob"]).load()

    steps.MET.reset()
    reason, _ = failed(lambda: _broken_soon(meets), max_concurrent_steps=1)
    steps.MET.reset()

    assert "BrokenBarrierError" in reason


def _broken_soon(meets: Callable[[], None]) -> None:
    import threading

    timer = threading.Timer(0.5, steps.MET.abort)
    timer.start()
    try:
        meets()
    finally:
        timer.cancel()


class TestNested:
    def test_a_pipeline_that_is_called_is_a_run_of_its_own(self) -> None:
        from skylift import Client

        def nests() -> None:
            inner = steps.doubled_twice(steps.double(1))
            SEEN.append(inner.load())
            SEEN.append(steps.add(inner, 1).load())

        run = ran(nests)

        assert SEEN == [8, 9]
        SEEN.clear()
        assert statuses(run) == dict.fromkeys(("double", "doubled_twice", "add"), "completed")
        assert run.steps["doubled_twice"].outputs["output"].load() == 8
        sub = run.steps["doubled_twice"].sub_run
        assert sub is not None
        assert run.steps["double"].sub_run is None
        assert [one.id for one in Client().runs()] == [run.id]
        assert sub.status is Status.COMPLETED
        assert sub.record is not None
        assert sub.record.parent == str(run.id)
        assert sub.steps["double_2"].outputs["output"].load() == 8

    def test_its_failure_is_raised_where_it_is_called(self) -> None:
        def nests() -> None:
            steps.doubled_twice("three")

        with pytest.raises(AuthoringError, match="parameter 'x'"):
            raise_inner(nests)


def raise_inner(function: Callable[[], Any]) -> None:
    def catches() -> None:
        try:
            function()
        except AuthoringError as error:
            SEEN.append(error)

    ran(catches)
    raise SEEN.pop()


def in_a_thread(function: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function).result()


NO_VALUES: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: steps.double.submit(1) + 1,
        r"^future of step 'double': it is no value to calculate with\. Use its",
    ),
    (lambda: steps.double.submit(1) == 1, r"^future of step 'double': it is no value to compare"),
    (lambda: steps.double.submit(1) != 1, r"it is no value to compare"),
    (lambda: f"{steps.double.submit(1)}", r"it is no value to put into text"),
    (lambda: range(steps.double.submit(1)), r"it is no value to count with"),
    (lambda: int(steps.double(1)), r"is no value to count with"),
    (lambda: float(steps.double(1)), r"is no value to calculate with"),
    (
        lambda: steps.said_of(steps.split.map([1, 2])),
        r"step 'map:split:0' returns several outputs: tens, ones",
    ),
    (lambda: steps.double.submit(1)[0:1], r"it is no value to index"),
    (
        lambda: steps.said_of({steps.double(1)}),
        r"what step 'double' made is inside a set, and would not be replaced by its value there",
    ),
    (
        lambda: steps.said_of({"a": [steps.double(1)]}),
        r"inside a dict.*Pass it as an input of its own, or as a l",
    ),
    (lambda: steps.said_of([[steps.double.submit(1)]]), r"inside a list"),
]


def test_an_index_that_is_meant_for_the_value() -> None:
    def indexes() -> None:
        with pytest.raises(
            IndexError, match=r"^step 'double' has 1 output; of its value, an item is \.load\(\)\[5\]$"
        ):
            steps.double.submit(1)[5]

    assert statuses(ran(indexes)) == {"double": "completed"}


def test_futures_are_told_apart_by_which_they_are() -> None:
    def compares() -> None:
        one, two = steps.double.submit(1), steps.double.submit(1)
        assert one == one
        assert one != two
        assert two in [one, two]

    assert statuses(ran(compares)) == {"double": "completed", "double_2": "completed"}


class TestBadInput:
    """Sentences of what cannot be."""

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            (
                lambda: steps.add.map(x=[1, 2], y=[1, 2, 3]),
                (
                    r"^step 'add': the lists that it is mapped over are of different lengths: x has 2, y has 3\. "
                    r"Give lists of one length, unmapped\(\.\.\.\) for one that each call gets whole, or \.product\(\)\.$"
                ),
            ),
            (
                lambda: steps.double.map(steps.double(1)),
                r"^step 'double', input 'x': output of step 'double' is no list to map over \(got 'int'\)",
            ),
            (lambda: steps.double.map(3), r"^step 'double': none of its arguments is a list to map over"),
            (
                lambda: steps.double(steps.double(1) + 1),
                r"stands for what the step made.*Use its value: \.load\(\)",
            ),
            (lambda: steps.double(1) > 3, r"is no value to compare"),
            (lambda: bool(steps.double.submit(1)), r"it is no value to decide on"),
            (lambda: steps.double(1, id="a") and steps.double(2, id="a"), r"is no value to decide on"),
            (lambda: [steps.double(n, id="a").load() for n in (1, 2)], r"two calls have one id"),
            (
                lambda: steps.double(1, after="nobody"),
                r"`after` names 'nobody', which was not called before it",
            ),
            (lambda: steps.double(steps.split(1)), r"step 'split' returns several outputs: tens, ones"),
            (lambda: steps.double(steps.nothing.submit()), r"step 'nothing' returns nothing to pass on"),
            *NO_VALUES,
            (
                lambda: steps.doubled_twice.map([1]),
                r"^pipeline 'doubled_twice': a pipeline has no \.map\(\): inside another its function runs where",
            ),
            (
                lambda: in_a_thread(lambda: steps.double(1)),
                r"^step 'double': it was called in a thread, and the calls of a pipeline are made in its function's",
            ),
        ],
    )
    def test_the_function_is_told(self, wrong: Callable[[], Any], sentence: str) -> None:
        with pytest.raises(AuthoringError, match=sentence):
            raise_inner(wrong)

    def test_a_future_is_of_no_use_after_its_run(self) -> None:
        kept: list[Any] = []

        def keeps() -> None:
            kept.append(steps.double(1))

        ran(keeps)

        def follows() -> None:
            steps.double(1)
            steps.double(1, after=kept)

        def maps() -> None:
            steps.double(1)
            steps.double.map(kept[0])

        def crosses() -> None:
            steps.add.product(x=kept[0], y=[1])

        for uses in (lambda: steps.double(kept[0]), follows, maps, crosses):
            with pytest.raises(AuthoringError, match=r"what step 'double' made belongs to another run"):
                raise_inner(uses)
        assert kept[0].load() == 2

    def test_a_static_pipeline_has_no_futures(self) -> None:
        @pipeline
        def static() -> None:
            steps.double.submit(1)

        with pytest.raises(
            AuthoringError, match=r"\.submit\(\) is for dynamic pipelines.*@pipeline\(dynamic=True\)"
        ):
            static()

    def test_resources_that_are_not_here_are_refused_before_anything_starts(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="this machine has only"):
            greedy_flow()
        assert not (tmp_path / "store").exists()

    def test_a_flavor_without_dynamic_pipelines(self, tmp_path: Path) -> None:
        folder = FolderOrchestrator(FolderConfig(folder=tmp_path / "backend"), flavor="folder")
        with pytest.raises(
            UnsupportedCapability,
            match=r"pipeline 'flow' uses dynamic_pipelines: FolderOrchestrator does not override "
            r"submit_dynamic_pipeline",
        ):
            flow.with_options(orchestrator=folder)()
        assert not (tmp_path / "store").exists()


greedy = steps.double.with_options(settings={"resources": {"memory": "900TB"}})


@pipeline(dynamic=True)
def greedy_flow() -> None:
    greedy(1)


def test_a_long_chain_behind_a_failure_is_skipped_without_end_of_the_stack() -> None:
    def chains() -> None:
        link = steps.fail.submit("broken")
        for _ in range(1500):
            link = steps.double.submit(link)
        with pytest.raises(
            StepFailed, match=r"^step 'double_1500': failed: it was skipped: step 'fail' failed\.$"
        ):
            link.load()

    found = statuses(ran(chains))

    assert found.pop("fail") == "failed"
    assert set(found.values()) == {"skipped"}


def test_a_stop_that_the_function_catches_stops_the_run_all_the_same() -> None:
    def catches() -> None:
        for number in range(3):
            try:
                steps.pressed(number)
            except:  # noqa: E722 -- whatever it is, as people write it
                continue

    with pytest.raises(RunStopped):
        ran(catches)
