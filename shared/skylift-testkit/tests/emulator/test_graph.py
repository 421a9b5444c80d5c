from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_testkit.emulator.graph import Graph


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Up to eight steps, each after some of those before it, told in any order."""
    names = [f"s{n}" for n in range(draw(st.integers(0, 8)))]
    after = {
        name: draw(st.lists(st.sampled_from(names[:n]), max_size=3)) if n else []
        for n, name in enumerate(names)
    }
    return {name: after[name] for name in draw(st.permutations(names))}


@given(graphs())
def test_what_is_ready_in_turn_is_everything_each_after_what_it_waits_for(
    after: dict[str, list[str]],
) -> None:
    graph, done = Graph(after), list[str]()
    while ready := graph.ready(set(done), set(done)):
        assert all(set(after[name]) <= set(done) for name in ready)
        done.append(ready[0])
    assert sorted(done) == sorted(after)


@given(graphs(), st.data())
def test_what_is_downstream_never_gets_ready_without_it(
    after: dict[str, list[str]], data: st.DataObject
) -> None:
    graph = Graph(after)
    failed = set(data.draw(st.lists(st.sampled_from(sorted(after)), max_size=2)) if after else [])
    done, begun = set[str](), set(failed)
    while ready := graph.ready(done, begun):
        done.update(ready)
        begun.update(ready)
    assert done == set(after) - failed - (graph.downstream(failed) - failed)


def test_a_step_after_none_of_these_is_named() -> None:
    with pytest.raises(
        UnknownName, match=r"^step 'train': there is no step named 'laod'\. Did you mean 'load'\? ?$"
    ):
        Graph({"load": [], "train": ["laod"]})


def test_a_circle_is_drawn() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^graph: steps wait for each other: (a → b → a|b → a → b)\.$"
    ):
        Graph({"a": ["b"], "b": ["a"]})
