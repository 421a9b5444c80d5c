"""What a file says of a step is what its code could have said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skylift import pipeline, step
from skylift.authoring.options import StepChanges
from skylift.cli.config_file import read_config
from skylift.compiler.changes import check_changes
from skylift.compiler.compile import Target, compile_snapshot
from skylift_contract.errors import AuthoringError, UnknownName

if TYPE_CHECKING:
    from skylift.authoring.pipelines import PipelineFunction
    from skylift.authoring.steps import StepFunction

TARGET = Target(project="demo", flavor="local")


@step
def load() -> int:
    return 1


@step
def train(data: int) -> int:
    return data


CALLED: dict[str, StepFunction[int]] = {}


@pipeline
def flow() -> None:
    CALLED["train"](CALLED["train"](load()))


def digest(made: PipelineFunction, trained: StepFunction[int]) -> str:
    CALLED["train"] = trained
    return compile_snapshot(made, {}, TARGET).digest


RESOURCES = st.fixed_dictionaries(
    {}, optional={"cpu_count": st.integers(1, 64), "memory": st.sampled_from(["8GB", "512MiB"])}
)
OPTIONS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "settings": st.fixed_dictionaries(
            {},
            optional={
                "resources": RESOURCES,
                "docker": st.just({"requirements": ["numpy"]}),
                "orchestrator.vertex": st.just({"spot": True}),
            },
        ),
        "environment": st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["", "x"]), max_size=2),
        "secrets": st.just(["TOKEN"]),
        "retry": st.fixed_dictionaries({"max_retries": st.integers(1, 9)}),
        "timeout": st.integers(1, 10_000) | st.floats(0.5, 100),
        "enable_cache": st.booleans(),
        "cache_policy": st.just({"expires_after": 60}),
        "runtime": st.sampled_from(["inline", "isolated"]),
    },
)


@given(OPTIONS, st.sampled_from(["a.yaml", "a.json"]), st.booleans(), st.booleans())
def test_a_file_and_code_that_say_the_same_make_the_same_snapshot(
    tmp_path_factory: pytest.TempPathFactory,
    options: dict[str, Any],
    name: str,
    is_cached: bool,
    is_tagged: bool,
) -> None:
    said: dict[str, Any] = {"enable_cache": is_cached, "tags": ["x"] if is_tagged else []}
    path = tmp_path_factory.getbasetemp() / name
    whole = {**said, "steps": {"train": options}}
    path.write_text(yaml.safe_dump(whole) if name == "a.yaml" else json.dumps(whole))

    by_file = digest(flow.with_options(**read_config(path).options_of(flow)), train)

    assert by_file == digest(flow.with_options(**said), train.with_options(**options))
    assert (by_file == digest(flow.with_options(**said), train)) is _says_nothing(options, is_cached)


def _says_nothing(options: dict[str, Any], is_cached: bool) -> bool:
    told = {key: value for key, value in options.items() if value not in ({}, {"resources": {}}, "inline")}
    return not {key for key, value in told.items() if key != "enable_cache" or value != is_cached}


def test_settings_are_laid_over_a_steps_own_field_by_field() -> None:
    own = train.with_options(
        settings={"resources": {"cpu_count": 2, "memory": "1GB"}, "docker": {"requirements": ["numpy"]}}
    )
    changes = StepChanges({"settings": {"resources": {"memory": "64GB"}}}, "file")
    CALLED["train"] = own
    (_, found, again) = compile_snapshot(flow.with_options(steps={"train": changes}), {}, TARGET).steps
    for step_ in (found, again):
        assert step_.config.resource_settings.cpu_count == 2
        assert step_.config.resource_settings.memory == "64GB"
        assert step_.config.docker_settings.requirements == ("numpy",)


def test_an_unknown_step_names_the_nearest() -> None:
    CALLED["train"] = train
    changed = flow.with_options(steps={"trian": StepChanges({}, "nightly.yaml, line 3, steps.trian")})
    with pytest.raises(
        UnknownName,
        match=r"^nightly\.yaml, line 3, steps\.trian: there is no step named 'trian'\. Did you mean 'train'\?$",
    ):
        compile_snapshot(changed, {}, TARGET)


def test_steps_of_a_dynamic_pipeline_are_not_known() -> None:
    changed = flow.with_options(dynamic=True, steps={"train": StepChanges({}, "a.yaml, steps.train")})
    with pytest.raises(
        AuthoringError,
        match=r"^a\.yaml, steps\.train: the steps of dynamic pipeline 'flow' are not known before it runs\. "
        r"Set the options with the step\.$",
    ):
        compile_snapshot(changed, {}, TARGET)


@given(OPTIONS)
def test_what_a_step_may_be_given_passes(options: dict[str, Any]) -> None:
    check_changes(StepChanges(options, "file"))
