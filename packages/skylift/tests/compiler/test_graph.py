from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.compiler.graph import in_order
from skylift_contract.errors import AuthoringError, UnknownName


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Acyclic graphs whose names are given in any order."""
    names = [f"s{i}" for i in range(draw(st.integers(1, 12)))]
    edges = {
        name: tuple(draw(st.lists(st.sampled_from(names[:i]), unique=True))) if i else ()
        for i, name in enumerate(names)
    }
    return {name: edges[name] for name in draw(st.permutations(names))}


@given(graphs())
def test_everything_comes_once_and_after_what_it_waits_for(upstream: dict[str, tuple[str, ...]]) -> None:
    ordered = in_order(upstream, "pipeline")

    assert sorted(ordered) == sorted(upstream)
    for name, needed in upstream.items():
        assert all(ordered.index(other) < ordered.index(name) for other in needed)


@given(graphs())
def test_an_order_that_is_right_is_kept(upstream: dict[str, tuple[str, ...]]) -> None:
    ordered = in_order(upstream, "pipeline")
    assert in_order({name: upstream[name] for name in ordered}, "pipeline") == ordered


def test_a_cycle_names_its_steps() -> None:
    with pytest.raises(
        AuthoringError,
        match=r"^pipeline 'p': its steps wait for each other: (a → b → a|b → a → b)\. Take one `after` away\.$",
    ):
        in_order({"a": ("b",), "b": ("a",), "c": ()}, "pipeline 'p'")


def test_a_step_that_waits_for_itself_is_a_cycle() -> None:
    with pytest.raises(AuthoringError, match="a → a"):
        in_order({"a": ("a",)}, "pipeline")


def test_an_unknown_upstream_offers_the_nearest() -> None:
    with pytest.raises(
        UnknownName,
        match=r"^pipeline 'p', step 'b', after: there is no step named 'train_it'\. Did you mean 'train'\?",
    ):
        in_order({"train": (), "b": ("train_it",)}, "pipeline 'p'")
