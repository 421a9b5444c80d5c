"""Tasks → the PipelineSpec document, as plain data.

Pure: same input, same document; no SDK, clock, environment or log. Components and executors are numbered
in the order of their first use; tasks that differ in their names alone share one.

Source: kubeflow/pipelines, api/v2alpha1/pipeline_spec.proto
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError
from skylift_pipelinespec.check import check_document
from skylift_pipelinespec.names import task_ids
from skylift_pipelinespec.resources import resource_spec
from skylift_pipelinespec.retries import retry_policy
from skylift_pipelinespec.texts import check, literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skylift_pipelinespec.asked import Asked, Reader

SCHEMA_VERSION: Final = "2.1.0"
STEP: Final = "step"
RUN: Final = "run"
"""The parameters of every component: which invocation it is, and of which run."""

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PARAMETERS: Final = {name: {"parameterType": "STRING"} for name in (RUN, STEP)}


def pipeline_spec(name: str, tasks: Sequence[Asked], reader: Reader, made_by: str) -> dict[str, Any]:
    """The document: `components`, `deploymentSpec`, `pipelineInfo`, `root` and versions.

    Args:
        name: For `pipelineInfo.name`.
        tasks: In any order; a task may wait for tasks of these only.
        reader: Who will run it.
        made_by: For `sdkVersion`: who made the document.

    Raises `ConfigurationError` for what would not arrive as it is, `LimitExceeded` for pauses between
    retries, `CompilationError` for what does not hold together.
    """
    ids = task_ids(task.name for task in tasks)
    containers = _Containers(reader)
    dag = {ids[task.name]: _task(task, ids, containers.component_of(task), reader) for task in tasks}
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "sdkVersion": made_by,
        "pipelineInfo": {"name": name},
        "components": containers.components,
        "deploymentSpec": {"executors": containers.executors},
        "root": {"dag": {"tasks": dag}},
    }
    check_document(document)
    return document


def invocations(document: Mapping[str, Any]) -> dict[str, str]:
    """Id of a task → the invocation that it is, of a document that this module made."""
    tasks: Mapping[str, Any] = document["root"]["dag"]["tasks"]
    return {name: str(_constant(task, STEP)) for name, task in tasks.items()}


def _constant(task: Mapping[str, Any], parameter: str) -> Any:
    return task["inputs"]["parameters"][parameter]["runtimeValue"]["constant"]


def _task(task: Asked, ids: Mapping[str, str], component: str, reader: Reader) -> dict[str, Any]:
    """Caching is off by its options being empty: whether a step needs to run is not the platform's to say."""
    check(task.name, f"{_who(task)}, its name")
    given = {RUN: reader.run_id, STEP: task.name}
    found: dict[str, Any] = {
        "componentRef": {"name": component},
        "taskInfo": {"name": ids[task.name]},
        "cachingOptions": {},
        "inputs": {
            "parameters": {name: {"runtimeValue": {"constant": value}} for name, value in given.items()}
        },
    }
    if task.after:
        found["dependentTasks"] = [ids.get(name, name) for name in task.after]
    if task.retry is not None and task.retry.max_retries:
        found["retryPolicy"] = retry_policy(task.retry, reader.retrying_s, _who(task))
    return found


class _Containers:
    """The components of a document, and their executors, each one once."""

    def __init__(self, reader: Reader) -> None:
        self.components: dict[str, Any] = {}
        self.executors: dict[str, Any] = {}
        self._reader = reader
        self._known: dict[object, str] = {}

    def component_of(self, task: Asked) -> str:
        word = _word_of(task)
        rest = [*task.command[:word], *task.command[word + 1 :]] if word >= 0 else task.command
        key = (task.image, word, tuple(rest), tuple(sorted(task.environment.items())), task.resources)
        if key not in self._known:
            self._known[key] = self._add(_container(task, word, self._reader))
        return self._known[key]

    def _add(self, container: dict[str, Any]) -> str:
        number = len(self.components) + 1
        component, executor = f"comp-{number}", f"exec-{number}"
        self.components[component] = {
            "executorLabel": executor,
            "inputDefinitions": {"parameters": dict(_PARAMETERS)},
        }
        self.executors[executor] = {"container": container}
        return component


def _word_of(task: Asked) -> int:
    """Which word of the command is the task's name; -1 where it is none, or has to be spelled out.

    A name with `$(` in it is: what a parameter brings is not escaped.
    """
    places = [place for place, word in enumerate(task.command) if word == task.name]
    is_kept = places and literal(task.name, f"{_who(task)}, its name") == task.name
    return places[-1] if is_kept else -1


def _container(task: Asked, word: int, reader: Reader) -> dict[str, Any]:
    who = _who(task)
    command = [literal(part, f"{who}, a word of its command") for part in task.command]
    if word >= 0:
        command[word] = _input(STEP)
    found: dict[str, Any] = {
        "image": literal(task.image, f"{who}, its image"),
        "command": ["env", f"{reader.variable}={_input(RUN)}", *command],
    }
    if task.environment:
        found["env"] = _environment(task, who)
    if resources := resource_spec(task.resources):
        found["resources"] = resources
    return found


def _environment(task: Asked, who: str) -> list[dict[str, str]]:
    for name in task.environment:
        if not _VARIABLE.fullmatch(name):
            raise ConfigurationError(
                "a pipeline's document takes no variable of this name",
                who=who,
                value=name,
                fix="Use letters, digits and _, and no digit first.",
            )
    return [
        {"name": name, "value": literal(value, f"{who}, variable {name!r}")}
        for name, value in sorted(task.environment.items())
    ]


def _input(parameter: str) -> str:
    return f"{{{{$.inputs.parameters['{parameter}']}}}}"


def _who(task: Asked) -> str:
    return f"step {task.name!r}"
