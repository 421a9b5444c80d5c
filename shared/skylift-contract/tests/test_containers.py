from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.containers import check_image_name, command_of, image_of
from skylift_contract.errors import ConfigurationError
from skylift_contract.settings import DockerSettings
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)


def step(invocation: str, name: str, **docker: Any) -> Step:
    return Step(
        spec=StepSpec(invocation_id=invocation, source="m:f"),
        config=StepConfig(name=name, docker_settings=DockerSettings(**docker)),
    )


def snapshot(*steps: Step) -> PipelineSnapshot:
    return PipelineSnapshot(
        project="p",
        pipeline_configuration=PipelineConfiguration(name="nightly", source="m:p"),
        steps=steps,
        runtime=SnapshotRuntime(flavor="f", python="3.12", skylift="0"),
    )


TWICE = snapshot(step("train", "train"), step("train_2", "train"))


@pytest.mark.parametrize("invocation", ["train", "train_2"])
def test_a_step_itself_is_always_clear(invocation: str) -> None:
    assert command_of(TWICE, TWICE.step_configurations[invocation])[-1] == invocation


def test_a_name_that_is_also_an_invocation_never_runs_the_first_twice() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^pipeline 'nightly': 'train' may mean any of the invocations train, train_2, and what "
        r"get_entrypoint_command answers for them differs\. "
        r"Give it the step itself: get_entrypoint_command\(snapshot, step\)\.$",
    ):
        command_of(TWICE, "train")
    assert command_of(TWICE, "train_2")[-1] == "train_2"


def test_an_image_that_all_agree_on_is_the_answer() -> None:
    assert image_of(TWICE, "train") == "python:3.12-slim"


def test_images_that_differ_are_refused_and_each_step_has_its_own() -> None:
    differ = snapshot(step("train", "train", image="a:1"), step("train_2", "train", image="b:1"))
    with pytest.raises(
        ConfigurationError, match=r"train, train_2, and what get_image answers for them differs"
    ):
        image_of(differ, "train")
    assert [image_of(differ, one) for one in differ.steps] == ["a:1", "b:1"]
    assert image_of(differ, "train_2") == "b:1"


NAMES = st.sampled_from(["a", "b", "a_2", "b_2"])


@given(st.dictionaries(NAMES, NAMES, min_size=1), NAMES)
def test_a_command_is_given_where_one_invocation_is_meant(invocations: dict[str, str], asked: str) -> None:
    made = snapshot(*(step(invocation, name) for invocation, name in invocations.items()))
    meant = {invocation for invocation, name in invocations.items() if asked in {invocation, name}}
    if len(meant) == 1:
        assert {command_of(made, asked)[-1]} == meant
    else:
        with pytest.raises(ConfigurationError):
            command_of(made, asked)


@pytest.mark.parametrize(
    "name",
    [
        "python",
        "python:3.11-slim",
        "library/python:3.11",
        "localhost/a",
        "localhost:5000/a/b_c/d__e:V1.2-x",
        "registry:5000/a",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/train@sha256:" + "0a" * 32,
        "europe-west4-docker.pkg.dev/my-project/steps/train:1",
        "Registry.example.com/a",
        "[::1]:5000/a",
    ],
)
def test_names_of_images(name: str) -> None:
    check_image_name(name, "a test")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            "Foo",
            "foo bar",
            "foo:",
            "foo:-1",
            "foo@sha256",
            "foo@sha256:0",
            "/foo",
            "foo/",
            "a//b",
            "a..b",
        ),
        *("https://a/b", "a\n", "a:b:c", "größe", "{{$.x}}", "a" + ":" + "x" * 129),
    ],
)
def test_what_is_none(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^a test: it is no name of an image"):
        check_image_name(name, "a test")


@pytest.mark.parametrize("field", ["image", "parent_image"])
def test_a_steps_image_is_one(field: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"^DockerSettings\.{field}: it is no name of an image \(got 'A B'"
    ):
        DockerSettings.parse({field: "A B"})
