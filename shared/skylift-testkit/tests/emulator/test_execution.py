from __future__ import annotations

import threading
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from skylift_testkit.emulator.execution import Ending, Execution, Phase, StepState
from skylift_testkit.emulator.graph import Graph

NOW = datetime(2031, 5, 1, tzinfo=UTC)
WAIT_S = 20.0


class Told:
    """A job that ends when it is told to, or stopped."""

    def __init__(self, ending: Ending, *, is_over: bool = True) -> None:
        self.ending, self.over = ending, threading.Event()
        if is_over:
            self.over.set()

    def wait(self) -> Ending:
        assert self.over.wait(WAIT_S)
        return self.ending

    def stop(self) -> None:
        self.ending = Ending(Phase.STOPPED)
        self.over.set()


class Steps:
    """Begins jobs, and counts how many run at once."""

    def __init__(self, failing: set[str] | None = None) -> None:
        self.failing, self.begun, self.most = failing or set(), list[str](), 0
        self.lock, self.running = threading.Lock(), 0

    def begin(self, name: str, attempt: int) -> Counted:
        with self.lock:
            self.begun.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
        return Counted(self, Phase.FAILED if name in self.failing else Phase.SUCCEEDED)


class Counted:
    def __init__(self, steps: Steps, phase: Phase) -> None:
        self.steps, self.phase = steps, phase

    def wait(self) -> Ending:
        with self.steps.lock:
            self.steps.running -= 1
        return Ending(self.phase, "it broke" if self.phase is Phase.FAILED else "")

    def stop(self) -> None:
        raise AssertionError("nobody stops this")


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[str, list[str]], set[str]]:
    names = [f"s{n}" for n in range(draw(st.integers(1, 7)))]
    after = {
        name: draw(st.lists(st.sampled_from(names[:n]), max_size=2, unique=True)) if n else []
        for n, name in enumerate(names)
    }
    return after, set(draw(st.lists(st.sampled_from(names), max_size=2)))


@settings(max_examples=50)
@given(plans(), st.integers(1, 3))
def test_all_runs_that_can_in_order_and_within_the_limit(
    plan: tuple[dict[str, list[str]], set[str]], limit: int
) -> None:
    after, failing = plan
    graph, steps = Graph(after), Steps(failing)
    execution = Execution(graph, steps.begin, now=lambda: NOW, limit=limit)
    execution.start()
    assert execution.wait(WAIT_S)
    assert steps.most <= limit
    begun = set(steps.begun)
    assert len(steps.begun) == len(begun)
    assert begun == {name for name in after if not _hindered(after, failing, name)}
    assert all(steps.begun.index(one) < steps.begun.index(name) for name in begun for one in after[name])
    expected = {
        n: Phase.WAITING if n not in begun else Phase.FAILED if n in failing else Phase.SUCCEEDED
        for n in after
    }
    assert {name: state.phase for name, state in execution.steps.items()} == expected
    assert execution.phase is (
        Phase.SUCCEEDED if set(expected.values()) == {Phase.SUCCEEDED} else Phase.FAILED
    )


def _hindered(after: dict[str, list[str]], failing: set[str], name: str) -> bool:
    return any(one in failing or _hindered(after, failing, one) for one in after[name])


def test_a_stop_ends_what_runs_and_starts_nothing_new() -> None:
    began, job = threading.Event(), Told(Ending(Phase.SUCCEEDED), is_over=False)

    def begin(name: str, attempt: int) -> Told:
        began.set()
        return job

    execution = Execution(Graph({"a": [], "b": ["a"]}), begin, now=lambda: NOW, limit=2)
    execution.start()
    assert began.wait(WAIT_S)
    assert execution.phase is Phase.RUNNING
    execution.stop()
    assert execution.wait(WAIT_S)
    assert execution.phase is Phase.STOPPED
    assert execution.steps == {"a": StepState(Phase.STOPPED, 1, NOW, NOW), "b": StepState()}


def test_tried_again_only_what_did_not_succeed_runs_and_is_counted_on() -> None:
    graph, steps = Graph({"a": [], "b": ["a"], "c": ["b"]}), Steps({"b"})
    first = Execution(graph, steps.begin, now=lambda: NOW, limit=1)
    first.start()
    assert first.wait(WAIT_S)
    assert first.steps["b"] == StepState(Phase.FAILED, 1, NOW, NOW, "it broke")
    steps.failing.clear()
    again = Execution(graph, steps.begin, now=lambda: NOW, limit=1, before=first.steps)
    again.start()
    assert again.wait(WAIT_S)
    assert steps.begun == ["a", "b", "b", "c"]
    assert {name: step.attempts for name, step in again.steps.items()} == {"a": 1, "b": 2, "c": 1}
    assert again.phase is Phase.SUCCEEDED


def test_what_cannot_begin_has_failed_and_says_why() -> None:
    def begin(name: str, attempt: int) -> Told:
        raise ValueError("there is no such image")

    execution = Execution(Graph({"a": []}), begin, now=lambda: NOW, limit=1)
    execution.start()
    assert execution.wait(WAIT_S)
    assert execution.steps["a"].reason == "there is no such image"
    assert execution.phase is Phase.FAILED


def test_one_that_halts_starts_nothing_once_a_step_has_failed_and_lets_what_runs_finish() -> None:
    beside, began = Told(Ending(Phase.SUCCEEDED), is_over=False), threading.Event()

    def begin(name: str, attempt: int) -> Told:
        if name != "beside":
            assert began.wait(WAIT_S)
            return Told(Ending(Phase.FAILED, "it broke"))
        began.set()
        return beside

    graph = Graph({"bad": [], "beside": [], "then": ["beside"], "more": []})
    execution = Execution(graph, begin, now=lambda: NOW, limit=2, halts=True)
    execution.start()
    while execution.steps["bad"].phase is not Phase.FAILED:
        pass
    beside.over.set()
    assert execution.wait(WAIT_S)
    found = {name: step.phase for name, step in execution.steps.items()}
    ended = {"bad": Phase.FAILED, "beside": Phase.SUCCEEDED}
    assert found == {**ended, "then": Phase.WAITING, "more": Phase.WAITING}
    assert execution.phase is Phase.FAILED
