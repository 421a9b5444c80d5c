"""A step's arguments out of the store, and what it returns into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from skylift import artifacts
from skylift.authoring.parameters import from_json
from skylift.runtime.checks import Shown, check_type
from skylift_contract.errors import DamagedObject, MaterializationError
from skylift_contract.snapshot import ArtifactRef, InputSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.authoring.signature import StepSignature
    from skylift.runtime.active import ActiveRun
    from skylift_contract.snapshot import Step


def load_arguments(run: ActiveRun, step: Step, signature: StepSignature) -> dict[str, Any]:
    """What the function is called with: parameters, and outputs of upstream steps."""
    arguments: dict[str, Any] = {}
    for name, given in signature.inputs.items():
        who = f"run {run.id}, step {step.spec.invocation_id!r}, input {name!r}"
        if name in step.config.parameters:
            arguments[name] = from_json(step.config.parameters[name], given.annotation, who)
        elif isinstance(source := step.spec.inputs.get(name), InputSource):
            arguments[name] = _load(run, source, given.annotation)
            check_type(arguments[name], given.annotation, who)
        elif isinstance(source, ArtifactRef):
            arguments[name] = artifacts.load(run.ledger.store, source, given.annotation, who)
            check_type(arguments[name], given.annotation, who)
        elif source is not None:
            arguments[name] = [_load(run, one, Any) for one in source]
            check_type(arguments[name], given.annotation, who)
    return arguments


def _load(run: ActiveRun, source: InputSource, annotation: Any) -> Any:
    who = f"run {run.id}, step {source.invocation!r}, output {source.output!r}"
    outputs = run.outputs_of(source.invocation)
    if outputs is None or source.output not in outputs:
        raise DamagedObject("it was not committed", who=who, fix="Run the step that makes it first.")
    return artifacts.load(run.ledger.store, outputs[source.output], annotation, who)


def save_outputs(
    run: ActiveRun, step: Step, signature: StepSignature, returned: Any
) -> Mapping[str, ArtifactRef]:
    """Store what a step returned; raises `MaterializationError` for what does not fit."""
    who = f"run {run.id}, step {step.spec.invocation_id!r}"
    values = _by_output(signature, returned, who)
    for output in signature.outputs:
        check_type(values[output.name], output.annotation, f"{who}, output {output.name!r}")
    return {
        output.name: artifacts.save(
            run.ledger.store, values[output.name], output.annotation, f"{who}, output {output.name!r}"
        )
        for output in signature.outputs
    }


def _by_output(signature: StepSignature, returned: Any, who: str) -> dict[str, Any]:
    names = [output.name for output in signature.outputs]
    if not names:
        if returned is not None:
            raise MaterializationError(
                "it returned a value, and is annotated to return None",
                who=who,
                value=Shown.of(returned),
                fix="Annotate what it returns.",
            )
        return {}
    if not signature.returns_many:
        return {names[0]: returned}
    if not isinstance(returned, tuple):
        raise _not_as_many(names, Shown.of(returned), who)
    values = cast("tuple[Any, ...]", returned)
    if len(values) != len(names):
        raise _not_as_many(names, Shown(f"{len(values)}: {Shown.of(values)}"), who)
    return dict(zip(names, values, strict=True))


def _not_as_many(names: list[str], returned: Shown, who: str) -> MaterializationError:
    return MaterializationError(
        f"it is annotated to return {len(names)} outputs ({', '.join(names)})",
        who=who,
        value=returned,
        fix="Return a tuple of that many.",
    )
