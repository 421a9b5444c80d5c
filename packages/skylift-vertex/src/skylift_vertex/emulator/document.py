"""A pipeline job's document as it came, read with KFP's own protos, and refused where it cannot run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import SkyliftError
from skylift_testkit.emulator.graph import Graph
from skylift_vertex.emulator.answers import invalid
from skylift_vertex.emulator.messages import ACCELERATORS, pipeline, shown
from skylift_vertex.emulator.texts import placed, with_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMAS: Final = ("2.0.0", "2.1.0")
MAX_CPU: Final = 96.0
MAX_MEMORY_GB: Final = 624.0
"""Source: cloud.google.com/vertex-ai/docs/pipelines/machine-types"""


@dataclass(frozen=True, slots=True)
class Task:
    """One task, and the container that it runs; `constants`: of its parameters, before anything is placed."""

    name: str
    command: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    constants: Mapping[str, str]
    after: tuple[str, ...]
    retries: int

    def parameters(self, job: Mapping[str, str]) -> dict[str, str]:
        return {name: placed(constant, job) for name, constant in self.constants.items()}


@dataclass(frozen=True, slots=True)
class Document:
    """`name`: of the pipeline."""

    name: str
    tasks: Mapping[str, Task]
    graph: Graph


def read(spec: Any, given: Mapping[str, Any]) -> Document:
    """Read a PipelineSpec, in a Struct; `given`: the values of the pipeline's own parameters.

    Raises the service's refusal.
    """
    document = pipeline("PipelineSpec", shown(spec))
    deployment = pipeline("PipelineDeploymentConfig", shown(document.deployment_spec))
    if document.schema_version not in SCHEMAS:
        raise invalid(f"Unsupported schema version {document.schema_version!r}.")
    if not document.pipeline_info.name:
        raise invalid("pipeline_spec.pipeline_info.name is not set.")
    reader = _Reader(document, deployment, _inputs(document.root, given))
    tasks = {name: reader.task(name, told) for name, told in sorted(document.root.dag.tasks.items())}
    if not tasks:
        raise invalid("pipeline_spec.root.dag.tasks is empty.")
    try:
        graph = Graph({name: task.after for name, task in tasks.items()})
    except SkyliftError as error:
        raise invalid(f"Invalid pipeline_spec: {error}") from error
    return Document(document.pipeline_info.name, tasks, graph)


def _inputs(root: Any, given: Mapping[str, Any]) -> dict[str, str]:
    known = root.input_definitions.parameters
    if unknown := sorted(given.keys() - set(known)):
        raise invalid(f"The pipeline has no input parameters {unknown}.")
    found = {name: given.get(name, shown(told.default_value)) for name, told in known.items()}
    if missing := sorted(name for name, value in found.items() if value is None):
        raise invalid(f"The pipeline's input parameters {missing} have no value.")
    return {name: _text(value) for name, value in found.items()}


class _Reader:
    def __init__(self, document: Any, deployment: Any, inputs: Mapping[str, str]) -> None:
        self._document, self._deployment, self._inputs = document, deployment, inputs

    def task(self, name: str, told: Any) -> Task:
        component = self._document.components.get(told.component_ref.name)
        if component is None:
            raise invalid(f"Task {name!r} has component {told.component_ref.name!r}, which is not there.")
        executor = self._deployment.executors.get(component.executor_label)
        if executor is None or not executor.HasField("container"):
            raise invalid(f"Component {told.component_ref.name!r} has no container.")
        container = executor.container
        _check_container(name, container)
        constants = {
            parameter: self._constant(name, parameter, value)
            for parameter, value in told.inputs.parameters.items()
        }
        known = set(component.input_definitions.parameters)
        if missing := sorted(known - set(constants)):
            raise invalid(f"Task {name!r} gives no value to {missing}.")
        if unknown := sorted(set(constants) - known):
            raise invalid(f"Component {told.component_ref.name!r} has no input parameters {unknown}.")
        command = (*container.command, *container.args)
        for word in command:
            with_inputs(word, constants)
        return Task(
            name=name,
            command=command,
            variables=tuple((one.name, one.value) for one in container.env),
            constants=constants,
            after=tuple(told.dependent_tasks),
            retries=told.retry_policy.max_retry_count,
        )

    def _constant(self, task: str, parameter: str, told: Any) -> str:
        if told.HasField("component_input_parameter"):
            if told.component_input_parameter not in self._inputs:
                raise invalid(f"Task {task!r}: the pipeline has no input {told.component_input_parameter!r}.")
            return self._inputs[told.component_input_parameter]
        if not told.runtime_value.HasField("constant"):
            raise invalid(f"Task {task!r}: parameter {parameter!r} is no constant, which the emulator needs.")
        return _text(shown(told.runtime_value.constant))


def _check_container(task: str, container: Any) -> None:
    if not container.image:
        raise invalid(f"Task {task!r}: the container has no image.")
    if not container.command and not container.args:
        raise invalid(f"Task {task!r}: the emulator has no images, so a container must have a command.")
    resources = container.resources
    if resources.cpu_limit > MAX_CPU or resources.memory_limit > MAX_MEMORY_GB:
        raise invalid(f"Task {task!r}: at most {MAX_CPU:g} CPUs and {MAX_MEMORY_GB:g} GB are supported.")
    kind = resources.accelerator.type
    if kind and kind not in ACCELERATORS:
        raise invalid(f"Task {task!r}: there is no accelerator type {kind!r}.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
