"""The order of a snapshot's invocations, of which some are bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.snapshot import (
    Binding,
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
    read_snapshot,
)


def made(*steps: str, **bindings: int) -> PipelineSnapshot:
    """Steps by name, and bindings by their places."""
    return PipelineSnapshot(
        project="p",
        pipeline_configuration=PipelineConfiguration(name="p", source="a:b"),
        steps=tuple(
            Step(spec=StepSpec(invocation_id=name, source="a:b"), config=StepConfig(name=name))
            for name in steps
        ),
        bindings={
            name: Binding(run_id="r", step_name=name, outputs={}, place=place)
            for name, place in bindings.items()
        },
        runtime=SnapshotRuntime(flavor="local", python="3.11", skylift="0"),
    )


@given(st.permutations([f"step{number}" for number in range(8)]), st.sets(st.integers(0, 7)))
def test_whatever_is_bound_the_order_is_that_of_the_pipeline(names: list[str], bound: set[int]) -> None:
    left = [name for place, name in enumerate(names) if place not in bound]
    snapshot = made(*left, **{names[place]: place for place in sorted(bound, reverse=True)})
    assert list(snapshot.invocations) == names
    assert list(read_snapshot(snapshot.content, snapshot.digest).invocations) == names


def test_a_changed_copy_has_an_order_of_its_own() -> None:
    before = made("a", "b")
    assert before.invocations == ("a", "b")
    after = before.model_copy(update={"steps": before.steps[:1]})
    assert after.invocations == ("a",)
