from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.runs import make_step

from skylift.coordination.frontier import Frontier
from skylift_contract.enums import ExecutionMode
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.snapshot import Step

Graph = dict[str, tuple[str, ...]]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    names = [str(number) for number in range(draw(st.integers(1, 8)))]
    return {
        name: tuple(draw(st.lists(st.sampled_from(names[:i]), unique=True, max_size=3))) if i else ()
        for i, name in enumerate(names)
    }


@dataclass
class Played:
    """What became of every step when a frontier was played to its end."""

    frontier: Frontier
    started: list[str] = field(default_factory=list[str])
    skipped: list[str] = field(default_factory=list[str])


def steps(graph: Graph) -> Mapping[str, Step]:
    return {name: make_step(name, after=upstream) for name, upstream in graph.items()}


def play(
    graph: Graph, mode: ExecutionMode, ends: Mapping[str, Status], data: st.DataObject, width: int
) -> Played:
    played = Played(Frontier(steps(graph), mode))
    running: list[str] = []
    while not played.frontier.is_done:
        while len(running) < width and (name := played.frontier.take()):
            assert name not in played.started, "it is handed out once"
            assert all(played.frontier.closed.get(up) is Status.COMPLETED for up in graph[name])
            played.started.append(name)
            running.append(name)
        name = running.pop(data.draw(st.integers(0, len(running) - 1)))
        played.skipped += played.frontier.close(name, ends.get(name, Status.COMPLETED))
    return played


def downstream(graph: Graph, sources: set[str]) -> set[str]:
    found: set[str] = set()
    for name, upstream in graph.items():
        if not (found | sources).isdisjoint(upstream):
            found.add(name)
    return found


modes = st.sampled_from(ExecutionMode)
widths = st.integers(1, 4)
failures = st.sets(st.integers(0, 7).map(str)).map(lambda names: dict.fromkeys(names, Status.FAILED))


@given(graphs(), modes, widths, st.data())
def test_every_step_runs_once_and_after_those_it_waits_for(
    graph: Graph, mode: ExecutionMode, width: int, data: st.DataObject
) -> None:
    played = play(graph, mode, {}, data, width)

    assert sorted(played.started) == sorted(graph)
    assert played.frontier.closed == dict.fromkeys(graph, Status.COMPLETED)
    assert played.skipped == []


@given(graphs(), failures, widths, st.data())
def test_what_is_not_downstream_of_a_failure_runs(
    graph: Graph, failed: dict[str, Status], width: int, data: st.DataObject
) -> None:
    played = play(graph, ExecutionMode.CONTINUE_ON_FAILURE, failed, data, width)

    doomed = downstream(graph, {n for n in failed if n in graph and n in played.started})
    assert set(played.started) == set(graph) - doomed
    assert sorted(played.skipped) == sorted(doomed)
    assert played.frontier.closed.keys() == graph.keys()
    assert {n for n, status in played.frontier.closed.items() if status is Status.SKIPPED} == doomed


@given(
    graphs(),
    failures,
    widths,
    st.data(),
    st.sampled_from([ExecutionMode.FAIL_FAST, ExecutionMode.STOP_ON_FAILURE]),
)
def test_nothing_new_starts_after_a_failure(
    graph: Graph, failed: dict[str, Status], width: int, data: st.DataObject, mode: ExecutionMode
) -> None:
    played = play(graph, mode, failed, data, width)
    first = next((n for n, status in played.frontier.closed.items() if status is Status.FAILED), None)

    assert played.frontier.closed.keys() == graph.keys()
    assert sorted([*played.started, *played.skipped]) == sorted(graph)
    if first is not None:
        ran_before = list(played.frontier.closed).index(first)
        assert len(played.started) <= ran_before + width
        reached = downstream(graph, {first})
        told = {name: played.frontier.closed[name] for name in played.skipped}
        assert told == {n: Status.SKIPPED if n in reached else Status.NOT_STARTED for n in played.skipped}


@given(graphs(), modes, st.data())
def test_a_stop_closes_everything(graph: Graph, mode: ExecutionMode, data: st.DataObject) -> None:
    stopped = data.draw(st.sampled_from(list(graph)))
    played = play(graph, mode, {stopped: Status.STOPPED}, data, 1)

    assert set(played.started) | set(played.skipped) == set(graph)
    assert played.started[-1] == stopped


@given(graphs(), st.data())
def test_what_is_bound_is_not_waited_for(graph: Graph, data: st.DataObject) -> None:
    bound = data.draw(st.sets(st.sampled_from(list(graph))))
    rest = {name: upstream for name, upstream in graph.items() if name not in bound}
    frontier = Frontier(steps(rest), ExecutionMode.FAIL_FAST, bound)
    started: list[str] = []
    while name := frontier.take():
        started.append(name)
        frontier.close(name, Status.COMPLETED)

    assert sorted(started) == sorted(rest)
    assert frontier.is_done
