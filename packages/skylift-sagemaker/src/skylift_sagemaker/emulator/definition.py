"""A pipeline's definition document, as far as it can be executed here; the rest is refused: pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from skylift_contract.errors import SkyliftError
from skylift_sagemaker.emulator.expressions import references
from skylift_sagemaker.emulator.model import service, unknown_members, violations
from skylift_testkit.emulator.graph import Graph
from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kind = Literal["Processing", "Training"]

VERSION: Final = "2020-12-01"
_NONE: Final[Mapping[str, Any]] = {}
STEP: Final = frozenset(
    {"Name", "Type", "Arguments", "DependsOn", "RetryPolicies", "DisplayName", "Description", "CacheConfig"}
)
STEP_NAME: Final = re.compile(r"[A-Za-z0-9\-_]{1,64}")
KINDS: Final[Mapping[str, Kind]] = {"Processing": "Processing", "Training": "Training"}
EXECUTION: Final = frozenset(
    {
        "PipelineExecutionArn",
        "PipelineExecutionId",
        "PipelineName",
        "PipelineArn",
        "StartDateTime",
        "CurrentDateTime",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """`arguments`: a CreateProcessingJob or CreateTrainingJob request without the job's name."""

    name: str
    kind: Kind
    arguments: Mapping[str, Any]
    retries: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """`parameters`: each name and its default, None where there is none."""

    steps: Mapping[str, Step]
    parameters: Mapping[str, Any]
    graph: Graph


def parse(text: str) -> Definition:
    """Read a document; raises the service's `ValidationException` where it is none."""
    try:
        told: Any = json.loads(text)
    except ValueError as error:
        raise _refused(f"it is no JSON: {error}") from error
    if not hasattr(told, "keys") or told.get("Version") != VERSION:
        raise _refused(f"Version must be {VERSION}")
    _check_experiment(told.get("PipelineExperimentConfig") or _NONE)
    steps = [_step(step) for step in told.get("Steps") or ()]
    if not steps:
        raise _refused("A pipeline must have at least one step")
    _check_names([step.name for step in steps])
    parameters = {one["Name"]: one.get("DefaultValue") for one in told.get("Parameters") or ()}
    return Definition({step.name: step for step in steps}, parameters, _graph(told["Steps"], parameters))


def _check_experiment(told: Mapping[str, Any]) -> None:
    """The definition's schema is not botocore's, and the names in it are of one of its shapes."""
    shape = service("sagemaker").shape_for("ExperimentEntityName")
    if wrong := [fault for name, value in told.items() for fault in violations(shape, value, name)]:
        raise _refused(f"PipelineExperimentConfig: {'; '.join(wrong)}")


def _step(told: Any) -> Step:
    name = str(told.get("Name"))
    if not STEP_NAME.fullmatch(name):
        raise _refused(f"step name '{name}' does not match {STEP_NAME.pattern}")
    if unknown := sorted(told.keys() - STEP):
        raise _refused(f"step '{name}' has unknown properties {unknown}")
    if told.get("Type") not in KINDS:
        raise _refused(
            f"step '{name}' is of type {told.get('Type')!r}; the emulator executes {', '.join(KINDS)}"
        )
    kind, arguments = KINDS[told["Type"]], told.get("Arguments", _NONE)
    if wrong := list(_wrong(kind, arguments)):
        raise _refused(f"step '{name}': {'; '.join(wrong)}")
    return Step(name, kind, arguments, tuple(told.get("RetryPolicies") or ()))


def _wrong(kind: Kind, arguments: Mapping[str, Any]) -> Iterator[str]:
    shape = service("sagemaker").operation_model(f"Create{kind}Job").input_shape
    # The service gives the job its name, so the document has none.
    named = {**arguments, f"{kind}JobName": arguments.get(f"{kind}JobName", "named-by-the-service")}
    yield from violations(shape, named)
    yield from (f"unknown property {name}" for name in unknown_members(shape, named))


def _check_names(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused(f"step names must be unique, and {twice} are not")


def _graph(steps: list[Any], parameters: Mapping[str, Any]) -> Graph:
    after = {step["Name"]: [*step.get("DependsOn", ()), *_asked(step, parameters)] for step in steps}
    try:
        return Graph(after)
    except SkyliftError as error:
        raise _refused(str(error).rstrip(".")) from error


def _asked(step: Any, parameters: Mapping[str, Any]) -> Iterator[str]:
    """The steps whose results this one asks for: it comes after them, though it does not say so."""
    for reference in references(step.get("Arguments")):
        kind, _, rest = reference.partition(".")
        name = rest.partition(".")[0]
        if kind == "Steps":
            yield name
        elif not (kind == "Execution" and rest in EXECUTION) and not (
            kind == "Parameters" and rest in parameters
        ):
            raise _refused(f"step '{step['Name']}' refers to [{reference}], which is not defined")


def _refused(why: str) -> Refusal:
    return Refusal(400, "ValidationException", f"Unable to parse pipeline definition. {why}.")
