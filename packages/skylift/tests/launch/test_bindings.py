"""What is bound waits for nobody, and nobody for it; taken back, the graph is what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.runs import make_snapshot, make_step

from skylift.launch.bindings import bind, unbound
from skylift.launch.committed import Made
from skylift.ledger.records import Origin
from skylift_contract.snapshot import ArtifactRef, Binding, PipelineSnapshot, Step


def made(name: str) -> Made:
    ref = ArtifactRef(digest=name * 2, type="builtins:int", materializer="json", size=1)
    return Made(Origin(run_id="earlier", invocation_id=name), {"output": ref})


@st.composite
def graphs(draw: st.DrawFn) -> PipelineSnapshot:
    """Up to eight steps, some of which take data of some before, or only wait for them."""
    names: list[str] = []
    members: list[Step] = []
    for number in range(draw(st.integers(1, 8))):
        some = st.lists(st.sampled_from(names), unique=True, max_size=3) if names else st.just(list[str]())
        inputs = {f"from_{name}": name for name in draw(some)}
        members.append(make_step(f"s{9 - number}", inputs=inputs, after=tuple(draw(some))))
        names.append(f"s{9 - number}")
    return make_snapshot(*members)


@given(graphs(), st.data())
def test_bound_in_any_order_and_taken_back_it_is_the_same_graph(
    snapshot: PipelineSnapshot, data: st.DataObject
) -> None:
    names = list(snapshot.step_configurations)
    first = data.draw(st.sets(st.sampled_from(names)))
    left = [name for name in names if name not in first]
    second = data.draw(st.sets(st.sampled_from(left))) if left else set[str]()
    once = bind(snapshot, {name: made(name) for name in first})
    twice = bind(once, {name: made(name) for name in second})

    assert twice.bindings.keys() == first | second
    assert list(twice.invocations) == names
    for name, step in twice.step_configurations.items():
        before = snapshot.step_configurations[name]
        assert set(step.spec.upstream_steps) == set(before.spec.upstream_steps) - first - second
        assert step.spec.inputs == before.spec.inputs
    assert all(one.run_id == "earlier" and one.step_name == name for name, one in twice.bindings.items())
    stored = PipelineSnapshot.model_validate_json(twice.content)
    again = unbound(stored)
    assert again.bindings == {}
    assert list(again.step_configurations) == names
    for name, step in again.step_configurations.items():
        before = snapshot.step_configurations[name]
        assert set(step.spec.upstream_steps) == set(before.spec.upstream_steps)
        assert (step.config, step.spec.inputs) == (before.config, before.spec.inputs)
    assert bind(snapshot, {}) is snapshot
    assert unbound(snapshot) is snapshot


def test_a_binding_that_holds_no_step_stays_one() -> None:
    old = Binding(run_id="r", step_name="a", outputs={})
    snapshot = make_snapshot(make_step("b"), bindings={"a": old})
    bound = bind(snapshot, {"b": made("b")})
    assert unbound(bound).bindings == {"a": old}
    assert list(unbound(bound).invocations) == ["a", "b"]
