"""What of a document none of its readers looks at before it runs.

On any PipelineSpec of containers: it need not be one that was built here.
"""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import CompilationError, ConfigurationError, listed
from skylift_pipelinespec.names import PIPELINE, check_distinct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_USED: Final = re.compile(r"\{\{\$\.inputs\.parameters\['([^']*)'\]\}\}")


def check_document(document: Mapping[str, Any]) -> None:
    """Raise `CompilationError` or `ConfigurationError` for the first thing that does not hold together.

    Looked at, in this order: the pipeline's name; tasks that a reader would take for one another; tasks
    that are waited for and are not there, or that wait for themselves; components and executors that are
    not there, or have no image or command; parameters that are given to nobody, or by nobody.
    """
    tasks: Mapping[str, Any] = document["root"]["dag"]["tasks"]
    _check_name(document["pipelineInfo"]["name"])
    if not tasks:
        raise CompilationError("it has no task", who="pipeline", fix="Call a step in it.")
    check_distinct(tasks)
    _check_order(tasks)
    definitions = {name: _defined(document, name) for name in document["components"]}
    for name, task in tasks.items():
        _check_task(name, task, definitions)


def _check_name(name: str) -> None:
    if not PIPELINE.fullmatch(name):
        raise ConfigurationError(
            "it is no name that a pipeline's document may have",
            who="pipelineInfo.name",
            value=name,
            limit="1 to 128 of a-z, 0-9 and -, and no - first",
        )


def _check_order(tasks: Mapping[str, Any]) -> None:
    after = {name: task.get("dependentTasks", ()) for name, task in tasks.items()}
    for name, others in after.items():
        for other in others:
            if other not in tasks:
                raise CompilationError(
                    f"it waits for {other!r}, which is no task of its pipeline",
                    who=f"task {name!r}",
                    fix=f"The tasks are: {listed(list(tasks))}.",
                )
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        way = " → ".join(error.args[1])
        raise CompilationError(
            f"it waits for itself: {way}", who=f"task {error.args[1][0]!r}", fix="Break the circle."
        ) from None


def _defined(document: Mapping[str, Any], name: str) -> frozenset[str]:
    """The parameters that a component takes; each that its container uses is among them."""
    component: Mapping[str, Any] = document["components"][name]
    label = component["executorLabel"]
    executor = document["deploymentSpec"]["executors"].get(label)
    if executor is None:
        raise CompilationError(f"its executor {label!r} is not in the document", who=f"component {name!r}")
    parameters = frozenset(component.get("inputDefinitions", {}).get("parameters", {}))
    for used in _used(label, executor.get("container", {})):
        if used not in parameters:
            raise CompilationError(
                f"its container uses the parameter {used!r}, which it does not take",
                who=f"component {name!r}",
                fix="Add it to its inputDefinitions.",
            )
    return parameters


def _used(label: str, container: Mapping[str, Any]) -> Iterator[str]:
    """Names of the parameters in its command, arguments and variables."""
    for part in ("image", "command"):
        if not container.get(part):
            raise CompilationError(f"its container has no {part}", who=f"executor {label!r}")
    values = (one["value"] for one in container.get("env", ()))
    for text in (*container["command"], *container.get("args", ()), *values):
        yield from _USED.findall(text)


def _check_task(name: str, task: Mapping[str, Any], definitions: Mapping[str, frozenset[str]]) -> None:
    component = task["componentRef"]["name"]
    if component not in definitions:
        raise CompilationError(f"its component {component!r} is not in the document", who=f"task {name!r}")
    given = frozenset(task.get("inputs", {}).get("parameters", {}))
    if lacking := sorted(definitions[component] - given):
        raise CompilationError(
            f"its component takes the parameter {lacking[0]!r}, and it gives none",
            who=f"task {name!r}",
            fix="Add it to its inputs.",
        )
    if more := sorted(given - definitions[component]):
        raise CompilationError(
            f"it gives the parameter {more[0]!r}, which its component does not take",
            who=f"task {name!r}",
            fix="Add it to the component's inputDefinitions, or leave it out.",
        )
