from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_pipelinespec_documents import (
    CORPUS,
    IMAGE,
    L4,
    READER,
    document,
    expanded,
    parsed,
    task,
    thousand,
)

from skylift_contract.canonical import canonical_json
from skylift_contract.errors import CompilationError, ConfigurationError, LimitExceeded
from skylift_contract.settings import StepRetryConfig
from skylift_pipelinespec.asked import Asked, Resources
from skylift_pipelinespec.document import invocations

GOLDEN = Path(__file__).parent / "golden"
WORDS = st.text("abz_-09 $(){}A'\"", min_size=1, max_size=12).filter(lambda word: "{{$" not in word)


def containers(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["container"] for one in found["deploymentSpec"]["executors"].values()]


def tasks(found: dict[str, Any]) -> dict[str, Any]:
    return found["root"]["dag"]["tasks"]


@pytest.mark.parametrize("name", CORPUS)
def test_a_document_is_as_it_was(name: str) -> None:
    """Goldens: a change of them is a change of what runs, and is read as one."""
    found = document(*CORPUS[name])
    parsed(found)
    assert found == json.loads((GOLDEN / f"{name}.json").read_text())


def test_what_kubeflow_does_not_know_would_be_seen() -> None:
    json_format = pytest.importorskip("google.protobuf.json_format")
    found = document(task("load"))
    containers(found)[0]["images"] = IMAGE
    with pytest.raises(json_format.ParseError, match='no field named "images"'):
        parsed(found)


def test_tasks_that_differ_in_their_names_alone_share_a_component() -> None:
    found = document(*(task(f"s{number}") for number in range(5)))
    assert list(found["components"]) == ["comp-1"]
    assert {one["componentRef"]["name"] for one in tasks(found).values()} == {"comp-1"}
    assert invocations(found) == {f"s{number}": f"s{number}" for number in range(5)}


@pytest.mark.parametrize(
    "asked",
    [
        {"image": "other:1"},
        {"command": ["python", "-m", "other", "b"]},
        {"environment": {"A": "1"}},
        {"resources": Resources(cpu_count=1)},
        {"resources": Resources(memory_bytes=10**9)},
        {"resources": Resources(accelerator=L4)},
    ],
)
def test_what_differs_otherwise_shares_none(asked: dict[str, Any]) -> None:
    found = document(task("a"), task("b", **asked), task("c"))
    assert [one["componentRef"]["name"] for one in tasks(found).values()] == ["comp-1", "comp-2", "comp-1"]


def test_the_run_is_a_parameters_whole_value_and_reaches_the_process_by_env() -> None:
    found = document(task("load"), reader=replace(READER, run_id="{{$.pipeline_job_uuid}}", variable="OWN"))
    given = tasks(found)["load"]["inputs"]["parameters"]
    assert given["run"]["runtimeValue"]["constant"] == "{{$.pipeline_job_uuid}}"
    assert containers(found)[0]["command"][:2] == ["env", "OWN={{$.inputs.parameters['run']}}"]


def test_caching_is_off() -> None:
    assert {name: one["cachingOptions"] for name, one in tasks(document(task("a"), task("b"))).items()} == {
        "a": {},
        "b": {},
    }


def test_variables_have_one_order() -> None:
    one, other = (
        document(task("a", environment=given)) for given in ({"B": "1", "A": "2"}, {"A": "2", "B": "1"})
    )
    assert canonical_json(one) == canonical_json(other)


def test_a_task_that_is_not_to_be_tried_again_says_nothing() -> None:
    found = document(task("a", retry=StepRetryConfig(max_retries=0)), task("b"))
    assert all("retryPolicy" not in one for one in tasks(found).values())


def substituted(found: dict[str, Any], name: str, run: str) -> list[str]:
    """The argv that a task's process is given, by whoever does to the letter what readers do."""
    one = tasks(found)[name]
    given = {key: value["runtimeValue"]["constant"] for key, value in one["inputs"]["parameters"].items()}
    component = found["components"][one["componentRef"]["name"]]
    command = found["deploymentSpec"]["executors"][component["executorLabel"]]["container"]["command"]
    given["run"] = given["run"].replace(READER.run_id, run)
    words = [expanded(word) for word in command]
    for parameter, value in given.items():
        words = [word.replace(f"{{{{$.inputs.parameters['{parameter}']}}}}", value) for word in words]
    return words


@settings(deadline=None)
@given(names=st.lists(WORDS, min_size=1, max_size=6, unique=True), word=WORDS)
def test_every_step_is_given_its_own_words(names: list[str], word: str) -> None:
    """Whatever is in a name or a word of the command, and whether or not tasks share a component."""
    asked = [task(name, command=["python", "-m", word, "--step", name]) for name in names]
    found = document(*asked)
    for own, name in invocations(found).items():
        assert substituted(found, own, "job-1") == ["env", "RUN=job-1", "python", "-m", word, "--step", name]


@pytest.mark.parametrize("name", ["python", "-m", "flow", "env"])
def test_a_step_may_be_named_as_a_word_of_its_command(name: str) -> None:
    found = document(task("load"), task(name))
    (own,) = (key for key, other in invocations(found).items() if other == name)
    assert substituted(found, own, "r") == ["env", "RUN=r", "python", "-m", "flow", name]


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        (task("a", environment={"A": "{{$.pipeline_job_name}}"}), "step 'a', variable 'A'"),
        (task("{{$}}"), "step '{{$}}', its name"),
        (task("a", image="{{$.x}}"), "step 'a', its image"),
        (task("a", command=["sh", '{"Concat": []}']), "step 'a', a word of its command"),
    ],
)
def test_what_would_be_replaced_is_refused(asked: Asked, who: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        document(asked)
    assert caught.value.who == who
    assert str(caught.value).startswith(
        f"{who}: it reads as a placeholder of pipelines, which would be replaced (got "
    )
    assert caught.value.fix == "Rename it, or pass it in a file."


def test_a_variable_without_a_name_of_one_is_refused() -> None:
    expected = (
        r"^step 'a': a pipeline's document takes no variable of this name \(got 'A-B'\)\. "
        r"Use letters, digits and _, and no digit first\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        document(task("a", environment={"A-B": "1"}))


def test_a_pause_that_is_too_long_is_refused() -> None:
    with pytest.raises(LimitExceeded, match=r"^step 'a', StepRetryConfig: a pause between two"):
        document(task("a", retry=StepRetryConfig(max_retries=1, delay=timedelta(seconds=3601))))


def test_a_task_that_is_not_there_cannot_be_waited_for() -> None:
    with pytest.raises(CompilationError, match=r"^task 'b': it waits for 'gone', which is no task of its"):
        document(task("a"), task("b", "gone"))


def test_a_thousand_steps_are_small() -> None:
    """With resources, ten variables and two images: at most 400 kB."""
    found = document(*thousand())
    parsed(found)
    assert len(tasks(found)) == 1000
    assert len(found["components"]) == 2
    assert len(canonical_json(found)) <= 400_000
