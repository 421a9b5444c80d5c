from __future__ import annotations

import json
from typing import Any

import pytest
from sagemaker_cloud import definition, processing, step, training_step

from skylift_sagemaker.emulator.definition import parse
from skylift_testkit.emulator.server import Refusal


def refused(text: str) -> str:
    with pytest.raises(Refusal) as caught:
        parse(text)
    assert (caught.value.status, caught.value.code) == (400, "ValidationException")
    return caught.value.message


def test_steps_come_after_what_they_name_and_what_they_ask_for() -> None:
    asked = {"Get": "Steps.load.ProcessingJobArn"}
    found = parse(
        definition(
            step("score", OF=asked), step("load"), training_step("train"), step("end", after=["train"])
        )
    )
    assert found.graph.after == {"score": ("load",), "load": (), "train": (), "end": ("train",)}
    assert [found.steps[name].kind for name in ("score", "train")] == ["Processing", "Training"]


def test_parameters_have_their_defaults() -> None:
    told = [{"Name": "Depth", "Type": "Integer", "DefaultValue": 6}, {"Name": "Day", "Type": "String"}]
    found = parse(definition(step("a", A={"Get": "Parameters.Day"}), parameters=told))
    assert found.parameters == {"Depth": 6, "Day": None}


LONG = {**processing(), "Environment": {"A": "x" * 257}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "Version must be 2020-12-01"),
        ('{"Version": "2019-01-01"}', "Version must be 2020-12-01"),
        (definition(), "A pipeline must have at least one step"),
        (definition(step("a b")), r"step name 'a b' does not match [A-Za-z0-9\-_]{1,64}"),
        (definition(step("a"), step("a")), "step names must be unique, and ['a'] are not"),
        (definition({**step("a"), "After": []}), "step 'a' has unknown properties ['After']"),
        (
            definition({**step("a"), "Type": "Lambda"}),
            "step 'a' is of type 'Lambda'; the emulator executes Processing, Training",
        ),
        (definition(step("a", after=["b"])), "step 'a': there is no step named 'b'. Known: a."),
        (definition(step("a", after=["a"])), "graph: steps wait for each other: a → a."),
        (
            definition(step("a", A={"Get": "Execution.RunId"})),
            "step 'a' refers to [Execution.RunId], which is not defined",
        ),
        (
            definition(step("a", A={"Get": "Parameters.Day"})),
            "step 'a' refers to [Parameters.Day], which is not defined",
        ),
        (
            definition({**step("a"), "Arguments": {**processing(), "Image": "x"}}),
            "step 'a': unknown property Image",
        ),
        (
            definition({**step("a"), "Arguments": LONG}),
            (
                f"step 'a': Value '{'x' * 257}' at 'environment.A.member' failed to satisfy constraint: "
                "Member must have length less than or equal to 256"
            ),
        ),
    ],
)
def test_what_the_service_refuses(text: str, why: str) -> None:
    assert refused(text) == f"Unable to parse pipeline definition. {why.removesuffix('.')}."


def test_an_experiment_has_a_name_that_the_service_takes() -> None:
    told: dict[str, Any] = json.loads(definition(step("a")))
    told["PipelineExperimentConfig"] = {
        "ExperimentName": "a b",
        "TrialName": {"Get": "Execution.PipelineName"},
    }
    assert refused(json.dumps(told)) == (
        "Unable to parse pipeline definition. PipelineExperimentConfig: Value 'a b' at 'ExperimentName' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}."
    )


def test_a_training_job_must_have_an_output() -> None:
    told: dict[str, Any] = json.loads(definition(training_step("train")))
    del told["Steps"][0]["Arguments"]["OutputDataConfig"]
    assert (
        "Value null at 'outputDataConfig' failed to satisfy constraint: Member must not be null"
        in refused(json.dumps(told))
    )
