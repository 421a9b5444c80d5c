from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_pipelinespec_documents import document, task

from skylift_contract.errors import CompilationError, ConfigurationError
from skylift_pipelinespec.check import check_document

WHOLE = document(task("load"), task("train", "load", image="other:1"))


def broken(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    found = copy.deepcopy(WHOLE)
    change(found)
    return found


def tasks(found: dict[str, Any]) -> dict[str, Any]:
    return found["root"]["dag"]["tasks"]


def container(found: dict[str, Any], name: str = "exec-1") -> dict[str, Any]:
    return found["deploymentSpec"]["executors"][name]["container"]


def test_a_whole_document_is_taken() -> None:
    check_document(WHOLE)


Change = Callable[[dict[str, Any]], object]

CASES: list[tuple[Change, str]] = [
    (
        lambda d: tasks(d)["train"].update(dependentTasks=["lost"]),
        (
            r"^task 'train': it waits for 'lost', which is no task of its pipeline\. "
            r"The tasks are: load, train\.$"
        ),
    ),
    (
        lambda d: tasks(d)["load"].update(dependentTasks=["train"]),
        r"^task '(load|train)': it waits for itself: .* → .* → .*\. Break the circle\.$",
    ),
    (
        lambda d: tasks(d)["load"].update(dependentTasks=["load"]),
        r"^task 'load': it waits for itself: load → load\. Break the circle\.$",
    ),
    (
        lambda d: d["components"].pop("comp-2"),
        r"^task 'train': its component 'comp-2' is not in the document\.$",
    ),
    (
        lambda d: d["deploymentSpec"]["executors"].pop("exec-2"),
        r"^component 'comp-2': its executor 'exec-2' is not in the document\.$",
    ),
    (
        lambda d: container(d).pop("image"),
        r"^executor 'exec-1': its container has no image\.$",
    ),
    (
        lambda d: container(d).pop("command"),
        r"^executor 'exec-1': its container has no command\.$",
    ),
    (
        lambda d: tasks(d)["load"]["inputs"]["parameters"].pop("run"),
        r"^task 'load': its component takes the parameter 'run', and it gives none\. Add it to its inputs\.$",
    ),
    (
        lambda d: tasks(d)["load"]["inputs"]["parameters"].update(more={}),
        (
            r"^task 'load': it gives the parameter 'more', which its component does not take\. "
            r"Add it to the component's inputDefinitions, or leave it out\.$"
        ),
    ),
    (
        lambda d: container(d).update(args=["{{$.inputs.parameters['depth']}}"]),
        (
            r"^component 'comp-1': its container uses the parameter 'depth', which it does not take\. "
            r"Add it to its inputDefinitions\.$"
        ),
    ),
    (
        lambda d: container(d).update(env=[{"name": "A", "value": "x{{$.inputs.parameters['e']}}"}]),
        r"^component 'comp-1': its container uses the parameter 'e', which it does not take",
    ),
    (lambda d: tasks(d).clear(), r"^pipeline: it has no task\. Call a step in it\.$"),
]


@pytest.mark.parametrize(("change", "sentence"), CASES)
def test_what_does_not_hold_together_is_said(
    change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    with pytest.raises(CompilationError, match=sentence):
        check_document(broken(change))


def test_tasks_that_are_one_to_kfp_are_said() -> None:
    found = broken(lambda d: tasks(d).update({"Load": tasks(d)["load"]}))
    with pytest.raises(
        ConfigurationError, match=r"^task 'Load': it and task 'load' are both 'load' to Kubeflow"
    ):
        check_document(found)


@pytest.mark.parametrize("name", ["", "Daily", "-daily", "daily_run", "d" * 129])
def test_a_pipelines_name_is_one(name: str) -> None:
    expected = (
        rf"^pipelineInfo\.name: it is no name that a pipeline's document may have \(got '{name}', "
        r"limit: 1 to 128 of a-z, 0-9 and -, and no - first\)\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        check_document(broken(lambda d: d["pipelineInfo"].update(name=name)))


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_an_order_is_taken_if_and_only_if_there_is_one(edges: list[tuple[int, int]]) -> None:
    found = document(*(task(f"s{number}") for number in range(8)))
    for before, after in edges:
        tasks(found)[f"s{after}"].setdefault("dependentTasks", []).append(f"s{before}")
    expected = (
        pytest.raises(CompilationError, match="it waits for itself") if has_circle(edges) else nullcontext()
    )
    with expected:
        check_document(found)


def has_circle(edges: list[tuple[int, int]]) -> bool:
    """By taking away what waits for nothing, as long as there is such a one."""
    left, open_edges = set(range(8)), set(edges)
    while free := {one for one in left if all(after != one for _, after in open_edges)}:
        left -= free
        open_edges = {(before, after) for before, after in open_edges if before in left}
    return bool(left)
