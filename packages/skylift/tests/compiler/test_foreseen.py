"""What a dynamic pipeline's surroundings have to be able to do, as far as its source tells."""

from __future__ import annotations

from skylift import pipeline, step
from skylift.compiler.compile import Target, compile_snapshot

TARGET = Target(project="tests", flavor="test")


@step
def plain() -> int:
    return 1


@step(runtime="isolated", secrets=["OWN"])
def apart() -> int:
    return 2


@step(settings={"resources": {"memory": "1GB"}})
def large() -> int:
    return 3


@pipeline(dynamic=True, secrets=["ALL"])
def calls() -> None:
    plain()
    apart()
    large()


@pipeline(dynamic=True)
def calls_plain() -> None:
    plain()


@pipeline
def static() -> None:
    apart()


def test_isolated_steps_and_secrets_are_foreseen() -> None:
    found = compile_snapshot(calls, {}, TARGET).pipeline_configuration
    assert found.isolated_steps == ("apart", "large")
    assert found.step_secrets == ("env:ALL", "env:OWN")


def test_there_may_be_none() -> None:
    found = compile_snapshot(calls_plain, {}, TARGET).pipeline_configuration
    assert (found.isolated_steps, found.step_secrets) == ((), ())


def test_of_a_static_pipeline_nothing_needs_to_be_foreseen() -> None:
    found = compile_snapshot(static, {}, TARGET).pipeline_configuration
    assert (found.isolated_steps, found.step_secrets) == ((), ())
