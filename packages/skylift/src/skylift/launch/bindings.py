"""Binding: an invocation whose outputs are there becomes what others take data from, and runs no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skylift_contract.snapshot import Binding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.launch.committed import Made
    from skylift_contract.snapshot import PipelineSnapshot, Step


def bind(snapshot: PipelineSnapshot, made: Mapping[str, Made]) -> PipelineSnapshot:
    """The same snapshot, where these of its steps are bound to what was made, and nothing waits for them."""
    if not made:
        return snapshot
    steps, awaited_by = snapshot.step_configurations, _awaited_by(snapshot)
    bindings = {
        name: Binding(
            run_id=made[name].origin.run_id,
            step_name=made[name].origin.invocation_id,
            outputs=dict(made[name].outputs),
            source=steps[name].spec.source,
            place=place,
            upstream_steps=steps[name].spec.upstream_steps,
            step=steps[name],
            awaited_by=awaited_by.get(name, ()),
        )
        for place, name in enumerate(snapshot.invocations)
        if name in made
    }
    left = tuple(_without(step, bindings) for step in snapshot.steps if step.spec.invocation_id not in made)
    return snapshot.model_copy(update={"steps": left, "bindings": {**snapshot.bindings, **bindings}})


def _awaited_by(snapshot: PipelineSnapshot) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, step in snapshot.step_configurations.items():
        for upstream in step.spec.upstream_steps:
            found[upstream] = (*found.get(upstream, ()), name)
    return found


def _without(step: Step, bound: Mapping[str, Binding]) -> Step:
    """A step that waits for nothing that is there already."""
    return _waiting_for(step, tuple(name for name in step.spec.upstream_steps if name not in bound))


def _waiting_for(step: Step, upstream: tuple[str, ...]) -> Step:
    if upstream == step.spec.upstream_steps:
        return step
    return step.model_copy(update={"spec": step.spec.model_copy(update={"upstream_steps": upstream})})


def unbound(snapshot: PipelineSnapshot) -> PipelineSnapshot:
    """The inverse of `bind`: every invocation is a step again, and waits for what it waited for.

    A binding of before, which does not hold its step, stays one.
    """
    there = {name: found.step for name, found in snapshot.bindings.items() if found.step is not None}
    if not there:
        return snapshot
    steps = {**snapshot.step_configurations, **there}
    order = [name for name in snapshot.invocations if name in steps]
    waited = {name: set(step.spec.upstream_steps) for name, step in steps.items()}
    for name in there:
        for dependent in snapshot.bindings[name].awaited_by:
            waited[dependent].add(name)
    return snapshot.model_copy(
        update={
            "steps": tuple(_waiting_again(steps[name], waited[name], order) for name in order),
            "bindings": {name: one for name, one in snapshot.bindings.items() if name not in there},
        }
    )


def _waiting_again(step: Step, upstream: set[str], order: list[str]) -> Step:
    if upstream == set(step.spec.upstream_steps):
        return step
    return _waiting_for(step, tuple(sorted(upstream, key=order.index)))
